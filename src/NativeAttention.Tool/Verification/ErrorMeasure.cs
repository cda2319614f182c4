namespace NativeAttention.Tool.Verification;

/// <summary>How far a result was from float64.</summary>
/// <param name="MaxOutput">Largest absolute error of an output; infinite where a NaN or infinity is
/// misplaced.</param>
/// <param name="RelativeOutput">Euclidean norm of the error over that of the exact output.</param>
/// <param name="MaxLse">Largest absolute error of a log-sum-exp.</param>
internal readonly record struct ErrorMeasure(double MaxOutput, double RelativeOutput, double MaxLse)
{
    /// <summary>Measures a result, both in logical order.</summary>
    public static ErrorMeasure Of(double[] output, float[] lse, Float64Attention exact)
    {
        int dim = exact.Output.Length / Math.Max(1, exact.Lse.Length);
        double maxLse = 0;
        for (int row = 0; row < lse.Length; row++)
        {
            maxLse = Math.Max(maxLse, Difference(lse[row], exact.Lse[row]));
        }

        return Of(output, exact.Output, i => double.IsNegativeInfinity(exact.Lse[i / dim])) with { MaxLse = maxLse };
    }

    /// <summary>Measures a gradient, both in logical order.</summary>
    public static ErrorMeasure Of(double[] gradient, Float64Gradient exact) =>
        Of(gradient, exact.Values, i => exact.Absolute[i] == 0);

    private static ErrorMeasure Of(double[] actual, double[] exact, Func<int, bool> isEmpty)
    {
        double max = 0, squares = 0, norm = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double error = Difference(actual[i], exact[i]);
            // What sees nothing is 0 exactly; the bound is for rounding, and there is nothing to round.
            max = Math.Max(max, error != 0 && isEmpty(i) ? double.PositiveInfinity : error);
            squares += error * error;
            norm += exact[i] * exact[i];
        }

        return new ErrorMeasure(max, squares == 0 ? 0 : Math.Sqrt(squares / norm), 0);
    }

    private static double Difference(double actual, double expected) =>
        double.IsFinite(actual) && double.IsFinite(expected) ? Math.Abs(actual - expected)
        : actual.Equals(expected) ? 0
        : double.PositiveInfinity;
}
