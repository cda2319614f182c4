using System.Collections.Concurrent;

namespace NativeAttention.Emulation;

/// <summary>
/// Keeps workers between launches, and runs the shares of a launch: the caller's thread always takes part, others join from the thread
/// pool. A share that no pool thread has begun when the caller runs out of blocks is withdrawn instead of being waited for.
/// </summary>
internal static class WorkerPool
{
    private static readonly ConcurrentBag<Worker> _idle = [];

    public static Worker Rent() => _idle.TryTake(out Worker? worker) ? worker : new Worker();

    public static void Return(Worker worker) => _idle.Add(worker);

    /// <summary>Runs all workers to their end.</summary>
    public static void RunAll(Worker[] workers)
    {
        using CountdownEvent done = new(1);
        Share[] shares = [.. workers.Skip(1).Select(worker => new Share(worker, done))];
        foreach (Share share in shares)
        {
            done.AddCount();
            ThreadPool.UnsafeQueueUserWorkItem(share, preferLocal: false);
        }
        workers[0].Run();
        foreach (Share share in shares)
        {
            share.Withdraw();
        }
        done.Signal();
        done.Wait();
    }

    private sealed class Share(Worker worker, CountdownEvent done) : IThreadPoolWorkItem
    {
        private int _claimed;

        public void Execute()
        {
            if (Interlocked.Exchange(ref _claimed, 1) == 0)
            {
                worker.Run();
                done.Signal();
            }
        }

        public void Withdraw()
        {
            if (Interlocked.Exchange(ref _claimed, 1) == 0)
            {
                done.Signal();
            }
        }
    }
}
