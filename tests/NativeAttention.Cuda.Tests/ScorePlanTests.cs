using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>Passes over scores on device tensors: what they need, refuse and leave alone.</summary>
public sealed class ScorePlanTests : DeviceFixture
{
    private static readonly AttentionShape Shape = new(2, 5, 7, 4, 2, 8);
    private static readonly ScoreRequest All = new()
    {
        Scores = ScoreStage.Probabilities,
        ColumnSums = true,
        RowEntropy = true,
        BlockMaxima = 2,
    };

    [Test]
    public void A_plan_tells_what_it_is()
    {
        using ScorePlan<Half> plan = Device.PlanScores<Half>(Shape, AttentionOptions.Causal, All);
        Assert.Multiple(() =>
        {
            Assert.That(plan.KernelName, Is.EqualTo("na_scores_tiled_f16_sm80"));
            Assert.That(KernelCatalog.Find(plan.KernelName).Family, Is.EqualTo("scores"));
            Assert.That(plan.Device, Is.SameAs(Device));
            Assert.That(plan.Problem.Shape, Is.EqualTo(Shape));
            Assert.That(plan.Request, Is.SameAs(All));
            Assert.That(plan.ToString(), Does.StartWith("na_scores_tiled_f16_sm80 on "));
        });
    }

    [Test]
    public void Heads_first_views_with_gaps_are_read_as_they_lie()
    {
        float[] query = RandomData.Floats(2 * 4 * 5 * 12, 1), key = RandomData.Floats(2 * 2 * 7 * 8, 2);
        using DeviceTensor<float> wide = Device.Upload<float>(query, [2, 4, 5, 12], Stream);
        using DeviceTensor<float> keys = Device.Upload<float>(key, [2, 2, 7, 8], Stream);
        using DeviceTensor<float> scores = Device.Allocate<float>([2, 4, 5, 7], Stream);
        using ScorePlan<float> plan = Device.PlanScores<float>(Shape,
            new() { Layout = AttentionLayout.Bhsd, Scale = 0.5f }, new() { Scores = ScoreStage.Scaled });
        plan.Run(new(wide.Slice(3, 0, 8), keys, default), default, new() { Scores = scores }, Stream);
        float[] actual = new float[2 * 4 * 5 * 7];
        scores.Download(actual, Stream);
        for (int n = 0; n < actual.Length; n++)
        {
            (int row, int j) = Math.DivRem(n, 7);
            int keyRow = (row / 5 / 2 * 7) + j;
            double expected = 0.5 * Enumerable.Range(0, 8)
                .Sum(d => (double)query[(row * 12) + d] * key[(keyRow * 8) + d]);
            Assert.That(actual[n], Is.EqualTo(expected).Within(1e-5));
        }
    }

    [Test]
    public void Equal_inputs_give_equal_bits()
    {
        AttentionCase c = new(ElementType.Float16, new(2, 150, 200, 4, 2, 40), AttentionOptions.Causal, seed: 7);
        using CudaBackend backend = CudaBackend.Open(TestDevice.Driver, TestDevice.NewOrdinal(Options));
        ScoreResult first = ScoreResult.Of(backend, c, All);
        ScoreResult second = ScoreResult.Of(backend, c, All);
        Assert.Multiple(() =>
        {
            Assert.That(second.Scores, Is.EqualTo(first.Scores));
            Assert.That(second.ColumnSums, Is.EqualTo(first.ColumnSums));
            Assert.That(second.RowEntropy, Is.EqualTo(first.RowEntropy));
            Assert.That(second.BlockMaxima, Is.EqualTo(first.BlockMaxima));
        });
    }

    [Test]
    public void A_run_allocates_nothing()
    {
        using Tensors x = new(Device, Stream);
        using ScorePlan<float> plan = Device.PlanScores<float>(Shape, null, All);
        Stream.Synchronize();
        long allocated = Allocations.Of(Run);
        Stream.Synchronize();
        Assert.That(allocated, Is.Zero);

        void Run()
        {
            for (int i = 0; i < 100; i++)
            {
                plan.Run(x.Inputs, x.Lse, x.Results, Stream);
            }
        }
    }

