using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>
/// The decode rung against float64, where it differs from others: few rows of grouped heads, many keys, splits
/// that are merged.
/// </summary>
[TestFixture(ElementType.Float32)]
[TestFixture(ElementType.Float16)]
[TestFixture(ElementType.BFloat16)]
public class DecodeTests(ElementType type)
{
    private static readonly int[] Widths = [512, 256, 128, 0];
    private static readonly int[] Groups = [1, 2, 3, 4, 8, 32];
    private static readonly int[] KeyLengths = [0, 1, 3, 511, 512, 513, 1025];
    private static readonly (int Key, int Value)[] HeadDims =
        [(64, 64), (1, 1), (8, 8), (40, 40), (72, 24), (80, 80), (96, 128), (128, 128), (256, 256), (17, 5)];

    private static readonly AttentionMask[] Masks =
        [AttentionMask.None, AttentionMask.Causal, AttentionMask.CausalTopLeft, new BandMask(-700, -20)];

    private static readonly Func<AttentionShape, AttentionLayout>[] Layouts =
    [
        _ => AttentionLayout.Bshd, _ => AttentionLayout.Bhsd, TestLayouts.PaddedOdd, TestLayouts.SequenceMajor,
        TestLayouts.SharedKeyValue,
    ];

    // Every number of queries with every key length; groups, head dims, masks, layouts and widths rotate.
    [Test]
    public void Few_queries_agree_with_float64([Range(1, 16)] int queries)
    {
        int first = TestContext.CurrentContext.Random.Next(1000);
        for (int i = 0; i < KeyLengths.Length; i++)
        {
            int n = first + i, group = Groups[n % Groups.Length], kvHeads = group > 4 ? 1 : 1 + (n % 3);
            (int dim, int valueDim) = HeadDims[n % HeadDims.Length];
            AttentionShape shape =
                new(1 + (n % 2), queries, KeyLengths[i], group * kvHeads, kvHeads, dim, valueDim);
            AttentionCase c = Case(shape, n);
            using CpuBackend backend = new(Widths[n % Widths.Length]);
            c.RunOn(backend, withLse: n % 5 != 0);
        }
    }

    [Test]
    public void Every_group_and_head_dim_agrees_with_float64([ValueSource(nameof(Groups))] int group)
    {
        for (int n = 0; n < HeadDims.Length; n++)
        {
            (int dim, int valueDim) = HeadDims[n];
            AttentionCase c = Case(new AttentionShape(1, 1 + (n % 2), 530, group * 2, 2, dim, valueDim), n + group);
            foreach (int width in Widths)
            {
                using CpuBackend backend = new(width);
                c.RunOn(backend);
            }
        }
    }

    // 9 splits, and 65 chunks in 33 splits of 2: all are merged.
    [TestCase(4097)]
    [TestCase(33000)]
    public void Splits_are_merged(int keys)
    {
        AttentionErrors errors = Case(new AttentionShape(1, 2, keys, 3, 1, 20), 0).RunOn(CpuBackend.Default);
        Assert.That(errors.RelativeOutput, Is.LessThan(Elements.UnitRoundoff(type) + 1e-6));
    }

    [TestCase(AttentionLayoutKind.Bshd)]
    [TestCase(AttentionLayoutKind.Bhsd)]
    public void Threads_and_batch_change_no_bit(AttentionLayoutKind kind)
    {
        AttentionShape shape = new(3, 2, 2100, 8, 4, 40, 24);
        AttentionOptions options = new()
        {
            Layout = kind == AttentionLayoutKind.Bshd ? AttentionLayout.Bshd : AttentionLayout.Bhsd,
            Mask = AttentionMask.Causal,
        };
        AttentionCase c = new(type, shape, options, seed: 8);
        float[] expected = Solve(c, threads: 1);
        Assert.Multiple(() =>
        {
            for (int repeat = 0; repeat < 10; repeat++)
            {
                Assert.That(Solve(c, threads: 1 + (repeat % 3)), Is.EqualTo(expected));
            }
        });
    }

    [Test]
    public void A_spoiled_row_spoils_no_other([Values] bool huge)
    {
        for (int n = 0; n < Widths.Length; n++)
        {
            AttentionShape shape = new(1, 3, 1100, 6, 2, 32, 20);
            AttentionCase c = new(type, shape, Options(shape, n), seed: 50 + n,
                huge ? InputKind.HugeLogits : InputKind.NanRows);
            using CpuBackend backend = new(Widths[n]);
            c.RunOn(backend);
        }
    }

