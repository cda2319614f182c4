namespace NativeAttention.Testing;

/// <summary>How far from float64 a result may be, on the maximum.</summary>
/// <remarks>
/// Output: twice the error of <see cref="DenseAttention"/> plus 1e-5. The yardstick's own maximum is a matter
/// of luck when there are few outputs or when one rounding decides it (one query, one dim: it may hit the
/// exact value), so it counts for at least the rounding that no implementation can avoid: half a unit in the
/// last place of the largest output. Below <see cref="FewOutputs"/> outputs, where also the rounding of P is
/// luck, it counts for at least the unit roundoff times the largest sum of p |v|. A score of magnitude A
/// carries a float32 error of about 2^-23 A into P; A is about 6 for ordinary inputs, and matters only in the
/// tests of huge logits. LSE: 1e-3 for the 16-bit types, 1e-5 for float32; where scores are so large that
/// float32 cannot hold it to that, 2^-22 A, and for float32 2^-21 A, since kernels may multiply by three tf32
/// products, which keep 21 bits of each factor. That is from A = 21 on for float32.
/// </remarks>
/// <param name="Output">Largest allowed absolute error of the output.</param>
/// <param name="Lse">Largest allowed absolute error of the log-sum-exp.</param>
public readonly record struct AttentionBound(double Output, double Lse)
{
    /// <summary>Number of outputs below which a maximum over them is luck.</summary>
    public const int FewOutputs = 256;

    /// <summary>The bound of one case.</summary>
    public static AttentionBound Of(ElementType type, AttentionReference reference, double[] denseOutput)
    {
        double error = 0, largest = 0, absolute = 0;
        for (int i = 0; i < denseOutput.Length; i++)
        {
            error = MaxFinite(error, denseOutput[i] - reference.Output[i]);
            largest = MaxFinite(largest, reference.Output[i]);
            absolute = MaxFinite(absolute, reference.AbsoluteOutput[i]);
        }

        double roundoff = Elements.UnitRoundoff(type);
        double floor = roundoff * (denseOutput.Length < FewOutputs ? absolute : largest);
        floor += Math.ScaleB(reference.ScoreMagnitude, -23) * absolute;
        (double lse, int bits) = type == ElementType.Float32 ? (1e-5, 21) : (1e-3, 22);
        return new AttentionBound((2 * Math.Max(error, floor)) + 1e-5,
            Math.Max(lse, Math.ScaleB(reference.ScoreMagnitude, -bits)));
    }

    private static double MaxFinite(double a, double b) => double.IsFinite(b) ? Math.Max(a, Math.Abs(b)) : a;
}