    [Test]
    public void Everything_is_checked_before_anything_is_written()
    {
        using Tensors x = new(Device, Stream);
        using ScorePlan<float> plan = Device.PlanScores<float>(Shape, null, All);
        Assert.Multiple(() =>
        {
            Refuses(() => plan.Run(x.Inputs, default, x.Results, Stream), "lse", "is missing");
            Refuses(() => plan.Run(x.Inputs, x.Lse, default, Stream), "Scores", "is missing");
            Refuses(() => plan.Run(new(x.Key, x.Key, default), x.Lse, x.Results, Stream), "query", "[2, 7, 2, 8]",
                "[2, 5, 4, 8]");
            Refuses(() => plan.Run(x.Inputs, x.Sums, x.Results, Stream), "lse", "[2, 4, 7]", "[2, 4, 5]",
                "batch, query heads, query length");
            Refuses(() => plan.Run(x.Inputs, x.Lse, x.Results with { Scores = x.Sums }, Stream), "Scores",
                "[2, 4, 5, 7]", "batch, query heads, query length, key length");
            Refuses(() => plan.Run(x.Inputs, x.Lse, x.Results with { ColumnSums = x.Lse }, Stream), "ColumnSums",
                "[2, 4, 7]");
            Refuses(() => plan.Run(x.Inputs, x.Lse, x.Results with { RowEntropy = x.Sums }, Stream), "RowEntropy",
                "[2, 4, 5]");
            Refuses(() => plan.Run(x.Inputs, x.Lse, x.Results with { BlockMaxima = x.Scores }, Stream),
                "BlockMaxima", "[2, 4, 3, 4]", "query blocks");
            Refuses(() => plan.Run(x.Inputs, x.Lse, x.Results with { RowEntropy = x.Lse }, Stream), "overlap");
            Refuses(() => plan.Run(x.Inputs with { HeadGate = x.Lse }, x.Lse, x.Results, Stream), "HeadGate",
                "plan was made without");
        });
        using ScorePlan<float> sums = Device.PlanScores<float>(Shape, null, new() { ColumnSums = true });
        Refuses(() => sums.Run(x.Inputs, x.Lse, x.Results, Stream), "Scores", "does not use it");
        using ScorePlan<float> raw = Device.PlanScores<float>(Shape, null, new() { Scores = ScoreStage.Masked });
        Refuses(() => raw.Run(x.Inputs, x.Lse, new() { Scores = x.Scores }, Stream), "lse", "does not use it");
    }

