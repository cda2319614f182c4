using NativeAttention.Benchmarks.Pinned;

namespace NativeAttention.Benchmarks.Tests.Pinned;

public class SamplerTests
{
    [Test]
    public void Short_runs_fill_a_sample_after_one_that_does_not_count()
    {
        int runs = 0;
        Sampler sampler = new(() => runs++, pinning: null);
        for (int i = 0; i < 10; i++)
        {
            sampler.Measure(1e-3);
        }

        runs = 0;
        Sample sample = sampler.Measure(1e-3);
        Assert.That(runs, Is.GreaterThan(1000));
        Assert.That(sample.Seconds, Is.LessThan(1e-6));
    }

    [Test]
    public void A_long_run_is_a_sample_by_itself()
    {
        int runs = 0;
        Sampler sampler = new(() =>
        {
            runs++;
            Thread.Sleep(20);
        }, pinning: null);
        Sample sample = sampler.Measure(1e-3);
        Assert.That(runs, Is.EqualTo(2), "the first one does not count");
        Assert.That(sample.Seconds, Is.GreaterThan(0.015));
        sampler.Measure(1e-3);
        Assert.That(runs, Is.EqualTo(3));
    }

    [Test]
    public void Allocations_are_those_of_a_run()
    {
        byte[] kept = [];
        Sampler sampler = new(() => kept = new byte[100_000], pinning: null);
        Assert.That(Enumerable.Range(0, 5).Min(_ => sampler.Measure(1e-3).AllocatedBytes),
            Is.InRange(100_000, 110_000));
        Assert.That(kept, Has.Length.EqualTo(100_000));
    }
}
