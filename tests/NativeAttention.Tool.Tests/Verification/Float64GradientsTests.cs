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

    private static void AssertEqual(Float64Gradient actual, PairGradient expected)
    {
        Assert.That(actual.Values, Is.EqualTo(expected.Values).Within(1e-11));
        Assert.That(actual.Absolute, Is.EqualTo(expected.Absolute).Within(1e-11));
    }
}
