using BenchmarkDotNet.Attributes;
using NativeAttention.Benchmarks.Probes;

namespace NativeAttention.Benchmarks;

/// <summary>What the processor can do at most, measured in the same run as the cases.</summary>
public class CeilingBenchmark
{
    public static IEnumerable<Probe> Probes => Probe.All;

    [ParamsSource(nameof(Probes))]
    public Probe Probe { get; set; } = null!;

    [GlobalSetup]
    public void Setup() => Probe.Prepare();

    [Benchmark]
    public float Run() => Probe.Run();

    [GlobalCleanup]
    public void Cleanup() => Probe.Release();
}
