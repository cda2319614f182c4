using System.Diagnostics;

namespace NativeAttention.Bundle.Tests;

/// <summary>A program that was started, and what it said.</summary>
internal sealed class Script
{
    private readonly Process _process;
    private readonly Task<string> _error, _output;

    private Script(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync();
        _output = _process.StandardOutput.ReadToEndAsync();
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

    /// <summary>Sends SIGTERM.</summary>
    public void Terminate()
    {
        using Process kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits until it has ended; a minute at most.</summary>
    public (int ExitCode, string Output) Wait()
    {
        if (!_process.WaitForExit(TimeSpan.FromMinutes(1)))
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail("did not end within a minute");
        }

        string text = _output.Result + _error.Result;
        TestContext.Out.WriteLine(text);
        return (_process.ExitCode, text);
    }
}
