namespace NativeAttention.Tests.Scores;

/// <summary>Every rule of a pass over scores has a test of its message.</summary>
public class ScoreRulesTests
{
    private static readonly AttentionShape Shape = new(2, 3, 5, 4, 2, 8);
    private static readonly float[] Tensor = new float[320], Lse = new float[24];

    [Test]
    public void Requests_that_mean_nothing_are_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => Plan(new()), Throws.ArgumentException.With.Message.StartsWith(
                "The request asks for nothing"));
            Assert.That(() => Plan(new() { BlockMaxima = 0 }), Throws.ArgumentException.With.Message.StartsWith(
                "BlockMaxima is 0: the side of a block must be 1 or more"));
            Assert.That(() => Plan(new() { Scores = (ScoreStage)9 }), Throws.ArgumentException.With.Message
                .StartsWith("Scores is 9: it must be a stage or null."));
            Assert.That(() => Plan(new() { RowEntropy = true }, AttentionLayout.Packed(6, 10)),
                Throws.ArgumentException.With.Message.StartsWith("The layout is packed 6/10: scores are"));
        });
    }

    [Test]
    public void Spans_are_checked_before_anything_is_written()
    {
        ScoreRequest all = new()
        {
            Scores = ScoreStage.Probabilities,
            ColumnSums = true,
            RowEntropy = true,
            BlockMaxima = 2,
        };
        Assert.Multiple(() =>
        {
            Assert.That(() => Run(all, Lse, 119, 40, 24, 48), Throws.ArgumentException.With.Message.StartsWith(
                "The Scores span has 119 elements: the request needs 120."));
            Assert.That(() => Run(all, Lse, 120, 39, 24, 48), Throws.ArgumentException.With.Message.StartsWith(
                "The ColumnSums span has 39 elements: the request needs 40."));
            Assert.That(() => Run(all, Lse, 120, 40, 23, 48), Throws.ArgumentException.With.Message.StartsWith(
                "The RowEntropy span has 23 elements: the request needs 24."));
            Assert.That(() => Run(all, Lse, 120, 40, 24, 47), Throws.ArgumentException.With.Message.StartsWith(
                "The BlockMaxima span has 47 elements: the request needs 48."));
            Assert.That(() => Run(all, [], 120, 40, 24, 48), Throws.ArgumentException.With.Message.StartsWith(
                "The lse span has 0 elements: the request needs 24."));
            Assert.That(() => Run(new() { Scores = ScoreStage.Masked }, Lse, 120, 0, 0, 0),
                Throws.ArgumentException.With.Message.StartsWith("A lse span of 24 elements is given, but"));
            Assert.That(() => Run(new() { ColumnSums = true }, Lse, 120, 40, 0, 0),
                Throws.ArgumentException.With.Message.StartsWith("A Scores span of 120 elements is given, but"));
            Assert.That(() => Run(all, Lse, 120, 40, 24, 48), Throws.Nothing);
        });
        Assert.That(() =>
        {
            using HostScorePlan<float> plan = Plan(new() { ColumnSums = true });
            plan.Run(new(Tensor, Tensor, default), Lse, new() { ColumnSums = Tensor.AsSpan(0, 40) });
        }, Throws.ArgumentException.With.Message.StartsWith("The ColumnSums span overlaps the query span"));
    }

    [Test]
    public void A_runtime_takes_the_first_backend_that_can()
    {
        using AttentionRuntime runtime = new([new Backends.FakeBackend("fake"), CpuBackend.Default]);
        using HostScorePlan<float> plan =
            runtime.PlanScores<float>(Shape, null, new() { Scores = ScoreStage.Scaled });
        Assert.That(plan.KernelName, Does.StartWith("na_cpu_scores_f32_"));
        using AttentionRuntime none = new([new Backends.FakeBackend("fake")]);
        Assert.That(() => none.PlanScores<float>(Shape, null, new() { RowEntropy = true }),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("fake: it has no pass over the scores"));
    }

    private static HostScorePlan<float> Plan(ScoreRequest request, AttentionLayout? layout = null) =>
        CpuBackend.Default.PlanScores<float>(AttentionProblem.Create(ElementType.Float32, Shape,
            new() { Layout = layout ?? AttentionLayout.Bshd }), request);

    private static void Run(ScoreRequest request, float[] lse, int scores, int sums, int entropy, int maxima)
    {
        using HostScorePlan<float> plan = Plan(request);
        plan.Run(new(Tensor, Tensor, default), lse, new ScoreResults<float>
        {
            Scores = new float[scores],
            ColumnSums = new float[sums],
            RowEntropy = new float[entropy],
            BlockMaxima = new float[maxima],
        });
    }
}
