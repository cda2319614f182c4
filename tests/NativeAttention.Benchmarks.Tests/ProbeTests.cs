using System.Runtime.Intrinsics;
using NativeAttention.Benchmarks.Probes;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>That probes do the work they are said to do.</summary>
public class ProbeTests
{
    private static int Lanes => Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8
        : Vector128.IsHardwareAccelerated ? 4
        : 1;

    [TestCase(1)]
    [TestCase(2)]
    public void The_read_probe_reads_every_float(int threads)
    {
        ReadProbe probe = new(threads);
        probe.Prepare(); // all ones
        Assert.That(probe.Run() * Lanes * sizeof(float), Is.EqualTo(probe.Work));
        probe.Release();
    }

    [TestCase(1)]
    [TestCase(2)]
    public void The_fma_probe_brings_every_chain_to_its_fixed_point(int threads)
    {
        FmaProbe probe = new(threads);
        float chains = probe.Run(); // x = x / 2 + 1 / 2 ends at 1, wherever it starts
        Assert.That(probe.Work / chains, Is.EqualTo(2.0 * (1 << 14) * Lanes));
    }

    [Test]
    public void Every_ceiling_is_measured_on_all_threads_and_on_one()
    {
        Assert.That(Probe.All.Select(p => (p.Name, p.Threads)), Is.EquivalentTo(new[]
        {
            ("fma-f32", Environment.ProcessorCount), ("read", Environment.ProcessorCount),
            ("fma-f32", 1), ("read", 1),
        }));
    }
}
