using NativeAttention.Tool.App;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

public class CommandLineTests
{
    [TestCase("--help")]
    [TestCase("-h")]
    [TestCase]
    public void The_help_lists_commands_and_exit_codes(params string[] arguments)
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), arguments);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok));
        Assert.That(result.Error, Is.Empty);
        foreach (string text in new[] { "demo", "info", "run", "verify", "emulate", "report", "--json", "--verbose", "--progress",
            "0  everything was done", "1  a check failed", "2  bad usage or bad input",
            "3  the device is not available",
            "4  failure while running", "5  the PTX file does not load", "NATTN_DEVICE is the default of --device" })
        {
            Assert.That(result.Out, Does.Contain(text));
        }
    }

    [TestCase("info")]
    [TestCase("run")]
    [TestCase("verify")]
    [TestCase("demo")]
    [TestCase("emulate [<FILE>]")]
    [TestCase("report <results>...")]
    public void Every_command_has_help(string command)
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), command.Split(' ')[0], "--help");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok));
        Assert.That(result.Out, Does.Contain($" {command} [options]").And.Contain("--json"));
    }

    [Test]
    public void The_version_is_shown() =>
        Assert.That(ToolResult.Of(FakeDevices.WithCpu(), "--version").Out, Does.Match(@"^\d+\.\d+\.\d+"));

    [TestCase(new[] { "frobnicate" }, "'frobnicate'")]
    [TestCase(new[] { "info", "extra" }, "Unrecognized command or argument 'extra'")]
    [TestCase(new[] { "--json" }, "Required command was not provided")]
    [TestCase(new[] { "verify", "--seed", "x" }, "--seed is 'x'; allowed are whole numbers")]
    [TestCase(new[] { "info", "@missing" }, "Unrecognized command or argument '@missing'")]
    public void Bad_usage_is_one_line_and_code_2(string[] arguments, string message)
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), arguments);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.BadInput));
        Assert.That(result.Error, Does.StartWith("nattn: ").And.Contain(message).And.Contain("(see --help)"));
        Assert.That(result.Error.AsSpan().Count('\n'), Is.EqualTo(1));
    }
}
