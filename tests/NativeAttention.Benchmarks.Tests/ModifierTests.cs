using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Benchmarks.Problems;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>Cases with modifiers: what they are called, what they compute and what they count.</summary>
public class ModifierTests
{
    // More keys than the wider of the windows, so that each hides some.
    private static readonly AttentionShape Shape = new(2, 1100, 1100, 2, 1, 8);

    private static IEnumerable<TestCaseData> EachModifier =>
        Modifiers.All.Select(m => new TestCaseData(Case(m)).SetArgDisplayNames($"{m}"));

    [Test]
    public void The_table_has_each_modifier_in_every_length_and_type_it_fits_in()
    {
        Assert.That(ModifierTable.Cases, Has.Count.EqualTo((2 * 14) + (2 * 15) + 14));
        Assert.That(ModifierTable.Cases.Select(c => c.Id), Is.Unique);
        Assert.That(ModifierTable.Cases.Select(c => c.Id), Has.Member(
            "dense-f32-b1-h8x8-s4096x4096-d64x64-window=256x0").And.Member(
            "dense-f32-b1-h8x8-s4096x4096-d128x128-softcap=0.1").And.Member(
            "dense-f16-b1-h8x8-s1024x1024-d64x64-causal-prefix=256").And.Member(
            "dense-f32-b2-h8x8-s512x512-d64x64-packed"));
        Assert.That(ModifierTable.Cases.SelectMany(Goals).Count(), Is.EqualTo(2 * (3 + 2)));
        Assert.That(ModifierTable.OnOneThread.Select(c => c.Threads), Is.All.EqualTo(1));
    }

    [TestCaseSource(nameof(EachModifier))]
    public void What_the_library_computes_passes(BenchCase @case)
    {
        foreach (ElementType type in (ElementType[])[ElementType.Float32, ElementType.Float16])
        {
            using BenchBody body = BenchBody.Of(@case with { Type = type });
            Accuracy accuracy = body.Check();
            Assert.That(accuracy.MaxError, Is.LessThanOrEqualTo(accuracy.Bound));
            Assert.That(accuracy.Bound, Is.LessThan(0.01));
        }
    }

    [TestCaseSource(nameof(EachModifier))]
    public void What_is_right_without_the_modifier_does_not_pass(BenchCase @case)
    {
        Operands<float> inputs = new OperandStore().Of<float>(@case);
        AttentionShape s = @case.Shape;
        float[] output = new float[s.Batch * s.QueryLength * s.QueryHeads * s.ValueHeadDim];
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        runtime.Attend<float>(inputs.Query, inputs.Key, inputs.Value, output, s, @case.Plain.Options);
        Accuracy accuracy = inputs.Check<float>(@case, output);
        Assert.That(accuracy.MaxError, Is.GreaterThan(accuracy.Bound));
    }

    [TestCaseSource(nameof(EachModifier))]
    public void Work_is_counted_pair_by_pair(BenchCase @case)
    {
        double pairs = 0;
        for (int batch = 0; batch < Shape.Batch; batch++)
        {
            (int queries, int keys) = @case.Problem.Lengths(batch);
            pairs += Enumerable.Range(0, queries)
                .Sum(i => Enumerable.Range(0, keys).Count(j => Sees(@case.Modifier!, i, j)));
        }

        Assert.That(WorkCounts.Flops(@case.Problem), Is.EqualTo(2 * 2 * pairs * (8 + 8)));
        double all = 2.0 * 1100 * 1100;
        Assert.That(WorkCounts.VisibleShare(@case.Problem), Is.EqualTo(pairs / all).Within(1e-12));
    }

    [Test]
    public void Bytes_are_those_of_the_inputs_with_the_operands_and_of_the_output()
    {
        const double plain = 4 * 2 * 1100.0 * (2 + 1) * (8 + 8);
        Assert.Multiple(() =>
        {
            Assert.That(WorkCounts.Bytes(Case(Modifiers.Scale).Problem), Is.EqualTo(plain));
            Assert.That(WorkCounts.Bytes(Case(Modifiers.Bias).Problem), Is.EqualTo(plain + (4 * 1100 * 1100)));
            Assert.That(WorkCounts.Bytes(Case(Modifiers.BiasPerHead).Problem), Is.EqualTo(plain + (4 * 4 * 1100 * 1100)));
            Assert.That(WorkCounts.Bytes(Case(Modifiers.BooleanMask).Problem), Is.EqualTo(plain + (1100 * 1100)));
            Assert.That(WorkCounts.Bytes(Case(Modifiers.Alibi).Problem), Is.EqualTo(plain + (4 * 2)));
            Assert.That(WorkCounts.Bytes(Case(Modifiers.Packed).Problem), Is.EqualTo((0.75 * plain) + (4 * 6)));
        });
    }

    [Test]
    public void Without_modifiers_the_counts_are_those_of_the_tool()
    {
        foreach (BenchCase @case in CaseList.All)
        {
            Assert.That(WorkCounts.Flops(@case.Problem), Is.EqualTo(CaseWork.DenseFlops(@case.Shape, @case.Mask)));
            Assert.That(WorkCounts.Bytes(@case.Problem), Is.EqualTo(CaseWork.DenseBytes(@case.Shape, @case.Type)));
        }
    }

    [Test]
    public void A_window_may_cost_little_more_than_its_share()
    {
        BenchCase @case = ModifierTable.Cases.First(c => c is { Shape.KeyLength: 4096, Modifier.WindowKeys: 256 });
        GoalLine goal = Goals(@case).Single();
        goal.Check();
        double share = ((257 * 4096.0) - (256 * 257 / 2)) / (4096.0 * 4096); // the first rows see less
        Assert.That(goal.Aim, Is.EqualTo((1.15 * share) + (128 / 4096.0)).Within(5e-4));
        Assert.That(goal, Has.Property("Quantity").EqualTo(GoalQuantity.TimeOverProvider));
        Assert.That(goal, Has.Property("Against").EqualTo("plain"));
    }

    private static IEnumerable<GoalLine> Goals(BenchCase @case) => ModifierGoals.Of(@case.Problem, @case.Id);

    private static bool Sees(Modifier modifier, int i, int j) =>
        modifier.WindowKeys is { } window ? j <= i && j >= i - window
        : modifier != Modifiers.Prefix || j <= i || j < 256;

    private static BenchCase Case(Modifier modifier) => new()
    {
        Device = BenchDevice.Cpu,
        Shape = Shape,
        Mask = modifier == Modifiers.Prefix ? AttentionMask.Causal : AttentionMask.None,
        Modifier = modifier,
    };
}
