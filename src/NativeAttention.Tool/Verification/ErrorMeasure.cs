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
        double max = 0, squares = 0, norm = 0;
        int dim = exact.Output.Length / Math.Max(1, exact.Lse.Length);
        for (int i = 0; i < output.Length; i++)
        {
            double error = Difference(output[i], exact.Output[i]);
            // A row that sees nothing is 0 exactly; the bound is for rounding, and there is nothing to round.
            bool empty = double.IsNegativeInfinity(exact.Lse[i / dim]);
            max = Math.Max(max, empty && error != 0 ? double.PositiveInfinity : error);
            squares += error * error;
            norm += exact.Output[i] * exact.Output[i];
        }

        double maxLse = 0;
        for (int row = 0; row < lse.Length; row++)
        {
            maxLse = Math.Max(maxLse, Difference(lse[row], exact.Lse[row]));
        }

        return new ErrorMeasure(max, squares == 0 ? 0 : Math.Sqrt(squares / norm), maxLse);
    }

    private static double Difference(double actual, double expected) =>
        double.IsFinite(actual) && double.IsFinite(expected) ? Math.Abs(actual - expected)
        : actual.Equals(expected) ? 0
        : double.PositiveInfinity;
}
