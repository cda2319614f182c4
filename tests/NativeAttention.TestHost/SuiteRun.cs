using System.Diagnostics;

namespace NativeAttention.TestHost;

/// <summary>Runs one suite to its end, in as many child processes as that takes.</summary>
internal sealed class SuiteRun
{
    // Tests that may lose a context look for it: without it they are skipped on a GPU.
    private const string OwnProcess = "NATTN_OWN_PROCESS";

    private const int Terminated = 128 + 15;

    private readonly string _suite;
    private readonly HostCommand _command;
    private readonly string _path;
    private readonly TextWriter _log;
    private readonly CancellationToken _stop;
    private readonly Journal _journal;

    public SuiteRun(string suite, HostCommand command, string path, TextWriter log, CancellationToken stop)
    {
        _suite = suite;
        _command = command;
        _path = path;
        _log = log;
        _stop = stop;
        _journal = new Journal(path);
    }

    public Journal Run()
    {
        int done;
        do
        {
            done = _journal.Done;
            RunChild(alone: null);
        }
        while (!_journal.Ended && _journal.Done > done && !_stop.IsCancellationRequested);

        if (!_journal.Ended && !_stop.IsCancellationRequested)
        {
            Fail(_suite, "the suite cannot be run to its end");
        }

        foreach (string test in _journal.Alone.Where(t => !_journal.IsDone(t)).ToArray())
        {
            if (!_stop.IsCancellationRequested)
            {
                RunChild(test);
            }
        }

        return _journal;
    }

    private void RunChild(string? alone)
    {
        using Process child = Start(alone);
        string? end = Wait(child);
        if (child.ExitCode == Terminated)
        {
            // Whoever ends a process group ends the child too, perhaps before us.
            _stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
        }

        _journal.Read();
        if (_journal.Ended || _journal.LostContext || _stop.IsCancellationRequested)
        {
            return;
        }

        end ??= $"the process ended with code {child.ExitCode}";
        string[] running = alone is null ? [.. _journal.Running] : [alone];
        foreach (string test in running.Length > 0 ? running : [$"{_suite}, between two tests"])
        {
            Fail(test, end);
        }
    }

    private Process Start(string? alone)
    {
        string self = Environment.ProcessPath!;
        ProcessStartInfo start = new(self);
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
        {
            start.ArgumentList.Add(typeof(SuiteRun).Assembly.Location);
        }

        string[] arguments = [_suite, "--journal", _path, .. (string[])(_command.Filter.Length > 0
            ? ["--filter", _command.Filter] : [])];
        Array.ForEach(arguments, start.ArgumentList.Add);
        if (alone is not null)
        {
            start.ArgumentList.Add("--alone");
            start.ArgumentList.Add(alone);
            start.Environment[OwnProcess] = "1";
        }

        return Process.Start(start)!;
    }

    // Null when the child ended by itself, else why it was killed.
    private string? Wait(Process child)
    {
        long length = 0;
        long quietSince = Stopwatch.GetTimestamp();
        while (!child.WaitForExit(TimeSpan.FromMilliseconds(100)))
        {
            long now = File.Exists(_path) ? new FileInfo(_path).Length : 0;
            if (now != length)
            {
                length = now;
                quietSince = Stopwatch.GetTimestamp();
            }

            bool quiet = Stopwatch.GetElapsedTime(quietSince) > _command.QuietLimit;
            if (quiet || _stop.IsCancellationRequested)
            {
                child.Kill(entireProcessTree: true);
                child.WaitForExit();
                return $"nothing ended within {_command.QuietLimit.TotalSeconds:F0} s";
            }
        }

        return null;
    }

    private void Fail(string test, string why)
    {
        _journal.Fail(test);
        _log.WriteLine($"FAILED {test}\n{why}");
        _log.Flush();
    }
}
