using NativeAttention.Tool.App;

namespace NativeAttention.Tool.Tests.App;

public class ProgressReporterTests
{
    [Test]
    public void A_terminal_sees_one_line_that_is_rewritten_and_cleared() =>
        Assert.That(Report(terminal: true, always: false, logging: false),
            Is.EqualTo("\r[1/2] a longer text\r[2/2] short        \r" + new string(' ', 11) + "\r"));

    [Test]
    public void A_terminal_with_logs_sees_lines() =>
        Assert.That(Report(terminal: true, always: false, logging: true),
            Is.EqualTo("[1/2] a longer text\n[2/2] short\n"));

    [Test]
    public void A_file_sees_nothing() =>
        Assert.That(Report(terminal: false, always: false, logging: false), Is.Empty);

    [Test]
    public void A_file_sees_lines_when_asked_for() =>
        Assert.That(Report(terminal: false, always: true, logging: false),
            Is.EqualTo("[1/2] a longer text\n[2/2] short\n"));

    private static string Report(bool terminal, bool always, bool logging)
    {
        using StringWriter writer = new();
        ProgressReporter progress = ProgressReporter.Create(
            new ToolConsole(TextWriter.Null, writer, terminal), always, logging);
        progress.Report(1, 2, "a longer text");
        progress.Report(2, 2, "short");
        progress.Clear();
        progress.Clear();
        return writer.ToString();
    }
}
