using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace NativeAttention.TestHost;

/// <summary>
/// Runs suites in child processes, replaces a child that is lost, and counts. A signal ends it with the count of
/// what was done until then.
/// </summary>
internal sealed class HostRun : IDisposable
{
    // Each failure is told when it happens; the end of the log names only some.
    private const int FailuresNamed = 20;

    private readonly HostCommand _command;
    private readonly TextWriter _log;
    private readonly string _folder = Directory.CreateTempSubdirectory("nattn-tests-").FullName;
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly CancellationTokenSource _stop = new();

    public HostRun(HostCommand command, TextWriter log)
    {
        _command = command;
        _log = log;
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT])
        {
            _signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _stop.Cancel();
            }));
        }
    }

    /// <summary>Runs suites; 0 when every test passed or was skipped, and there was one.</summary>
    public int Run(IReadOnlyList<string> suites)
    {
        List<Journal> journals = [];
        foreach (string suite in suites.TakeWhile(_ => !_stop.IsCancellationRequested))
        {
            long start = Stopwatch.GetTimestamp();
            SuiteRun run = new(suite, _command, Path.Combine(_folder, $"{journals.Count}"), _log, _stop.Token);
            journals.Add(run.Run());
            Say($"{suite}: {Count([journals[^1]])} in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        }

        WriteSummary(journals, suites.Skip(journals.Count));
        Dispose();
        bool passed = journals.All(j => j.Failed.Count == 0 && !j.Missing.Any())
            && journals.Any(j => j.Passed.Count > 0) && journals.Count == suites.Count;
        return passed ? 0 : 1;
    }

    public void Dispose()
    {
        _signals.ForEach(signal => signal.Dispose());
        _signals.Clear();
        _stop.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private void WriteSummary(List<Journal> journals, IEnumerable<string> suitesNotRun)
    {
        foreach (IGrouping<string, string> reason in journals.SelectMany(j => j.Skipped)
            .GroupBy(pair => pair.Value, pair => pair.Key).OrderByDescending(group => group.Count()))
        {
            Say($"skipped {reason.Count()}: {reason.Key}");
        }

        string[] failed = [.. journals.SelectMany(j => j.Failed)];
        foreach (string test in failed.Take(FailuresNamed))
        {
            Say($"failed: {test}");
        }

        if (failed.Length > FailuresNamed)
        {
            Say($"failed: {failed.Length - FailuresNamed} more, see above");
        }

        foreach (string suite in suitesNotRun)
        {
            Say($"stopped before suite {suite}");
        }

        Say(Count(journals));
    }

    private static string Count(IReadOnlyList<Journal> journals)
    {
        int missing = journals.Sum(j => j.Missing.Count());
        return string.Create(CultureInfo.InvariantCulture,
            $"{journals.Sum(j => j.Passed.Count)} passed, {journals.Sum(j => j.Failed.Count)} failed, ")
            + $"{journals.Sum(j => j.Skipped.Count)} skipped" + (missing > 0 ? $", {missing} not run" : "");
    }

    private void Say(FormattableString text) => Say(text.ToString(CultureInfo.InvariantCulture));

    private void Say(string text)
    {
        _log.WriteLine(text);
        _log.Flush();
    }
}
