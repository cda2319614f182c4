using System.Diagnostics;
using NativeAttention.Bindings;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.DeviceBenchmarks.Devices;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.DeviceBenchmarks.Probes;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.App;

/// <summary>One run on one device: ceilings, then case after case, each written when it is done.</summary>
internal sealed class BenchmarkRun
{
    private const double BusySeconds = 1;
    private readonly BenchmarkOptions _options;
    private readonly DeviceName _name;
    private readonly ResultTable _table;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly DateTime _started = DateTime.UtcNow;

    public BenchmarkRun(TextWriter output, BenchmarkOptions options, DeviceName name)
    {
        _options = options;
        _name = name;
        _table = new ResultTable(output);
    }

    /// <summary>Runs.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    /// <exception cref="ToolException">Bad case files, no case left by the filter, no device.</exception>
    public int Run()
    {
        IReadOnlyList<BenchmarkCase> cases = CaseFiles.Read(_options.Cases ?? CaseFiles.DefaultFolder);
        MeasuringSession session = MeasuringSession.Open(_name, _options.Mode);
        try
        {
            cases = Chosen(cases, session.Device.IsEmulated ? BenchmarkOptions.Tiny : _options.Mode);
            using ResultWriter? writer = _options.Out is { } path ? new ResultWriter(path) : null;
            Open(ref session, writer);
            bool failed = false;
            for (int i = 0; i < cases.Count; i++)
            {
                failed |= !Write(writer, cases[i], Measure(ref session, cases[i]));
            }

            return failed ? ExitCodes.CheckFailed : ExitCodes.Ok;
        }
        finally
        {
            session.Dispose();
        }
    }

    // What a case gave, and what it should have; false when something failed.
    private bool Write(ResultWriter? writer, BenchmarkCase problem, IReadOnlyList<MeasurementLine> lines)
    {
        foreach (MeasurementLine line in lines)
        {
            writer?.Append(line);
            _table.Write(line);
        }

        bool failed = lines.Any(l => l.Status == ResultStatus.Failed);
        foreach (GoalLine goal in failed ? [] : CaseMeter.FamilyOf(problem).Goals(problem))
        {
            writer?.Append(goal);
        }

        return !failed;
    }

    private BenchmarkCase[] Chosen(IReadOnlyList<BenchmarkCase> cases, string mode)
    {
        foreach (BenchmarkCase problem in cases)
        {
            CaseMeter.FamilyOf(problem);
        }

        BenchmarkCase[] chosen = [.. cases.Where(c => c.Modes.Contains(mode)
            && c.Id.Contains(_options.Filter ?? "", StringComparison.Ordinal))];
        return chosen.Length > 0 ? chosen : throw ToolException.BadInput(
            $"no case of mode {mode} has '{_options.Filter}' in its name");
    }

    // The line that opens the run tells clocks and launch cost, so both are measured before it is written.
    private void Open(ref MeasuringSession session, ResultWriter? writer)
    {
        List<Ceiling> ceilings = [];
        LaunchTiming? launch = null;
        BusyClocks? clocks = null;
        try
        {
            CeilingMeter meter = new(session.Bench, session.Facts, session.Timer);
            launch = meter.MeasureLaunch();
            ceilings.AddRange(meter.Measure());
            clocks = Clocks(session, meter);
        }
        catch (CudaException e)
        {
            ceilings.Add(new Ceiling("all others", 0, 0, e.Message));
            session = Reopened(session);
        }
        catch (IOException e)
        {
            ceilings.Add(new Ceiling("all others", 0, 0, e.Message));
        }

        RunLine run = RunHeader.Of(session, _options, _started, clocks, launch);
        writer?.Append(run);
        _table.Write(run);
        foreach (Ceiling ceiling in ceilings)
        {
            _table.Write(ceiling);
            if (ceiling.Reason is null)
            {
                writer?.Append(ceiling.ToLine());
            }
        }
    }

    private BusyClocks? Clocks(MeasuringSession session, CeilingMeter meter)
    {
        if (session.Device.IsEmulated)
        {
            return null;
        }

        using IDisposable busy = meter.Busy(BusySeconds);
        return BusyClocks.TryRead(_name.Ordinal);
    }

    private IReadOnlyList<MeasurementLine> Measure(ref MeasuringSession session, BenchmarkCase problem)
    {
        CaseMeter meter = new(session);
        if (Stopwatch.GetElapsedTime(_start) > _options.TimeLimit)
        {
            return [CaseMeter.Missing(problem, meter.Provider, ResultStatus.Skipped,
                $"the time limit of {_options.TimeLimit.Value.TotalSeconds:F0} s was reached")];
        }

        IReadOnlyList<MeasurementLine> lines = meter.Measure(problem);
        if (meter.LostContext)
        {
            session = Reopened(session);
        }

        return lines;
    }

    private MeasuringSession Reopened(MeasuringSession lost)
    {
        lost.Dispose();
        return MeasuringSession.Open(_name, _options.Mode);
    }
}
