using NativeAttention.Testing;

namespace NativeAttention.Conformance.Tests;

/// <summary>Holds a result against the expected output of a case, with the tolerance of the case.</summary>
internal static class OnnxComparison
{
    /// <summary>|result - expected| &lt;= atol + rtol |expected|, infinities exactly.</summary>
    public static void Check<T>(OnnxCase onnx, string output, T[] result)
        where T : unmanaged
    {
        T[] expected = onnx.ReadOutput(output).Values<T>();
        Assert.That(result, Has.Length.EqualTo(expected.Length), $"elements of {output}");
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double actual = Elements.ToDouble(result[i]), wanted = Elements.ToDouble(expected[i]);
            double allowed = onnx.AbsoluteTolerance + (onnx.RelativeTolerance * Math.Abs(wanted));
            double error = Math.Abs(actual - wanted);
            bool agrees = double.IsFinite(wanted) ? error <= allowed : actual.Equals(wanted);
            Assert.That(agrees,
                $"{output}, element {i}: {actual} instead of {wanted}, {error} apart, {allowed} allowed");
            worst = double.IsFinite(wanted) ? Math.Max(worst, error) : worst;
        }

        TestContext.Out.WriteLine($"{output}: {expected.Length} elements, largest error {worst:0.0e+00}");
    }

    /// <summary>Present keys or values, which are copies: to the bit. Nothing when there are none.</summary>
    public static void CheckPresent<T>(OnnxCase onnx, string output, T[] result)
        where T : unmanaged
    {
        if (onnx.HasOutput(output))
        {
            Assert.That(result, Is.EqualTo(onnx.ReadOutput(output).Values<T>()), output);
        }
    }
}
