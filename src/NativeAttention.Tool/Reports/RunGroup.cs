using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>
/// What belongs together: every run of one folder with one commit on one device of one machine, whoever wrote
/// it, so that a peer's figures meet ours.
/// </summary>
internal sealed class RunGroup
{
    private RunGroup(string path, IReadOnlyList<ResultRun> runs)
    {
        Path = path;
        Runs = runs;
        Measurements = [.. runs.SelectMany(r => r.Measurements).GroupBy(m => (m.Case, m.Provider))
            .Select(g => g.Last())];
        Ceilings = [.. runs.SelectMany(r => r.Ceilings).GroupBy(c => (c.Name, c.Threads, c.Provider))
            .Select(g => g.Last())];
        Kernels = [.. runs.SelectMany(r => r.Kernels).GroupBy(k => (k.Name, k.Target, k.Source))
            .Select(g => g.Last())];
        Repeated = runs.Sum(r => r.Measurements.Count()) - Measurements.Count;
    }

    /// <summary>The file of the first run.</summary>
    public string Path { get; }

    /// <summary>The runs, in the order they were stored.</summary>
    public IReadOnlyList<ResultRun> Runs { get; }

    /// <summary>The first run, for what all have in common.</summary>
    public RunLine First => Runs[0].Run;

    /// <summary>When the first run began.</summary>
    public DateTime Date => Runs.Min(r => r.Run.Date);

    /// <summary>Which kind of device it is.</summary>
    public DeviceKind Kind => First.Device switch
    {
        "cpu" => DeviceKind.Cpu,
        "emulator" => DeviceKind.Emulator,
        _ => DeviceKind.Cuda,
    };

    /// <summary>The measurements; the last one where a provider measured a case more than once.</summary>
    public IReadOnlyList<MeasurementLine> Measurements { get; }

    /// <summary>How many measurements a later one replaces.</summary>
    public int Repeated { get; }

    /// <summary>The kernels.</summary>
    public IReadOnlyList<KernelLine> Kernels { get; }

    /// <summary>The goals, each once.</summary>
    public IEnumerable<GoalLine> Goals => Runs.SelectMany(r => r.Goals).Distinct();

    /// <summary>The ceilings; the last one where one was measured more than once.</summary>
    public IReadOnlyList<CeilingLine> Ceilings { get; }

    /// <summary>What was counted; the last of each case.</summary>
    public IReadOnlyList<TrafficLine> Traffic =>
        [.. Runs.SelectMany(r => r.Traffic).GroupBy(t => t.Case).Select(g => g.Last())];

    /// <summary>The steps.</summary>
    public IEnumerable<StepLine> Steps => Runs.SelectMany(r => r.Steps);

    /// <summary>Whether any code of ours was measured.</summary>
    public bool HasOurs => Measurements.Any(m => m is { IsOurs: true, Status: ResultStatus.Ok });

    /// <summary>Sorts the runs of files into groups, in the order of their first runs.</summary>
    public static IReadOnlyList<RunGroup> Of(IEnumerable<ResultFile> files) =>
        [.. files.SelectMany(f => f.Runs.Select(r => (f.Path, Run: r)))
            .GroupBy(r => (Folder: System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(r.Path)),
                r.Run.Run.Machine, r.Run.Run.Device, r.Run.Run.Commit))
            .Select(g => new RunGroup(g.First().Path, [.. g.Select(r => r.Run)]))];
}
