using NativeAttention.DeviceBenchmarks.Families;

namespace NativeAttention.DeviceBenchmarks.Tests.Families;

public sealed class BenchmarkBenchTests
{
    [TestCase(50L << 20, 1 << 20, 151)] // 150 of them are three caches
    [TestCase(50L << 20, 256 << 20, 2)]
    [TestCase(50L << 20, 100 << 20, 3)]
    [TestCase(50L << 20, 1, 256)]
    [TestCase(0L, 1000, 2)]
    public void Sets_together_are_beyond_the_cache(long cache, double bytes, int sets) =>
        Assert.That(BenchmarkBench.SetsBeyond(cache, bytes), Is.EqualTo(sets));
}
