using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.DeviceBenchmarks.Probes;
using NativeAttention.DeviceBenchmarks.Tests.Support;

namespace NativeAttention.DeviceBenchmarks.Tests.Measuring;

public sealed class LaunchTimerTests
{
    [Test]
    public void Sets_take_turns_and_every_sample_is_counted()
    {
        using CudaDevice device = TestDevices.Open();
        using CudaStream stream = device.CreateStream();
        using ProbeRun run = new(stream, new EmptyWork(), 1);
        TimingPlan plan = new(TimeSpan.FromMilliseconds(20), 3, TimeSpan.FromMilliseconds(1), 4);
        using LaunchTimer timer = new(stream, plan);
        List<int> sets = [];
        LaunchTiming timing = timer.Measure(
            set =>
            {
                sets.Add(set);
                run.Launch(1);
            },
            sets: 3);
        Assert.Multiple(() =>
        {
            Assert.That(sets, Is.EqualTo(Enumerable.Range(0, sets.Count).Select(i => i % 3)));
            Assert.That(timing.Seconds.Samples, Is.GreaterThanOrEqualTo(12).And.LessThanOrEqualTo(3 * 64));
            Assert.That(timing.Seconds.Samples % 3, Is.Zero, "three groups");
            Assert.That(timing.Seconds.Min, Is.Positive);
            Assert.That(timing.Seconds.P10, Is.InRange(timing.Seconds.Min!.Value, timing.Seconds.Median));
            Assert.That(timing.Seconds.P90, Is.GreaterThanOrEqualTo(timing.Seconds.Median));
            Assert.That(timing.Spread, Is.GreaterThanOrEqualTo(0));
            Assert.That(timing.HostSeconds, Is.Positive);
        });
    }

    [Test]
    public void What_is_compared_takes_turns()
    {
        using CudaDevice device = TestDevices.Open();
        using CudaStream stream = device.CreateStream();
        using ProbeRun run = new(stream, new EmptyWork(), 1);
        using LaunchTimer timer = new(stream, new(TimeSpan.Zero, 3, TimeSpan.Zero, 2));
        List<char> launched = [];
        IReadOnlyList<LaunchTiming> timings = timer.MeasureInTurns([(_ => Launch('a'), 1), (_ => Launch('b'), 2)]);
        Assert.That(timings.Select(t => t.Seconds.Samples), Is.All.EqualTo(6), "three groups of two samples");
        // A launch of every set, then the groups, then what the host's time is taken of.
        Assert.That(string.Concat(launched), Does.StartWith("abb" + "aabb" + "aabb" + "aabb" + "aaaaa"));

        void Launch(char name)
        {
            launched.Add(name);
            run.Launch(1);
        }
    }

    [Test]
    public void More_work_takes_longer()
    {
        using CudaDevice device = TestDevices.Open();
        using CudaStream stream = device.CreateStream();
        using ProbeRun run = new(stream, new FmaWork(0.5f, 1), 8);
        using LaunchTimer timer = new(stream, new(TimeSpan.FromMilliseconds(50), 3, TimeSpan.Zero, 5));
        long many = TestDevices.IsEmulated ? 200 : 200_000;
        double one = timer.Measure(_ => run.Launch(2), 1).Seconds.Median;
        double more = timer.Measure(_ => run.Launch(many), 1).Seconds.Median;
        // A hundred times the work, or more: a timer that measured anything else would not come near.
        Assert.That(more / one, Is.GreaterThan(4));
    }
}
