using System.Diagnostics;
using NativeAttention.Cuda;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Measuring;

/// <summary>
/// Measures launches by pairs of events in their stream. A sample is one or more launches between two events;
/// samples of a group are queued without a wait between them, so that the device never idles.
/// </summary>
internal sealed class LaunchTimer : IDisposable
{
    private const int MostSamples = 64; // of a group
    private const int MostLaunches = 128; // of a sample
    private const int LeastHostLaunches = 5;
    private const int MostHostLaunches = 200;
    private const double HostSeconds = 0.05; // of the device, while the host's time is taken
    private readonly CudaStream _stream;
    private readonly TimingPlan _plan;
    private readonly CudaEvent[] _events;
    private int _turn;

    public LaunchTimer(CudaStream stream, TimingPlan plan)
    {
        _stream = stream;
        _plan = plan;
        _events = [.. Enumerable.Range(0, 2 * MostSamples).Select(_ => stream.Device.CreateEvent())];
    }

    /// <summary>Measures.</summary>
    /// <param name="launch">Puts one launch on a set of tensors into the stream.</param>
    /// <param name="sets">Number of sets; they take turns.</param>
    public LaunchTiming Measure(Action<int> launch, int sets) => MeasureInTurns([(launch, sets)])[0];

    /// <summary>
    /// Measures several that are compared with each other: a group of samples of each, then the next of each.
    /// </summary>
    /// <param name="works">Launches and their sets, as for one.</param>
    public IReadOnlyList<LaunchTiming> MeasureInTurns(IReadOnlyList<(Action<int> Launch, int Sets)> works)
    {
        double[] estimates = [.. works.Select(w => WarmUp(w.Launch, w.Sets))];
        List<double[]>[] groups = [.. works.Select(_ => new List<double[]>())];
        for (int turn = 0; turn < _plan.Repeats; turn++)
        {
            for (int i = 0; i < works.Count; i++)
            {
                groups[i].Add(Group(works[i].Launch, works[i].Sets, estimates[i]));
            }
        }

        return [.. works.Select((w, i) => Timing(groups[i], HostCost(w.Launch, w.Sets, estimates[i])))];
    }

    private static LaunchTiming Timing(List<double[]> groups, (double Seconds, double Bytes) host)
    {
        double[] all = [.. groups.SelectMany(g => g)];
        Timing seconds = new()
        {
            Median = Quantiles.Median(all),
            Min = all.Min(),
            P10 = Quantiles.Of(all, 0.1),
            P90 = Quantiles.Of(all, 0.9),
            Samples = all.Length,
        };
        return new LaunchTiming(
            seconds, Quantiles.Spread([.. groups.Select(Quantiles.Median)]), host.Seconds, host.Bytes);
    }

    /// <summary>Time of one launch, with nothing before it.</summary>
    public double Once(Action launch) => Group(_ => launch(), 1, 1, 1)[0];

    public void Dispose()
    {
        foreach (CudaEvent mark in _events)
        {
            mark.Dispose();
        }
    }

    // Every set once, then for a quarter of the budget: caches, clocks and first-use costs settle.
    private double WarmUp(Action<int> launch, int sets)
    {
        double estimate = Group(launch, sets, sets, 1)[0];
        int more = (int)Math.Min(0.25 * _plan.Budget.TotalSeconds / estimate, 1000);
        return more > 0 ? Group(launch, sets, more, 1)[0] : estimate;
    }

    // As long as a turn may take.
    private double[] Group(Action<int> launch, int sets, double estimate)
    {
        int launches = (int)Math.Clamp(Math.Ceiling(_plan.MinSample.TotalSeconds / estimate), 1, MostLaunches);
        double turn = _plan.Budget.TotalSeconds / _plan.Repeats;
        int samples = (int)Math.Clamp(turn / (estimate * launches), _plan.MinSamples, MostSamples);
        return Group(launch, sets, launches, samples);
    }

    private double[] Group(Action<int> launch, int sets, int launches, int samples)
    {
        for (int s = 0; s < samples; s++)
        {
            _events[2 * s].Record(_stream);
            for (int i = 0; i < launches; i++)
            {
                launch(_turn++ % sets);
            }

            _events[(2 * s) + 1].Record(_stream);
        }

        _stream.Synchronize();
        return [.. Enumerable.Range(0, samples).Select(s =>
            _events[(2 * s) + 1].ElapsedSince(_events[2 * s]).TotalSeconds / launches)];
    }

    // Few enough launches that the queue of the stream never fills and makes the host wait.
    private (double Seconds, double Bytes) HostCost(Action<int> launch, int sets, double estimate)
    {
        double[] seconds = new double[(int)Math.Clamp(HostSeconds / estimate, LeastHostLaunches, MostHostLaunches)];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < seconds.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            launch(_turn++ % sets);
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        _stream.Synchronize();
        return (Quantiles.Median(seconds), (double)bytes / seconds.Length);
    }
}
