using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Problems;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>That a wrong output does not pass.</summary>
public class RowCheckTests
{
    private static readonly BenchCase Causal = new()
    {
        Device = BenchDevice.Cpu,
        Shape = new AttentionShape(2, 19, 33, 4, 2, 24),
        Mask = AttentionMask.Causal,
    };

    [Test]
    public void What_the_library_computes_passes()
    {
        foreach (ElementType type in (ElementType[])[ElementType.Float32, ElementType.Float16, ElementType.BFloat16])
        {
            using BenchBody body = BenchBody.Of(Causal with { Type = type });
            Accuracy accuracy = body.Check();
            Assert.That(accuracy.MaxError, Is.LessThanOrEqualTo(accuracy.Bound));
            Assert.That(accuracy.Bound, Is.LessThan(0.01));
            Assert.That(accuracy.RelativeError, Is.LessThan(0.02));
        }
    }

    [Test]
    public void What_is_right_for_another_mask_does_not_pass()
    {
        float[] output = Compute(Causal with { Mask = AttentionMask.None });
        Accuracy accuracy = Operands<float>.Of(Causal.Shape).Check<float>(Causal, output);
        Assert.That(accuracy.RelativeError, Is.GreaterThan(0.1));
        Assert.That(accuracy.MaxError, Is.GreaterThan(accuracy.Bound));
    }

    [Test]
    public void NaN_does_not_pass()
    {
        float[] output = Compute(Causal);
        output[0] = float.NaN;
        Accuracy accuracy = Operands<float>.Of(Causal.Shape).Check<float>(Causal, output);
        Assert.That(accuracy.MaxError <= accuracy.Bound, Is.False);
        Assert.That(accuracy.RelativeError <= 1, Is.False);
    }

    private static float[] Compute(BenchCase @case)
    {
        AttentionShape s = @case.Shape;
        Operands<float> inputs = Operands<float>.Of(s);
        float[] output = new float[s.Batch * s.QueryLength * s.QueryHeads * s.ValueHeadDim];
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        runtime.Attend<float>(inputs.Query, inputs.Key, inputs.Value, output, s, @case.Options);
        return output;
    }
}
