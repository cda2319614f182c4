namespace NativeAttention.Tool.Verification;

/// <summary>How far from float64 a kernel may be.</summary>
/// <remarks>
/// Output: twice the largest error of plain dense attention in the same type, plus 1e-5 (the acceptance rule
/// of FlashAttention). That error can by luck be next to nothing when few outputs are compared, so it counts
/// for at least the rounding nobody can avoid: half a unit in the last place of the largest output, or of the
/// largest sum of p |v| when there are fewer than 256 outputs; and the float32 error of a score enters with
/// 2^-23 of its magnitude. Log-sum-exp: 1e-3 for the 16-bit types and 1e-5 for float32, or where scores are
/// too large for that in float32, 2^-22 of their magnitude, 2^-21 for float32 (three tf32 products keep 21 bits).
/// A gradient is an output, with the magnitudes of what is added up in it.
/// </remarks>
/// <param name="Output">Largest absolute error of an output.</param>
/// <param name="Lse">Largest absolute error of a log-sum-exp.</param>
internal readonly record struct ErrorBound(double Output, double Lse)
{
    private const int FewOutputs = 256;

    /// <summary>The bound for one problem.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="exact">The problem in float64.</param>
    /// <param name="dense">The problem with the roundings of the type.</param>
    public static ErrorBound Of(ElementType type, Float64Attention exact, Float64Attention dense) =>
        Of(type, [(exact, dense)]);

    /// <summary>The bound for parts of one problem, such as some of its rows, together.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="parts">Each part in float64, and with the roundings of the type.</param>
    public static ErrorBound Of(
        ElementType type, IReadOnlyList<(Float64Attention Exact, Float64Attention Dense)> parts)
    {
        double error = 0, largest = 0, absolute = 0, magnitude = 0;
        int outputs = 0;
        foreach ((Float64Attention exact, Float64Attention dense) in parts)
        {
            outputs += exact.Output.Length;
            magnitude = Math.Max(magnitude, exact.ScoreMagnitude);
            for (int i = 0; i < exact.Output.Length; i++)
            {
                error = Math.Max(error, Math.Abs(dense.Output[i] - exact.Output[i]));
                largest = Math.Max(largest, Math.Abs(exact.Output[i]));
                absolute = Math.Max(absolute, exact.AbsoluteOutput[i]);
            }
        }

        (double lse, int bits) = type == ElementType.Float32 ? (1e-5, 21) : (1e-3, 22);
        return new ErrorBound(Allowed(type, outputs, error, largest, absolute, magnitude),
            Math.Max(lse, Math.ScaleB(magnitude, -bits)));
    }

    /// <summary>The bound for one gradient.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="exact">The gradient in float64.</param>
    /// <param name="plain">The gradient with the roundings of the type.</param>
    /// <param name="magnitude">Largest magnitude of a score.</param>
    public static ErrorBound Of(ElementType type, Float64Gradient exact, Float64Gradient plain, double magnitude)
    {
        double error = 0, largest = 0;
        for (int i = 0; i < exact.Values.Length; i++)
        {
            error = Math.Max(error, Math.Abs(plain.Values[i] - exact.Values[i]));
            largest = Math.Max(largest, Math.Abs(exact.Values[i]));
        }

        double absolute = exact.Absolute.DefaultIfEmpty().Max();
        return new ErrorBound(Allowed(type, exact.Values.Length, error, largest, absolute, magnitude), 0);
    }

    private static double Allowed(
        ElementType type, int outputs, double error, double largest, double absolute, double magnitude)
    {
        double floor = Elements.UnitRoundoff(type) * (outputs < FewOutputs ? absolute : largest);
        floor += Math.ScaleB(magnitude, -23) * absolute;
        return (2 * Math.Max(error, floor)) + 1e-5;
    }
}
