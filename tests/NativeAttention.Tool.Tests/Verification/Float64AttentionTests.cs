using NativeAttention.Testing;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Tests.Verification;

/// <summary>The reference of the tool and that of the tests were written apart; they must agree.</summary>
public class Float64AttentionTests
{
    [Test]
    public void It_agrees_with_the_reference_of_the_tests([Range(1, 40)] int seed)
    {
        Random random = new(seed);
        int kvHeads = random.Next(1, 4);
        AttentionShape shape = new(random.Next(0, 3), random.Next(0, 9), random.Next(0, 9),
            kvHeads * random.Next(1, 4), kvHeads, random.Next(1, 7), random.Next(1, 7));
        AttentionMask[] masks = [AttentionMask.None, AttentionMask.Causal, AttentionMask.CausalTopLeft];
        AttentionMask mask = masks[random.Next(masks.Length)];
        ElementType type = Enum.GetValues<ElementType>()[random.Next(3)];
        float scale = (float)((random.NextDouble() * 2) - 1);
        AttentionCase problem = new(type, shape, new() { Mask = mask, Scale = scale }, seed);
        TestContext.Out.WriteLine(problem);
        (double[] query, double[] key, double[] value) = Inputs(problem);
        Float64Attention exact = new Float64Attention(shape, mask, scale).Compute(query, key, value);
        Assert.That(exact.Output, Is.EqualTo(problem.Reference.Output).Within(1e-12));
        Assert.That(exact.Lse, Is.EqualTo(problem.Reference.Lse).Within(1e-12));
        Assert.That(exact.AbsoluteOutput, Is.EqualTo(problem.Reference.AbsoluteOutput).Within(1e-12));
        Assert.That(exact.ScoreMagnitude, Is.EqualTo(problem.Reference.ScoreMagnitude).Within(1e-12));
    }

    [Test]
    public void Its_bounds_are_close_to_those_of_the_tests(
        [Values] ElementType type, [Values(1, 2, 3)] int seed)
    {
        AttentionShape shape = new(1, 40, 50, 2, 2, 32);
        AttentionCase problem = new(type, shape, AttentionOptions.Causal, seed);
        (double[] query, double[] key, double[] value) = Inputs(problem);
        double scale = (float)(1 / Math.Sqrt(32));
        ErrorBound bound = ErrorBound.Of(type,
            new Float64Attention(shape, AttentionMask.Causal, scale).Compute(query, key, value),
            new Float64Attention(shape, AttentionMask.Causal, scale, type).Compute(query, key, value));
        Assert.That(bound.Output, Is.EqualTo(problem.Bound.Output).Within(25).Percent);
        Assert.That(bound.Lse, Is.EqualTo(problem.Bound.Lse).Within(1).Percent);
    }

    [Test]
    public void Two_keys_are_weighted_as_by_hand()
    {
        // scores 2 ln 2 and 0: weights 4/5 and 1/5
        AttentionShape shape = new(1, 1, 2, 1, 1, 1, 1);
        Float64Attention result = new Float64Attention(shape, AttentionMask.None, 2)
            .Compute([Math.Log(2)], [1, 0], [10, 20]);
        Assert.That(result.Output[0], Is.EqualTo(12).Within(1e-14));
        Assert.That(result.Lse[0], Is.EqualTo(Math.Log(5)).Within(1e-14));
    }

    [Test]
    public void A_misplaced_number_is_an_infinite_error()
    {
        AttentionShape shape = new(1, 2, 1, 1, 1, 1, 1);
        Float64Attention exact =
            new Float64Attention(shape, AttentionMask.Causal, 1).Compute([1, 1], [1], [3]);
        Assert.That(exact.Lse[0], Is.EqualTo(double.NegativeInfinity),
            "the first of two queries sees nothing");
        float[] lse = [float.NegativeInfinity, 1];
        Assert.That(ErrorMeasure.Of([0, 3], lse, exact), Is.EqualTo(new ErrorMeasure(0, 0, 0)));
        Assert.That(ErrorMeasure.Of([0, 3.5], lse, exact).MaxOutput, Is.EqualTo(0.5));
        Assert.That(ErrorMeasure.Of([0, double.NaN], lse, exact).MaxOutput,
            Is.EqualTo(double.PositiveInfinity));
        Assert.That(ErrorMeasure.Of([1e-9, 3], lse, exact).MaxOutput, Is.EqualTo(double.PositiveInfinity));
        Assert.That(ErrorMeasure.Of([0, 3], [0, 1], exact).MaxLse, Is.EqualTo(double.PositiveInfinity));
        Assert.That(ErrorMeasure.Of([0, 3], [float.NaN, 1], exact).MaxLse,
            Is.EqualTo(double.PositiveInfinity));
    }

    private static (double[] Query, double[] Key, double[] Value) Inputs(AttentionCase problem) =>
        problem.ElementType switch
        {
            ElementType.Float32 => Inputs<float>(problem),
            ElementType.Float16 => Inputs<Half>(problem),
            _ => Inputs<BFloat16>(problem),
        };

    private static (double[] Query, double[] Key, double[] Value) Inputs<T>(AttentionCase problem)
        where T : unmanaged
    {
        var views = TensorView.Of(problem.Shape, problem.Options.Layout);
        AttentionBuffers<T> buffers = problem.Allocate<T>();
        return (views.Query.Gather<T>(buffers.Query), views.Key.Gather<T>(buffers.Key),
            views.Value.Gather<T>(buffers.Value));
    }
}
