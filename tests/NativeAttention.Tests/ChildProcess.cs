using System.Diagnostics;

namespace NativeAttention.Tests;

/// <summary>Tests of this assembly in a process of their own, which may have other settings, or die.</summary>
internal sealed record ChildProcess(int ExitCode, string Output)
{
    private const string Variable = "NATTN_TEST_CHILD";

    /// <summary>In a child: what it is for. Otherwise null.</summary>
    public static string? Purpose => Environment.GetEnvironmentVariable(Variable);

    /// <summary>
    /// Runs tests by a part of their full name. Ignores the calling test where that cannot be done, and inside
    /// a child.
    /// </summary>
    public static ChildProcess RunTests(string filter, string purpose,
        params ReadOnlySpan<(string Name, string Value)> environment)
    {
        string assembly = Path.Combine(AppContext.BaseDirectory, "NativeAttention.Tests.dll");
        if (Purpose is not null || !File.Exists(assembly))
        {
            Assert.Ignore("Runs only where it can start this assembly in a process of its own, and not inside one.");
        }

        string self = Environment.ProcessPath ?? "";
        bool testHost = Path.GetFileName(self).StartsWith("NativeAttention.TestHost", StringComparison.Ordinal);
        ProcessStartInfo start = testHost
            ? new(self, ["Core", "--filter", filter])
            : new(Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet",
                ["test", assembly, "--filter", $"FullyQualifiedName~{filter}"]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment[Variable] = purpose;
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return new ChildProcess(child.ExitCode, output + errors.Result);
    }
}
