using System.Text.Json;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Tests.Support;

/// <summary>What one call of the program, made in this process, returned and wrote.</summary>
internal sealed record ToolResult(int ExitCode, string Out, string Error)
{
    /// <summary>Standard output as the one JSON document it must be.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    public static ToolResult Of(IDeviceCatalog devices, params string[] arguments) =>
        Of(devices, null, arguments);

    public static ToolResult Of(IDeviceCatalog devices, string? deviceVariable, string[] arguments)
    {
        using StringWriter output = new(), error = new();
        NattnApp app = new(new ToolConsole(output, error, ErrorIsTerminal: false),
            new ToolEnvironment(deviceVariable), devices);
        int exitCode = app.Run(arguments);
        return new ToolResult(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>
    /// Asserts a failure: exit code, one line on standard error with a text in it, nothing on the other.
    /// </summary>
    public void AssertFailed(int exitCode, string message)
    {
        Assert.That(Error, Does.Contain(message));
        Assert.That(Error, Does.StartWith("nattn: ").And.EndsWith("\n"));
        Assert.That(Error.AsSpan().Count('\n'), Is.EqualTo(1), "a failure is one line");
        Assert.That(ExitCode, Is.EqualTo(exitCode));
        Assert.That(Out, Is.Empty);
    }
}
