using NativeAttention.Testing;

namespace NativeAttention.Tests.Properties;

/// <summary>Numbers at the edges of their range, on random problems.</summary>
[TestFixture("default")]
[TestFixture("reference")]
public class NumericPropertyTests(string rungName)
{
    private readonly string? rung = rungName == "default" ? null : rungName;

    [Test]
    public void Logits_of_ten_thousand_agree_with_float64([Values] ElementType type) => Property.Holds(p =>
        new AttentionCase(type, p.Shape, new() { Mask = p.Mask, Tuning = new() { Rung = rung } }, p.Seed,
            InputKind.HugeLogits).RunOn(PropertyBackend.Value));

    [Test]
    public void Rows_of_minus_infinity_are_empty_and_leave_the_others_alone() => Property.Holds(p =>
    {
        Random random = p.Draw();
        bool[] hidden = [.. Enumerable.Range(0, p.Queries).Select(_ => random.Next(2) == 0)];
        PropertyRun before = Run(_ => 0), after = Run(i => hidden[i] ? float.NegativeInfinity : 0);
        for (int n = 0; n < after.Output.Length; n++)
        {
            int i = n / (p.ValueDim * p.Shape.QueryHeads) % p.Queries;
            Property.Same($"output of query {i}", [after.Output[n]], [hidden[i] ? 0 : before.Output[n]]);
        }

        for (int n = 0; n < after.Lse.Length; n++)
        {
            Property.Same("lse", [after.Lse[n]],
                [hidden[n % p.Queries] ? float.NegativeInfinity : before.Lse[n]]);
        }

        PropertyRun Run(Func<int, float> bias) => PropertyRun.Of(rung, p.Shape, new()
        {
            Mask = p.Mask,
            Operands = new() { Bias = new BiasForm(new OperandStrides(0, 0, 1, 0), ElementType.Float32) },
        }, new AttentionInputs<float>(p.Query(), p.Key(), p.Value())
        {
            Bias = Enumerable.Range(0, p.Queries).Select(bias).ToArray(),
        });
    });

    // Nothing but zeros times negative values: a sum that begins with the first product would be a negative zero.
    [Test]
    public void Empty_rows_are_zeros_without_a_sign([Values(1, 2, 97)] int keys, [Values(1, 33, 64)] int queries)
    {
        AttentionShape shape = new(1, queries, keys, 2, 1, 5) { ValueHeadDim = 36 };
        float[] query = [.. Enumerable.Repeat(1f, queries * 2 * 5)], key = [.. Enumerable.Repeat(1f, keys * 5)];
        PropertyRun run = PropertyRun.Of(rung, shape, new()
        {
            Operands = new() { Bias = new BiasForm(new OperandStrides(0, 0, 1, 0), ElementType.Float32) },
        }, new AttentionInputs<float>(query, key, [.. Enumerable.Repeat(-1f, keys * 36)])
        {
            Bias = Enumerable.Repeat(float.NegativeInfinity, queries).ToArray(),
        });
        Property.Same("output", run.Output, new float[run.Output.Length]);
    }

    // Scores are 0 to any precision, so each output is the mean of its values: sums of denormal products are
    // rounded by one denormal step a key at most, and flushing them to 0 would be thousands of steps.
    [Test]
    public void Denormal_inputs_are_numbers_like_any_other() => Property.Holds(p =>
    {
        p = p with { MaskKind = 0 };
        float step = BitConverter.Int32BitsToSingle(1);
        float[] values = Scale(p.Value(), 1e-40f);
        var run = PropertyRun.Of(rung, p.Shape, new(),
            new(Scale(p.Query(), 1e-40f), Scale(p.Key(), 1e-40f), values));
        int row = p.KeyHeads * p.ValueDim;
        float[] expected = new float[run.Output.Length];
        for (int n = 0; n < expected.Length && p.Keys > 0; n++)
        {
            (int rest, int d) = Math.DivRem(n, p.ValueDim);
            (rest, int h) = Math.DivRem(rest, p.Shape.QueryHeads);
            int b = rest / p.Queries;
            expected[n] = (float)Enumerable.Range(0, p.Keys)
                .Average(j => (double)values[(((b * p.Keys) + j) * row) + (h / p.Group * p.ValueDim) + d]);
        }

        Property.Near("output", run.Output, expected, ((p.Keys + 2) * (double)step) + PropertyBackend.DenormalLoss);
    });

    [Test]
    public void What_is_not_a_number_stays_in_its_row(
        [Values(float.NaN, float.PositiveInfinity)] float bad) =>
        Property.Holds(p =>
        {
            float[] query = p.Query();
            if (query.Length == 0)
            {
                return;
            }

            int place = p.Draw().Next(query.Length), spoiled = place / p.HeadDim;
            PropertyRun before = Run(p, query);
            query[place] = bad;
            PropertyRun after = Run(p, query);
            for (int row = 0; row < after.Output.Length / p.ValueDim; row++)
            {
                Span<float> was = before.Output.AsSpan(row * p.ValueDim, p.ValueDim);
                Span<float> now = after.Output.AsSpan(row * p.ValueDim, p.ValueDim);
                if (row != spoiled)
                {
                    Property.Same($"row {row}", now, was);
                }
                else if (float.IsNaN(bad) && was.ContainsAnyExcept(0))
                {
                    Property.Near($"row {row}", now, Enumerable.Repeat(float.NaN, now.Length).ToArray(), 0);
                }
            }
        });

    private PropertyRun Run(SmallProblem p, float[] query) =>
        PropertyRun.Of(rung, p.Shape, new() { Mask = p.Mask }, new(query, p.Key(), p.Value()));

    private static float[] Scale(float[] x, float factor) => Array.ConvertAll(x, v => v * factor);
}