    // An element that is not finite, anywhere in K or V: in lanes that two vectors share, in the last key of a
    // chunk, in one row of several. The reference reads one element at a time.
    [Test]
    public void What_is_not_finite_goes_where_the_reference_takes_it([Values] bool inKey, [Values(1, 3, 5)] int rows)
    {
        int drawn = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {drawn}");
        Random random = new(drawn);
        foreach (int dim in new[] { 128, 40, 72, 50, 33 })
        {
            foreach (float element in new[] { float.PositiveInfinity, float.NegativeInfinity, float.NaN })
            {
                AttentionShape shape = new(1, 1, 515 + random.Next(20), 2 * rows, 2, dim);
                switch (type)
                {
                    case ElementType.Float32: Run<float>(shape, element); break;
                    case ElementType.Float16: Run<Half>(shape, element); break;
                    default: Run<BFloat16>(shape, element); break;
                }
            }
        }

        void Run<T>(AttentionShape shape, float element)
            where T : unmanaged
        {
            AttentionCase c = new(type, shape, new AttentionOptions(), seed: random.Next());
            AttentionBuffers<T> b = c.Allocate<T>();
            T[] spoiled = inKey ? b.Key : b.Value;
            spoiled[random.Next(spoiled.Length)] = Elements.FromDouble<T>(element);
            foreach (int width in Widths)
            {
                Assert.That(Solve(width, "decode"), Is.EqualTo(Solve(width, "reference")).Within(0.02),
                    $"{shape}, {element}, {width} bits, seed {c.Seed}");
            }

            float[] Solve(int width, string rung)
            {
                AttentionOptions options = new() { Tuning = new TuningHints { Rung = rung } };
                using CpuBackend backend = new(width);
                using HostAttentionPlan<T> plan = backend.PlanHost<T>(AttentionProblem.Create(type, shape, options));
                plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
                return [.. b.Lse, .. b.Output.Select(x => (float)Elements.ToDouble(x))];
            }
        }
    }

    [TestCase(1, 1, ExpectedResult = "decode")]
    [TestCase(1, 8, ExpectedResult = "decode")]
    [TestCase(4, 4, ExpectedResult = "decode")]
    [TestCase(64, 1, ExpectedResult = "tiled")]
    public string The_backend_decodes_few_queries(int queries, int group)
    {
        AttentionProblem problem =
            AttentionProblem.Create(type, new(1, queries, 100, group, 1, 64), AttentionOptions.Default);
        using CpuBackend backend = new(vectorBits: 512);
        return type switch
        {
            ElementType.Float32 => Rung<float>(),
            ElementType.Float16 => Rung<Half>(),
            _ => Rung<BFloat16>(),
        };

        string Rung<T>()
            where T : unmanaged
        {
            using HostAttentionPlan<T> plan = backend.PlanHost<T>(problem);
            return plan.KernelName.Split('_')[2];
        }
    }

    [TestCase(1)]
    [TestCase(2)]
    public void A_run_with_splits_allocates_nothing(int threads)
    {
        AttentionCase c = Case(new AttentionShape(1, 1, 2000, 8, 2, 64), 0).With(
            new() { Rung = "decode", MaxThreads = threads });
        switch (type)
        {
            case ElementType.Float32: Run<float>(); break;
            case ElementType.Float16: Run<Half>(); break;
            default: Run<BFloat16>(); break;
        }

        void Run<T>()
            where T : unmanaged
        {
            AttentionBuffers<T> b = c.Allocate<T>();
            using HostAttentionPlan<T> plan = Plan<T>(c);
            long allocated = Allocations.Of(() => plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse));
            c.Check(b);
            Assert.That(allocated, Is.Zero);
        }
    }

    private AttentionCase Case(AttentionShape shape, int n) => new(type, shape, Options(shape, n), seed: 9000 + n);

    private static AttentionOptions Options(AttentionShape shape, int n) => new()
    {
        Mask = Masks[n % Masks.Length],
        Layout = Layouts[n % Layouts.Length](shape),
        Tuning = new TuningHints { Rung = "decode" },
    };

    private static HostAttentionPlan<T> Plan<T>(AttentionCase c)
        where T : unmanaged => CpuBackend.Default.PlanHost<T>(
            AttentionProblem.Create(c.ElementType, c.Shape, c.Options));

    private float[] Solve(AttentionCase c, int threads)
    {
        AttentionCase tuned = c.With(new() { Rung = "decode", MaxThreads = threads });
        return type switch
        {
            ElementType.Float32 => Run<float>(),
            ElementType.Float16 => Run<Half>(),
            _ => Run<BFloat16>(),
        };

        // The whole batch, and then each sequence alone.
        float[] Run<T>()
            where T : unmanaged
        {
            AttentionBuffers<T> b = tuned.Allocate<T>();
            using HostAttentionPlan<T> plan = Plan<T>(tuned);
            plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
            tuned.Check(b);
            AttentionShape one = tuned.Shape with { Batch = 1 };
            AttentionProblem problem = AttentionProblem.Create(tuned.ElementType, one, tuned.Options);
            using HostAttentionPlan<T> alone = CpuBackend.Default.PlanHost<T>(problem);
            int batch = tuned.Shape.Batch;
            T[] output = new T[problem.OutputStorageLength];
            float[] lse = new float[problem.LseLength];
            for (int n = 0; n < batch; n++)
            {
                alone.Run(Part(b.Query, problem.QueryStorageLength), Part(b.Key, problem.KeyStorageLength),
                    Part(b.Value, problem.ValueStorageLength), output, lse);
                Assert.That(output, Is.EqualTo(Part(b.Output, output.Length).ToArray()));
                Assert.That(lse, Is.EqualTo(Part(b.Lse, lse.Length).ToArray()));

                ReadOnlySpan<TItem> Part<TItem>(TItem[] all, long length) =>
                    all.AsSpan((int)(n * length), (int)length);
            }

            return [.. b.Lse, .. TensorView.Of(tuned.Shape, tuned.Options.Layout).Output.Gather<T>(b.Output)
                .Select(x => (float)x)];
        }
    }

    /// <summary>Names for layouts that a test case can carry.</summary>
    public enum AttentionLayoutKind
    {
        /// <summary>Batch, sequence, heads, dim.</summary>
        Bshd,

        /// <summary>Batch, heads, sequence, dim.</summary>
        Bhsd,
    }
}
