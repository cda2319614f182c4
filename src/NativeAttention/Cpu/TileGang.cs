using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Runs tiles on the calling thread and on as many pool threads as come to help, each taking the next tile
/// from a shared counter. Nothing is allocated per run, and no pool thread is ever waited for that has not
/// begun.
/// </summary>
/// <remarks>
/// The gang is one work item that is queued several times. A pool thread that takes it joins if the run is
/// still open and a place is free, and otherwise goes away; so a busy pool slows a run down but cannot stop
/// it. The caller leaves when it finds no more tiles, and waits for those that joined. A thread that comes
/// late, even in a later run, simply joins that run; as long as it is still to come, it is not called again,
/// so that runs beside a pool that has no time leave nothing behind in its queue.
/// </remarks>
internal sealed class TileGang : IThreadPoolWorkItem
{
    // About what a thread needs to wake up: waiting for less than that is better done awake.
    private static readonly long MostSpinning = Stopwatch.Frequency / 20_000;

    private readonly Action<long, int> body;
    private readonly int places;
    private readonly object finishing = new();
    private bool finished;
    private long tiles;
    private long nextTile;
    private int nextPlace;
    private int called; // queued, and not yet taken by a pool thread
    private int members; // 0: closed; counts the caller and those who joined
    private Exception? failure;
    private CancellationToken cancellation;
    private bool cancelled;

    /// <summary>Makes a gang.</summary>
    /// <param name="places">Most threads at a time, the caller included.</param>
    /// <param name="body">Computes a tile in a place: no two threads hold the same place at once.</param>
    public TileGang(int places, Action<long, int> body)
    {
        this.places = places;
        this.body = body;
    }

    /// <summary>Runs all tiles and returns when they are done.</summary>
    /// <param name="count">Number of tiles.</param>
    /// <param name="cancellationToken">Looked at before every tile: a tile is run wholly or not at all.</param>
    /// <exception cref="OperationCanceledException">
    /// Cancelled, and a tile was not run. No tile is running any more.
    /// </exception>
    public void Run(long count, CancellationToken cancellationToken = default)
    {
        tiles = count;
        nextTile = 0;
        nextPlace = 0;
        failure = null;
        finished = false;
        cancellation = cancellationToken;
        cancelled = false;
        Volatile.Write(ref members, 1);
        CallHelpers(Math.Min(places, count) - 1);
        TakeTiles(place: 0);
        if (!Leave())
        {
            WaitForOthers();
        }

        cancellation = default;
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        if (cancelled)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>What a pool thread does.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Decrement(ref called);
        if (!Join())
        {
            return;
        }

        int place = Interlocked.Increment(ref nextPlace);
        if (place < places)
        {
            TakeTiles(place);
        }

        if (Leave())
        {
            lock (finishing)
            {
                finished = true;
                Monitor.Pulse(finishing);
            }
        }
    }

    private void CallHelpers(long wanted)
    {
        while (Volatile.Read(ref called) < wanted)
        {
            Interlocked.Increment(ref called);
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    // Others are within one tile of their end.
    private void WaitForOthers()
    {
        long start = Stopwatch.GetTimestamp();
        while (!Volatile.Read(ref finished))
        {
            if (Stopwatch.GetTimestamp() - start > MostSpinning)
            {
                SleepUntilFinished();
                return;
            }

            Thread.SpinWait(8);
        }
    }

    private void SleepUntilFinished()
    {
        lock (finishing)
        {
            while (!finished)
            {
                Monitor.Wait(finishing);
            }
        }
    }

    private void TakeTiles(int place)
    {
        try
        {
            for (long tile = Interlocked.Increment(ref nextTile) - 1; tile < tiles;
                tile = Interlocked.Increment(ref nextTile) - 1)
            {
                if (cancellation.IsCancellationRequested)
                {
                    cancelled = true;
                    StopOthers();
                    return;
                }

                body(tile, place);
            }
        }
        catch (Exception e) when (Fail(e))
        {
        }
    }

    private bool Fail(Exception e)
    {
        failure = e;
        StopOthers();
        return true;
    }

    private void StopOthers() => Interlocked.Exchange(ref nextTile, tiles);

    private bool Join()
    {
        int seen = Volatile.Read(ref members);
        while (seen != 0)
        {
            int before = Interlocked.CompareExchange(ref members, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    // True for the last one, who closes the run.
    private bool Leave() => Interlocked.Decrement(ref members) == 0;
}
