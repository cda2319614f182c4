using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>The statistics of results, against figures counted by hand.</summary>
public class SamplesTests
{
    [Test]
    public void Statistics_are_of_all_passes_together()
    {
        Samples samples = new();
        samples.Add([3, 1, 2]);
        samples.Add([5, 4]);
        Timing timing = samples.Timing;
        Assert.Multiple(() =>
        {
            Assert.That(timing.Median, Is.EqualTo(3));
            Assert.That(timing.Min, Is.EqualTo(1));
            Assert.That(timing.P10, Is.EqualTo(1.4).Within(1e-12));
            Assert.That(timing.P90, Is.EqualTo(4.6).Within(1e-12));
            Assert.That(timing.Samples, Is.EqualTo(5));
        });
    }

    [Test]
    public void Spread_is_that_of_the_medians_of_passes()
    {
        Samples samples = new();
        samples.Add([1, 10, 100]);
        Assert.That(samples.Spread, Is.Null, "one pass tells nothing of repeats");
        samples.Add([11]);
        samples.Add([12, 12]);
        Assert.That(samples.Spread, Is.EqualTo((11.8 - 10.2) / 11).Within(1e-12));
    }

    [Test]
    public void A_pass_without_times_does_not_count()
    {
        Samples samples = new();
        samples.Add([]);
        Assert.That(samples.Any, Is.False);
        samples.Add([2]);
        Assert.That(samples.Median, Is.EqualTo(2));
        Assert.That(samples.Spread, Is.Null);
    }
}
