using NativeAttention.Testing;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Tests.Verification;

/// <summary>The gradients of the tool and those of the tests were written apart; they must agree.</summary>
public class Float64GradientsTests
{
    [Test]
    public void They_agree_with_the_reference_of_the_tests([Range(1, 30)] int seed)
    {
        Random random = new(seed);
        int kvHeads = random.Next(1, 4);
        AttentionShape s = new(random.Next(1, 3), random.Next(0, 9), random.Next(0, 9), kvHeads * random.Next(1, 4), kvHeads,
            random.Next(1, 7), random.Next(1, 7));
        AttentionMask[] masks = [AttentionMask.None, AttentionMask.Causal, AttentionMask.CausalTopLeft];
        AttentionMask mask = masks[random.Next(masks.Length)];
        float scale = (float)((random.NextDouble() * 2) - 1);
        DenseBackwardCase problem = new(ElementType.Float32, s, new() { Mask = mask, Scale = scale }, seed);
        TestContext.Out.WriteLine(problem);
        PairInputs at = problem.Inputs;
        double[] outputGradient = LogicalTensor.Random(
            ElementType.Float32, s.Batch * s.QueryHeads * s.QueryLength * s.ValueHeadDim, random);
        PairGradients expected = PairAttention.Backward(at, problem.Reference.Output, problem.Reference.Lse, outputGradient,
            new double[problem.Reference.Lse.Length], default(FullPrecision));
        Float64Attention forward = new Float64Attention(s, mask, scale)
        {
            Probabilities = new double[s.Batch * s.QueryHeads * s.QueryLength * s.KeyLength],
        }.Compute(at.Query, at.Key, at.Value);
        Float64Gradients actual =
            new Float64Gradients(s, scale).Compute(at.Query, at.Key, at.Value, forward, outputGradient);
        AssertEqual(actual.Query, expected.Query);
        AssertEqual(actual.Key, expected.Key);
        AssertEqual(actual.Value, expected.Value);
    }

    [Test]
    public void On_maps_with_extra_keys_bias_and_a_gradient_of_the_log_sum_exp_they_agree_too([Range(1, 20)] int seed)
    {
        Random random = new(seed);
        int kvHeads = random.Next(1, 3), heads = kvHeads * random.Next(1, 3);
        GridShape grid = new(random.Next(4, 8), random.Next(5, 9));
        NeighborhoodAxis[] axes = [new(3, Stride: random.Next(1, 4), Causal: seed % 2 == 0), new(2, Dilation: 2)];
        MapPattern map = new MapPattern(grid, axes) { ExtraKeys = random.Next(4), HasBias = true }.Draw(heads, seed);
        int tokens = (int)grid.Tokens, extra = map.ExtraKeys, dim = random.Next(1, 7), valueDim = random.Next(1, 7);
        AttentionShape s = new(1, tokens, tokens + extra, heads, kvHeads, dim, valueDim);
        NeighborhoodCase problem =
            new(ElementType.Float32, map.ToShape(s), PatternSpec.Windows(axes), seed) { RelativeBias = true };
        TestContext.Out.WriteLine(problem);
        PairInputs at = problem.Inputs with { Bias = [.. map.Bias.Select(b => (double)b)] };
        AttentionReference attention = PairAttention.Forward(at, default(FullPrecision));
        double[] outputGradient = LogicalTensor.Random(ElementType.Float32, heads * tokens * valueDim, random);
        double[] lseGradient = LogicalTensor.Random(ElementType.Float32, heads * tokens, random);
        PairGradients expected = PairAttention.Backward(
            at, attention.Output, attention.Lse, outputGradient, lseGradient, default(FullPrecision));

        double[] key = Joined(at.Key, dim), value = Joined(at.Value, valueDim);
        Float64Attention forward = new Float64Attention(s, AttentionMask.None, at.Scale, null, map)
        {
            Probabilities = new double[heads * tokens * (tokens + extra)],
        }.Compute(at.Query, key, value);
        Assert.That(forward.Output, Is.EqualTo(attention.Output).Within(1e-12));
        Assert.That(forward.Lse, Is.EqualTo(attention.Lse).Within(1e-12));
        Assert.That(forward.ScoreMagnitude, Is.EqualTo(attention.ScoreMagnitude).Within(1e-12));
        Float64Gradients actual = new Float64Gradients(s, at.Scale, null, map)
            .Compute(at.Query, key, value, forward, outputGradient, lseGradient);
        AssertEqual(actual.Query, expected.Query);
        AssertEqual(actual.Bias, expected.Bias);
        Assert.That(actual.Key.Values, Is.EqualTo(Joined(expected.Key.Values, dim)).Within(1e-11));
        Assert.That(actual.Key.Absolute, Is.EqualTo(Joined(expected.Key.Absolute, dim)).Within(1e-11));
        Assert.That(actual.Value.Values, Is.EqualTo(Joined(expected.Value.Values, valueDim)).Within(1e-11));

        // There extra keys follow those of all heads, here those of each.
        double[] Joined(double[] rows, int length) => [.. Enumerable.Range(0, kvHeads).SelectMany(h =>
            rows.Skip(h * tokens * length).Take(tokens * length)
                .Concat(rows.Skip(((kvHeads * tokens) + (h * extra)) * length).Take(extra * length)))];
    }

    private static void AssertEqual(Float64Gradient actual, PairGradient expected)
    {
        Assert.That(actual.Values, Is.EqualTo(expected.Values).Within(1e-11));
        Assert.That(actual.Absolute, Is.EqualTo(expected.Absolute).Within(1e-11));
    }
}
