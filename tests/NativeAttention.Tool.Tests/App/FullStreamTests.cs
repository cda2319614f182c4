using System.Text;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.App;

/// <summary>Standard output on a full disk, or closed: one line, an exit code, no stack trace.</summary>
public class FullStreamTests
{
    [TestCase(ExitCodes.Failure, "--help")]
    [TestCase(ExitCodes.Failure, "--version")]
    [TestCase(ExitCodes.Failure, "info")]
    [TestCase(ExitCodes.Failure, "info", "--json")]
    [TestCase(ExitCodes.BadInput, "frobnicate", "--json")]
    public void A_full_standard_output_is_one_line(int exitCode, params string[] arguments)
    {
        using FullWriter output = new();
        using StringWriter error = new();
        Assert.That(Run(output, error, arguments), Is.EqualTo(exitCode));
        Assert.That(error.ToString(), Does.StartWith("nattn: "));
        Assert.That(error.ToString().AsSpan().Count('\n'), Is.EqualTo(1));
    }

    [Test]
    public void A_full_standard_error_leaves_the_exit_code()
    {
        using FullWriter error = new();
        using StringWriter output = new();
        Assert.That(Run(output, error, "frobnicate", "--verbose"), Is.EqualTo(ExitCodes.BadInput));
    }

    private static int Run(TextWriter output, TextWriter error, params string[] arguments) =>
        new NattnApp(new ToolConsole(output, error, ErrorIsTerminal: false), new ToolEnvironment(null),
            FakeDevices.WithCpu()).Run(arguments);

    private sealed class FullWriter : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException("No space left on device");
    }
}
