using System.Security;

namespace NativeAttention.PublicApi.Tests.Packages;

/// <summary>A new project outside the repository that knows our packages and nothing of our build.</summary>
internal sealed class FreshProject
{
    private readonly string _folder;
    private readonly string _packages;

    /// <summary>Makes the folder, with the sources that packages come from.</summary>
    public FreshProject(string name)
    {
        _folder = PackageFeed.NewFolder(name);
        _packages = Path.Combine(_folder, "packages");
        Write("nuget.config", NugetConfig());
        // The nearest ones count: whatever lies above is not ours.
        foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets",
            "Directory.Packages.props"])
        {
            Write(file, "<Project />");
        }
    }

    /// <summary>Where the project's packages were unpacked.</summary>
    public string Packages => _packages;

    /// <summary>Path of a file of the project.</summary>
    public string this[string name] => Path.Combine(_folder, name);

    /// <summary>Writes a file.</summary>
    public void Write(string name, string text) => File.WriteAllText(this[name], text);

    /// <summary>Runs <c>dotnet</c> in the folder.</summary>
    public string Dotnet(params string[] arguments) => Command.Dotnet(_folder, _packages, arguments);

    /// <summary>Runs a program in the folder.</summary>
    public string Run(string program, params string[] arguments) =>
        Command.Run(program, _folder, _packages, arguments);

    // Ours come from the feed alone; their few dependencies from what this machine restored to build the
    // repository, so that the tests need no network.
    private static string NugetConfig() => $"""
        <configuration>
          <packageSources>
            <clear />
            <add key="ours" value="{SecurityElement.Escape(PackageFeed.Folder)}" />
            <add key="machine" value="{SecurityElement.Escape(MachinePackages())}" />
          </packageSources>
          <packageSourceMapping>
            <clear />
            <packageSource key="ours">
              <package pattern="NativeAttention*" />
              <package pattern="nattn" />
            </packageSource>
            <packageSource key="machine"><package pattern="*" /></packageSource>
          </packageSourceMapping>
          <fallbackPackageFolders><clear /></fallbackPackageFolders>
        </configuration>
        """;

    private static string MachinePackages() =>
        Command.Dotnet(SourceTree.Root(), null, "nuget", "locals", "global-packages", "--list")
            .Split(": ", 2)[1].Trim();
}
