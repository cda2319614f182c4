using System.Diagnostics;

namespace NativeAttention.PublicApi.Tests.Packages;

/// <summary>A program started as a user would, untouched by the build that runs these tests.</summary>
internal static class Command
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs <c>dotnet</c> and returns its standard output; fails the test when it fails.</summary>
    public static string Dotnet(string folder, string? packages, params string[] arguments) =>
        Run(Path.Combine(DotnetRoot.Folder(), "dotnet"), folder, packages, arguments);

    /// <summary>Runs a program and returns its standard output; fails the test when it fails.</summary>
    /// <param name="program">Path of the program.</param>
    /// <param name="folder">Where it runs.</param>
    /// <param name="packages">Folder for NuGet's packages; null for the one of this machine.</param>
    /// <param name="arguments">Its arguments.</param>
    public static string Run(string program, string folder, string? packages, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        SetEnvironment(start.Environment, packages);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        bool ended = process.WaitForExit(Limit);
        if (!ended)
        {
            process.Kill(entireProcessTree: true);
        }

        string what = $"{Path.GetFileName(program)} {string.Join(' ', arguments)}";
        Assert.That(ended, $"{what} did not end within {Limit}.");
        Assert.That(process.ExitCode, Is.Zero, $"{what}\n{output.Result}\n{error.Result}");
        return output.Result;
    }

    // 'dotnet test' and CI steer MSBuild by variables, which every MSBuild below them would obey.
    private static void SetEnvironment(IDictionary<string, string?> environment, string? packages)
    {
        string[] foreign = [.. environment.Keys.Where(k =>
            k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
            || k.StartsWith("Restore", StringComparison.OrdinalIgnoreCase)
            || k.Equals("CI", StringComparison.OrdinalIgnoreCase))];
        foreach (string name in foreign)
        {
            environment.Remove(name);
        }

        environment["DOTNET_ROOT"] = DotnetRoot.Folder();
        environment["MSBUILDDISABLENODEREUSE"] = "1"; // a node that stays holds files of the folder
        if (packages is not null)
        {
            environment["NUGET_PACKAGES"] = packages;
        }
    }
}
