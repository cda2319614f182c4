using System.Reflection;

namespace NativeAttention.PublicApi.Tests.Packages;

/// <summary>
/// All our packages, made of the assemblies under test, in a folder outside the repository.
/// </summary>
[SetUpFixture]
public sealed class PackageFeed
{
    /// <summary>The names of the packages.</summary>
    public static readonly string[] Names =
    [
        "NativeAttention", "NativeAttention.Bindings", "NativeAttention.Cuda", "NativeAttention.Emulator",
        "nattn",
    ];

    private static string? s_folder;

    /// <summary>Configuration in which the assemblies were built.</summary>
    public static string Configuration { get; } = typeof(PackageFeed).Assembly
        .GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    /// <summary>The folder with the packages.</summary>
    public static string Folder => Path.Combine(s_folder!, "feed");

    /// <summary>The packages that were made, sorted by name.</summary>
    public static string[] Files =>
        [.. Directory.GetFiles(Folder, "*.nupkg").Order(StringComparer.OrdinalIgnoreCase)];

    /// <summary>The one version of all packages.</summary>
    public static string Version => Path.GetFileNameWithoutExtension(Files[0])[(Id(Files[0]).Length + 1)..];

    /// <summary>Path of a package.</summary>
    public static string Find(string name) => Path.Combine(Folder, $"{name}.{Version}.nupkg");

    /// <summary>A new folder for a project that uses the packages.</summary>
    public static string NewFolder(string name) =>
        Directory.CreateDirectory(Path.Combine(s_folder!, name)).FullName;

    [OneTimeSetUp]
    public void Pack()
    {
        string root = SourceTree.Root();
        _ = DotnetRoot.Folder();
        s_folder = Directory.CreateTempSubdirectory("nattn-packages-").FullName;
        Command.Dotnet(root, null, "pack", "NativeAttention.sln", "-c", Configuration, "--no-build",
            "-v", "quiet", "--nologo", $"-p:PackageOutputPath={Folder}");
    }

    [OneTimeTearDown]
    public void Delete()
    {
        if (s_folder is not null)
        {
            Directory.Delete(s_folder, recursive: true);
        }
    }

    private static string Id(string file) =>
        string.Join('.', Path.GetFileName(file).Split('.').TakeWhile(part => !char.IsAsciiDigit(part[0])));
}
