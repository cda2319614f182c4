using NativeAttention.Benchmarks.Pinned;

namespace NativeAttention.Benchmarks.Tests.Pinned;

/// <summary>Where threads may run, as the system says. Alone, since it is about all threads of the process.</summary>
[NonParallelizable]
[Platform("Linux")]
public class PinningTests
{
    [Test]
    public void Threads_that_work_have_processors_of_their_own_until_the_end()
    {
        IReadOnlyList<int> all = Pinning.ProcessorsOf(thread: 0);
        using (Pinning pinning = Pinning.OfThisProcess()!)
        {
            using Barrier barrier = new(2);
            IReadOnlyList<int> other = [];
            Thread worker = new(() =>
            {
                barrier.SignalAndWait();
                barrier.SignalAndWait();
                other = Pinning.ProcessorsOf(thread: 0);
            });
            worker.Start();
            barrier.SignalAndWait();
            pinning.Apply();
            barrier.SignalAndWait();
            worker.Join();
            Assert.That(Pinning.ProcessorsOf(thread: 0), Is.EqualTo(all.Take(1)));
            Assert.That(other, Has.Count.EqualTo(1));
            Assert.That(other[0], all.Count > 1 ? Is.Not.EqualTo(all[0]) : Is.EqualTo(all[0]));
        }

        Assert.That(Pinning.ProcessorsOf(thread: 0), Is.EqualTo(all));
        Assert.That(Pinning.Workers().Select(Pinning.ProcessorsOf), Has.All.Count.EqualTo(all.Count));
    }
}
