using NativeAttention.Benchmarks.Probes;
using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>The probes between the turns of a run, under the same conditions as what they bound.</summary>
internal sealed class ProbeTurns : IDisposable
{
    private readonly (Probe Probe, Sampler Sampler, Samples Times, List<double> Pass)[] _probes;

    /// <summary>Makes the probes ready.</summary>
    public ProbeTurns(Pinning? pinning)
    {
        _probes = [.. Probe.All.DistinctBy(p => (p.Name, p.Threads))
            .Select(p => (p, new Sampler(() => p.Run(), pinning), new Samples(), new List<double>()))];
        foreach ((Probe probe, _, _, _) in _probes)
        {
            probe.Prepare();
        }
    }

    /// <summary>Takes a sample of each.</summary>
    public void Measure(double seconds)
    {
        foreach ((_, Sampler sampler, _, List<double> pass) in _probes)
        {
            pass.Add(sampler.Measure(seconds).Seconds);
        }
    }

    /// <summary>Ends a pass.</summary>
    public void EndPass()
    {
        foreach ((_, _, Samples times, List<double> pass) in _probes)
        {
            times.Add(pass);
            pass.Clear();
        }
    }

    /// <summary>The lines of results.</summary>
    public IEnumerable<CeilingLine> Lines() => _probes.Select(p => p.Probe.Line(p.Times));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Probe probe, _, _, _) in _probes)
        {
            probe.Release();
        }
    }
}
