using System.Diagnostics;
using System.Text;

namespace NativeAttention.Bundle.Tests;

/// <summary>A program that was started, and what it said.</summary>
internal sealed class Script
{
    // These machines may be busy.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly StringBuilder _text = new();

    private Script(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Add;
        _process.ErrorDataReceived += Add;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static Script Start(string program, IEnumerable<string> arguments,
        params ReadOnlySpan<(string Name, string Value)> environment)
    {
        ProcessStartInfo start = new(program, arguments);
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return new Script(start);
    }

    /// <summary>Waits until it has said something.</summary>
    public void WaitFor(string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (!Text().Contains(text, StringComparison.Ordinal))
        {
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(Patience), $"still has not said '{text}'");
            Thread.Sleep(50);
        }
    }

    /// <summary>Sends SIGTERM.</summary>
    public void Terminate()
    {
        using Process kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits until it has ended.</summary>
    public (int ExitCode, string Output) Wait()
    {
        if (!_process.WaitForExit(Patience))
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"did not end; it said {Text()}");
        }

        _process.WaitForExit(); // for the rest of the output too
        TestContext.Out.WriteLine(Text());
        return (_process.ExitCode, Text());
    }

    private string Text()
    {
        lock (_text)
        {
            return _text.ToString();
        }
    }

    private void Add(object sender, DataReceivedEventArgs line)
    {
        lock (_text)
        {
            _text.Append(line.Data).Append('\n');
        }
    }
}