    [Test]
    public void Tensors_of_another_device_and_disposed_ones_are_refused()
    {
        using CudaDevice other = TestDevice.Open(TestDevice.NewOrdinal(Options));
        using CudaStream stream = other.CreateStream();
        using Tensors x = new(Device, Stream), foreign = new(other, stream);
        ScorePlan<float> plan = Device.PlanScores<float>(Shape, null, All);
        Refuses(() => plan.Run(foreign.Inputs, x.Lse, x.Results, Stream), "query");
        Refuses(() => plan.Run(x.Inputs, x.Lse, foreign.Results, Stream), "Scores");
        Refuses(() => plan.Run(x.Inputs, x.Lse, x.Results, stream), "stream");
        plan.Run(x.Inputs, x.Lse, x.Results, Stream);
        plan.Dispose();
        plan.Dispose();
        Assert.That(() => plan.Run(x.Inputs, x.Lse, x.Results, Stream), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void A_device_disposes_the_plans_it_made()
    {
        CudaDevice device = TestDevice.Open(TestDevice.NewOrdinal(Options));
        ScorePlan<float> plan = device.PlanScores<float>(Shape, null, All);
        device.Dispose();
        Assert.That(device.LiveResources, Is.Zero);
        plan.Dispose();
    }

    [Test]
    public void What_cannot_be_scored_is_refused_with_the_reason()
    {
        AttentionOptions rung = new() { Tuning = new() { Rung = "tiled" } };
        AttentionOptions packed = new() { Layout = AttentionLayout.Packed(10, 14) };
        Assert.Multiple(() =>
        {
            Assert.That(Device.CanScore<float>(Shape, null, All, out string? reason), Is.True, reason);
            Assert.That(Device.CanScore<float>(Shape, rung, All, out reason), Is.False);
            Assert.That(reason, Does.Contain("has no rungs, and 'tiled' is asked for"));
            Assert.That(() => Device.PlanScores<float>(Shape, rung, All), Throws.TypeOf<NotSupportedException>()
                .With.Message.Contains(reason!).And.Message.Contains(Device.Name));
            AttentionShape huge = new(1 << 20, 1 << 14, 1, 64, 64, 8);
            Assert.That(Device.CanScore<float>(huge, null, All, out reason), Is.False);
            Assert.That(reason, Does.Contain("17179869184 tiles").And.Contains("split the batch"));
            Assert.That(Device.CanScore<float>(Shape with { KeyLength = (1 << 30) + 1 }, null, All, out reason),
                Is.False);
            Assert.That(reason, Does.Contain("key length 1073741825"));
            Assert.That(() => Device.PlanScores<float>(Shape, packed, All), Throws.ArgumentException
                .With.Message.StartsWith("The layout is packed 10/14"));
            Assert.That(() => Device.PlanScores<float>(Shape, null, new()), Throws.ArgumentException
                .With.Message.StartsWith("The request asks for nothing"));
            Assert.That(() => Device.PlanScores<double>(Shape, null, All), Throws.TypeOf<NotSupportedException>());
        });
    }

    [Test]
    public void Too_much_for_host_memory_is_refused()
    {
        using CudaBackend backend = CudaBackend.Open(TestDevice.Driver, TestDevice.NewOrdinal(Options));
        AttentionProblem problem = AttentionProblem.Create(
            ElementType.Float16, new(1, 1 << 16, 1 << 16, 1, 1, 8), AttentionOptions.Default);
        Assert.That(() => backend.PlanScores<Half>(problem, new() { Scores = ScoreStage.Scaled }),
            Throws.TypeOf<NotSupportedException>().With.Message.StartsWith("The Scores has 4294967296 elements"));
    }

    private static void Refuses(Action call, params string[] parts)
    {
        ArgumentException refusal = Assert.Catch<ArgumentException>(call)!;
        foreach (string part in parts)
        {
            Assert.That(refusal.Message, Does.Contain(part));
        }
    }

    private sealed class Tensors(CudaDevice device, CudaStream stream) : IDisposable
    {
        public DeviceTensor<float> Query { get; } = Random(device, stream, [2, 5, 4, 8], 1);

        public DeviceTensor<float> Key { get; } = Random(device, stream, [2, 7, 2, 8], 2);

        public DeviceTensor<float> Lse { get; } = Random(device, stream, [2, 4, 5], 3);

        public DeviceTensor<float> Scores { get; } = Random(device, stream, [2, 4, 5, 7], 4);

        public DeviceTensor<float> Sums { get; } = Random(device, stream, [2, 4, 7], 5);

        public DeviceTensor<float> Entropy { get; } = Random(device, stream, [2, 4, 5], 6);

        public DeviceTensor<float> Maxima { get; } = Random(device, stream, [2, 4, 3, 4], 7);

        public DeviceAttentionInputs<float> Inputs => new(Query, Key, default);

        public DeviceScoreResults<float> Results => new()
        {
            Scores = Scores,
            ColumnSums = Sums,
            RowEntropy = Entropy,
            BlockMaxima = Maxima,
        };

        public void Dispose()
        {
            foreach (DeviceTensor<float> tensor in new[] { Query, Key, Lse, Scores, Sums, Entropy, Maxima })
            {
                tensor.Dispose();
            }
        }

        private static DeviceTensor<float> Random(CudaDevice device, CudaStream stream, int[] dims, int seed) =>
            device.Upload<float>(RandomData.Floats(dims.Aggregate(1, (a, b) => a * b), seed), dims, stream);
    }
}
