using System.Numerics.Tensors;

namespace NativeAttention.Tests.Properties;

/// <summary>Truths about attention that need no reference, on random problems.</summary>
[TestFixture("default")]
[TestFixture("reference")]
public class AttentionPropertyTests(string rungName)
{
    // Outputs are averages of normal numbers, at most about 5; sums have up to 140 terms.
    private const double Tolerance = 1e-5;

    private readonly string? rung = rungName == "default" ? null : rungName;

    [Test]
    public void A_constant_value_is_the_output() => Property.Holds(p =>
    {
        float[] constant = new float[p.Value().Length];
        Array.Fill(constant, 1.25f);
        PropertyRun run = Run(p, new(p.Query(), p.Key(), constant));
        float[] expected = new float[run.Output.Length];
        for (int n = 0; n < expected.Length; n++)
        {
            expected[n] = float.IsNegativeInfinity(run.Lse[LseRow(p, n / p.ValueDim)]) ? 0 : 1.25f;
        }

        Property.Near("output", run.Output, expected, 2e-6);
    });

    [Test]
    public void Splitting_the_keys_and_merging_changes_nothing() => Property.Holds(p =>
    {
        Random random = p.Draw();
        int offset = random.Next(-20, 60), cut = random.Next(p.Keys + 1);
        PropertyRun whole = Run(p, new(p.Query(), p.Key(), p.Value()), p.Shape, offset);
        PropertyRun first = Part([.. Enumerable.Range(0, cut)], offset);
        PropertyRun second = Part([.. Enumerable.Range(cut, p.Keys - cut)], offset - cut);
        nint[] axes = [p.Batch, p.Queries, p.Shape.QueryHeads, p.ValueDim];
        nint[] rows = [p.Batch, p.Shape.QueryHeads, p.Queries];
        PropertyRun merged = new(new float[whole.Output.Length], new float[whole.Lse.Length]);
        AttentionMerge.MergePair<float, float>(
            new ReadOnlyTensorSpan<float>(first.Output, axes),
            new ReadOnlyTensorSpan<float>(first.Lse, rows),
            new ReadOnlyTensorSpan<float>(second.Output, axes),
            new ReadOnlyTensorSpan<float>(second.Lse, rows),
            new TensorSpan<float>(merged.Output, axes), new TensorSpan<float>(merged.Lse, rows));
        Property.Near("output", merged.Output, whole.Output, Tolerance);
        Property.Near("lse", merged.Lse, whole.Lse, Tolerance);

        PropertyRun Part(int[] keys, int diagonal) => Run(p, new(p.Query(),
            Rows.Take(p.Key(), p.Batch, p.Keys, keys), Rows.Take(p.Value(), p.Batch, p.Keys, keys)),
            p.Shape with { KeyLength = keys.Length }, diagonal);
    });

    [Test]
    public void Permuting_keys_changes_nothing_without_a_mask() => Property.Holds(p =>
    {
        p = p with { MaskKind = 0 };
        int[] order = [.. Enumerable.Range(0, p.Keys)];
        p.Draw().Shuffle(order);
        PropertyRun before = Run(p, new(p.Query(), p.Key(), p.Value()));
        PropertyRun after = Run(p, new(p.Query(), Rows.Take(p.Key(), p.Batch, p.Keys, order),
            Rows.Take(p.Value(), p.Batch, p.Keys, order)));
        Property.Near("output", after.Output, before.Output, Tolerance);
        Property.Near("lse", after.Lse, before.Lse, Tolerance);
    });

    [Test]
    public void A_window_as_wide_as_the_sequence_is_no_window() => Property.Holds(p =>
    {
        int offset = p.Draw().Next(-20, 60), wide = p.Queries + p.Keys + 60;
        AssertSame(AttentionMask.None, AttentionMask.Window(wide, wide));
        AssertSame(AttentionMask.Causal, AttentionMask.Window(wide, 0));

        void AssertSame(AttentionMask dense, AttentionMask window)
        {
            AttentionOptions options = new() { DiagonalOffset = offset };
            AttentionInputs<float> inputs = new(p.Query(), p.Key(), p.Value());
            var expected = PropertyRun.Of(rung, p.Shape, options with { Mask = dense }, inputs);
            AssertBits(PropertyRun.Of(rung, p.Shape, options with { Mask = window }, inputs), expected);
        }
    });

