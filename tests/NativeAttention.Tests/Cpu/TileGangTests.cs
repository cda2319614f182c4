using System.Collections.Concurrent;
using NativeAttention.Cpu;

namespace NativeAttention.Tests.Cpu;

public class TileGangTests
{
    [TestCase(1, 1)]
    [TestCase(2, 1)]
    [TestCase(4, 1000)]
    public void Every_tile_runs_once(int places, int tiles)
    {
        int[] runs = new int[tiles];
        TileGang gang = new(places, (tile, _) => Interlocked.Increment(ref runs[tile]));
        gang.Run(tiles);
        Assert.That(runs, Is.All.EqualTo(1));
        gang.Run(tiles);
        Assert.That(runs, Is.All.EqualTo(2));
        gang.Run(0);
        Assert.That(runs, Is.All.EqualTo(2));
    }

    // Short runs one after another: helpers called for one run come late and join the next, beside its own.
    [Test]
    public void No_two_threads_share_a_place_even_when_helpers_come_late()
    {
        const int places = 3, runs = 20_000, tiles = 4;
        int[] held = new int[places];
        int shared = 0, beyond = 0, done = 0;
        TileGang gang = new(places, (_, place) =>
        {
            if (place >= places)
            {
                Interlocked.Increment(ref beyond);
                return;
            }

            shared += Interlocked.Exchange(ref held[place], 1);
            Interlocked.Increment(ref done);
            Thread.SpinWait(20);
            Volatile.Write(ref held[place], 0);
        });
        for (int n = 0; n < runs; n++)
        {
            gang.Run(tiles);
        }

        Assert.That((shared, beyond, done), Is.EqualTo((0, 0, runs * tiles)));
    }

    // Five threads come while a run with three places is open: two of them help, three go away.
    [Test]
    public void More_helpers_than_places_go_away()
    {
        const int comers = 5;
        int inside = 0, left = 0, started = 0;
        using ManualResetEventSlim release = new();
        ConcurrentBag<int> places = [];
        TileGang gang = null!;
        gang = new TileGang(3, (tile, place) =>
        {
            places.Add(place);
            if (place != 0)
            {
                Interlocked.Increment(ref inside);
                release.Wait();
                return;
            }

            if (started++ > 0)
            {
                return;
            }

            Thread[] threads = [.. Enumerable.Range(0, comers).Select(_ => new Thread(Come))];
            Array.ForEach(threads, t => t.Start());
            Assert.That(() => Volatile.Read(ref inside) + Volatile.Read(ref left),
                Is.GreaterThanOrEqualTo(comers).After(30_000, 1));
            release.Set();
            Array.ForEach(threads, t => t.Join());
        });
        gang.Run(1 + comers);
        Assert.That(places, Is.All.LessThan(3));

        void Come()
        {
            ((IThreadPoolWorkItem)gang).Execute();
            Interlocked.Increment(ref left);
        }
    }

    // Every thread of the pool is busy, so that nobody can come: the queue must not grow run by run.
    [Test]
    public void Runs_beside_a_pool_without_time_end_and_do_not_fill_its_queue()
    {
        const int runs = 10_000;
        using ManualResetEventSlim release = new();
        using CountdownEvent gone = new(4 * Environment.ProcessorCount);
        for (int i = gone.InitialCount; i > 0; i--)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ =>
            {
                release.Wait();
                gone.Signal();
            }, null);
        }

        int done = 0;
        TileGang gang = new(3, (_, _) => Interlocked.Increment(ref done));
        gang.Run(2);
        long before = ThreadPool.PendingWorkItemCount;
        for (int n = 1; n < runs; n++)
        {
            gang.Run(2);
        }

        long after = ThreadPool.PendingWorkItemCount;
        release.Set();
        Assert.That(gone.Wait(TimeSpan.FromSeconds(60)));
        Assert.That(done, Is.EqualTo(2 * runs));
        Assert.That(after - before, Is.LessThan(runs / 10));
    }

    [Test]
    public void Helpers_do_come()
    {
        using Barrier both = new(2);
        TileGang gang = new(2, (_, _) =>
            Assert.That(both.SignalAndWait(TimeSpan.FromSeconds(30)), "nobody came to help"));
        gang.Run(2);
    }

    [TestCase(1)]
    [TestCase(3)]
    public void A_cancelled_run_finishes_what_it_has_begun_and_begins_no_more(int places)
    {
        const int most = 1_000_000;
        using CancellationTokenSource source = new();
        int begun = 0, ended = 0;
        TileGang gang = new(places, (tile, _) =>
        {
            Interlocked.Increment(ref begun);
            if (tile == 5)
            {
                source.Cancel();
            }

            Interlocked.Increment(ref ended);
        });
        Assert.That(() => gang.Run(most, source.Token), Throws.TypeOf<OperationCanceledException>()
            .With.Property("CancellationToken").EqualTo(source.Token));
        Assert.That(begun, Is.EqualTo(ended).And.InRange(6, most - 1));
        begun = 0;
        gang.Run(5);
        Assert.That(begun, Is.EqualTo(5));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void A_run_that_is_cancelled_during_its_last_tile_has_not_been_cancelled(int places)
    {
        using CancellationTokenSource source = new();
        using Barrier all = new(places);
        TileGang gang = new(places, (_, _) =>
        {
            all.SignalAndWait(); // every tile has begun
            source.Cancel();
        });
        Assert.That(() => gang.Run(places, source.Token), Throws.Nothing);
    }

    [TestCase(1)]
    [TestCase(3)]
    public void A_failure_ends_the_run_and_reaches_the_caller(int places)
    {
        int after = 0;
        TileGang gang = new(places, (tile, _) =>
        {
            if (tile == 5)
            {
                throw new InvalidDataException("tile 5");
            }

            after += tile > 1000 ? 1 : 0;
        });
        Assert.That(() => gang.Run(1_000_000),
            Throws.TypeOf<InvalidDataException>().With.Message.EqualTo("tile 5"));
        Assert.That(after, Is.LessThan(900_000));
        gang.Run(5);
    }
}
