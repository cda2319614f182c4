using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>
/// What a cancelled run leaves behind: every row of the output, with its log-sum-exp, is final or untouched.
/// </summary>
public class CancellationTests
{
    private const int Attempts = 40;

    // Some tens of milliseconds on one thread, in many tiles: rows, tiles of queries, and one query a head.
    private static IEnumerable<TestCaseData> Problems()
    {
        foreach (int threads in new[] { 1, 2 })
        {
            yield return Named(new(2, 256, 256, 4, 2, 64), AttentionOptions.Default, "reference", threads);
            yield return Named(new(1, 2048, 2048, 8, 2, 64), AttentionOptions.Causal, "tiled", threads);
            yield return Named(new(64, 1, 2048, 8, 2, 64), AttentionOptions.Default, null, threads);
        }

        static TestCaseData Named(AttentionShape s, AttentionOptions options, string? rung, int threads) =>
            new TestCaseData(s, options with { Tuning = new() { Rung = rung, MaxThreads = threads } })
                .SetArgDisplayNames($"Sq{s.QueryLength} {rung ?? "default"} {threads} threads");
    }

    [TestCaseSource(nameof(Problems))]
    public void Rows_are_final_or_untouched_and_the_plan_stays_usable(AttentionShape shape,
        AttentionOptions options)
    {
        Rows rows = new(shape);
        using HostAttentionPlan<float> plan = CpuBackend.Default.PlanHost<float>(
            AttentionProblem.Create(ElementType.Float32, shape, options));
        float[] expected = new float[rows.Output.Length], expectedLse = new float[rows.Lse.Length];
        plan.Run(rows.Query, rows.Key, rows.Value, expected, expectedLse);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            rows.Poison();
            (bool cancelled, _) = rows.CancelAfterTheFirstRow(plan);
            (float[] output, float[] lse) = (rows.Output[..], rows.Lse[..]);
            int finished = rows.CountFinished(expected, expectedLse);
            if (!cancelled)
            {
                Assert.That(finished, Is.EqualTo(lse.Length));
                continue; // it was too quick for us
            }

            Assert.That(finished, Is.InRange(1, lse.Length - 1));
            Thread.Sleep(5);
            bool same = Bits(rows.Output).SequenceEqual(Bits(output)) && Bits(rows.Lse).SequenceEqual(Bits(lse));
            Assert.That(same, "something was written after the call had thrown");
            plan.Run(rows.Query, rows.Key, rows.Value, rows.Output, rows.Lse);
            Assert.That(rows.CountFinished(expected, expectedLse), Is.EqualTo(lse.Length));
            return;
        }

        Assert.Fail($"No run of {Attempts} was cancelled before its end.");
    }

    // The best of several, since the machine may be busy with something else.
    [Test]
    public void A_run_ends_soon_after_it_was_cancelled()
    {
        AttentionShape shape = new(1, 4096, 4096, 4, 4, 64);
        Rows rows = new(shape);
        using HostAttentionPlan<float> plan = CpuBackend.Default.PlanHost<float>(
            AttentionProblem.Create(ElementType.Float32, shape, AttentionOptions.Default));
        long start = Stopwatch.GetTimestamp();
        plan.Run(rows.Query, rows.Key, rows.Value, rows.Output, rows.Lse);
        TimeSpan whole = Stopwatch.GetElapsedTime(start);
        TimeSpan least = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < 10; attempt++)
        {
            rows.Poison();
            (bool cancelled, TimeSpan late) = rows.CancelAfterTheFirstRow(plan);
            least = cancelled && late < least ? late : least;
        }

        TestContext.Out.WriteLine($"after {least.TotalMilliseconds:F2} ms, of {whole.TotalMilliseconds:F1} ms");
        Assert.That(least, Is.LessThan(whole / 10));
    }

    [Test]
    public void A_call_that_is_cancelled_already_writes_nothing()
    {
        Rows rows = new(new(1, 9, 9, 1, 1, 4));
        rows.Poison();
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        CancellationToken cancelled = new(canceled: true);
        Assert.That(() => runtime.Attend<float>(rows.Query, rows.Key, rows.Value, rows.Output, rows.Shape,
            lse: rows.Lse, cancellationToken: cancelled), Throws.TypeOf<OperationCanceledException>());
        Assert.That(rows.Output.Concat(rows.Lse), Is.All.Matches<float>(Elements.IsPoison));
    }

    private static Span<byte> Bits(float[] values) => MemoryMarshal.AsBytes(values.AsSpan());

    // The tensors of one problem, dense, and which of their rows have been written.
    private sealed class Rows
    {
        public Rows(AttentionShape shape)
        {
            Shape = shape;
            int keys = shape.Batch * shape.KeyLength * shape.KeyValueHeads * shape.HeadDim;
            Lse = new float[shape.Batch * shape.QueryHeads * shape.QueryLength];
            Output = new float[Lse.Length * shape.HeadDim];
            Query = Random(Output.Length, 1);
            Key = Random(keys, 2);
            Value = Random(keys, 3);
        }

        public AttentionShape Shape { get; }

        public float[] Query { get; }

        public float[] Key { get; }

        public float[] Value { get; }

        public float[] Output { get; }

        public float[] Lse { get; }

        public void Poison()
        {
            Array.Fill(Output, Elements.Poison<float>());
            Array.Fill(Lse, Elements.Poison<float>());
        }

        /// <summary>Runs; another thread cancels as soon as it sees a log-sum-exp.</summary>
        /// <returns>Whether it was cancelled, and how long after that the call ended.</returns>
        public (bool Cancelled, TimeSpan Late) CancelAfterTheFirstRow(HostAttentionPlan<float> plan)
        {
            using CancellationTokenSource source = new();
            long when = 0;
            Thread watcher = new(() =>
            {
                while (Array.TrueForAll(Lse, x => Elements.IsPoison(x)))
                {
                }

                when = Stopwatch.GetTimestamp();
                source.Cancel();
            });
            watcher.Start();
            try
            {
                plan.Run(Query, Key, Value, Output, Lse, source.Token);
                watcher.Join();
                return (false, default);
            }
            catch (OperationCanceledException)
            {
                long end = Stopwatch.GetTimestamp();
                watcher.Join();
                return (true, Stopwatch.GetElapsedTime(when, end));
            }
        }

        /// <summary>Counts rows with the expected bits; all others must be untouched.</summary>
        public int CountFinished(float[] expected, float[] expectedLse)
        {
            int finished = 0, dim = Shape.HeadDim;
            for (int row = 0; row < Lse.Length; row++)
            {
                (int rest, int i) = Math.DivRem(row, Shape.QueryLength);
                (int b, int h) = Math.DivRem(rest, Shape.QueryHeads);
                Range place = Place(((((b * Shape.QueryLength) + i) * Shape.QueryHeads) + h) * dim, dim);
                bool final = Lse[row] == expectedLse[row]
                    && Output.AsSpan(place).SequenceEqual(expected.AsSpan(place));
                bool untouched = Elements.IsPoison(Lse[row])
                    && Array.TrueForAll(Output[place], x => Elements.IsPoison(x));
                Assert.That(final || untouched, $"row {i}, head {h}, batch {b}: neither final nor untouched");
                finished += final ? 1 : 0;
            }

            return finished;
        }

        private static Range Place(int start, int length) => start..(start + length);

        private static float[] Random(int count, int seed) =>
            Array.ConvertAll(RandomTensor.Normal(ElementType.Float32, count, seed), x => (float)x);
    }
}