    [Test]
    public void A_constant_bias_changes_the_lse_alone() => Property.Holds(p =>
    {
        float constant = (p.Draw().NextSingle() * 60) - 30;
        AttentionOptions options = new()
        {
            Mask = p.Mask,
            Operands = new() { Bias = new BiasForm(default, ElementType.Float32) },
        };
        PropertyRun before = Run(p, new(p.Query(), p.Key(), p.Value()));
        var after = PropertyRun.Of(rung, p.Shape, options,
            new AttentionInputs<float>(p.Query(), p.Key(), p.Value()) { Bias = new[] { constant } });
        // A score of magnitude 30 is rounded by 2^-20, which the weights feel as a relative error.
        Property.Near("output", after.Output, before.Output, 3e-5);
        Property.Near("lse", after.Lse, Array.ConvertAll(before.Lse, x => x + constant), 3e-5);
    });

    [Test]
    public void A_causal_row_does_not_depend_on_later_tokens() => Property.Holds(p =>
    {
        p = p with { MaskKind = 1 };
        int rows = p.Draw().Next(p.Queries + 1);
        int keys = Math.Clamp(rows + p.Keys - p.Queries, 0, p.Keys);
        PropertyRun before = Run(p, new(p.Query(), p.Key(), p.Value()));
        PropertyRun after = Run(p, new(p.Query(), Spoil(p.Key(), _ => float.NaN),
            Spoil(p.Value(), x => 1000 - (3 * x))));
        int[] seen = [.. Enumerable.Range(0, rows)];
        Property.Same("output", Rows.Take(after.Output, p.Batch, p.Queries, seen),
            Rows.Take(before.Output, p.Batch, p.Queries, seen));
        int heads = p.Batch * p.Shape.QueryHeads;
        Property.Same("lse", Rows.Take(after.Lse, heads, p.Queries, seen),
            Rows.Take(before.Lse, heads, p.Queries, seen));

        float[] Spoil(float[] x, Func<float, float> spoiled)
        {
            int row = p.Keys == 0 ? 1 : x.Length / (p.Batch * p.Keys);
            return [.. x.Select((value, n) => n / row % Math.Max(1, p.Keys) < keys ? value : spoiled(value))];
        }
    });

    [Test]
    public void Grouped_heads_equal_repeated_heads() => Property.Holds(p =>
    {
        PropertyRun grouped = Run(p, new(p.Query(), p.Key(), p.Value()));
        PropertyRun repeated = Run(p, new(p.Query(), Rows.RepeatHeads(p.Key(), p.HeadDim, p.Group),
            Rows.RepeatHeads(p.Value(), p.ValueDim, p.Group)),
            p.Shape with { KeyValueHeads = p.Shape.QueryHeads });
        AssertBits(grouped, repeated);
    });

    [Test]
    public void Bshd_and_bhsd_give_the_same_bits() => Property.Holds(p =>
    {
        AttentionOptions options = new() { Mask = p.Mask, Layout = AttentionLayout.Bhsd };
        PropertyRun bshd = Run(p, new(p.Query(), p.Key(), p.Value()));
        var bhsd = PropertyRun.Of(rung, p.Shape, options, new(
            Rows.HeadsFirst(p.Query(), p.Batch, p.Queries, p.Shape.QueryHeads, p.HeadDim),
            Rows.HeadsFirst(p.Key(), p.Batch, p.Keys, p.KeyHeads, p.HeadDim),
            Rows.HeadsFirst(p.Value(), p.Batch, p.Keys, p.KeyHeads, p.ValueDim)));
        AssertBits(bhsd, bshd with
        {
            Output = Rows.HeadsFirst(bshd.Output, p.Batch, p.Queries, p.Shape.QueryHeads, p.ValueDim),
        });
    });

    // To the bit, unless the lengths made the backend choose two kernels.
    private static void AssertBits(PropertyRun actual, PropertyRun expected)
    {
        if (actual.Kernel != expected.Kernel)
        {
            Property.Near("output", actual.Output, expected.Output, Tolerance);
            Property.Near("lse", actual.Lse, expected.Lse, Tolerance);
            return;
        }

        Property.Same("output", actual.Output, expected.Output);
        Property.Same("lse", actual.Lse, expected.Lse);
    }

    // The place in the log-sum-exp of a row of the output, [batch, queries, heads].
    private static int LseRow(SmallProblem p, int row)
    {
        (int rest, int h) = Math.DivRem(row, p.Shape.QueryHeads);
        (int b, int i) = Math.DivRem(rest, p.Queries);
        return (((b * p.Shape.QueryHeads) + h) * p.Queries) + i;
    }

    private PropertyRun Run(SmallProblem p, in AttentionInputs<float> inputs, AttentionShape? shape = null,
        int? offset = null) => PropertyRun.Of(
            rung, shape ?? p.Shape, new() { Mask = p.Mask, DiagonalOffset = offset }, inputs);
}
