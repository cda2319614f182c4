using System.Diagnostics;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>
/// Times runs in short samples. Each begins with a run that does not count, which brings memory into caches
/// and threads out of their sleep; how many count follows from the sample before.
/// </summary>
/// <param name="run">What is measured.</param>
/// <param name="pinning">Pins threads before they are timed; null to leave them where they are.</param>
internal sealed class Sampler(Action run, Pinning? pinning)
{
    private const int MostRuns = 1 << 20;
    private const int Long = 4; // samples; a run as long as that needs no other one before it
    private int _runs = 1;
    private double _runSeconds;

    /// <summary>Measures for about so long, or one run if that takes longer.</summary>
    public Sample Measure(double seconds)
    {
        if (_runSeconds < Long * seconds)
        {
            run();
        }

        pinning?.Apply();
        int runs = _runs;
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs; i++)
        {
            run();
        }

        double elapsed = Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-9);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        _runSeconds = elapsed / runs;
        _runs = (int)Math.Clamp(runs * seconds / elapsed, 1, MostRuns);
        return new Sample(_runSeconds, (double)allocated / runs);
    }
}
