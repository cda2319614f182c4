namespace NativeAttention.Cpu;

/// <summary>
/// Minimax polynomials of degree 5 for 2^f, fitted by the Remez exchange on the relative error, which is
/// 7.5e-8 on both intervals: a little above half a unit in the last place of a float.
/// </summary>
internal static class Exp2Polynomial
{
    /// <summary>
    /// Below this, 2^x is taken as 0: its exponent could no longer be set by an integer addition.
    /// </summary>
    public const float Underflow = -125f;

    /// <summary>1.5 * 2^23: added and subtracted, it rounds a small float to the nearest integer.</summary>
    public const float RoundingShift = 12582912f;

    /// <summary>Bits of the fraction of a float: an integer shifted by this adds to the exponent.</summary>
    public const int FractionBits = 23;

    /// <summary>Coefficients for f in [-1/2, 1/2].</summary>
    public const float C0 = 1.000000072f, C1 = 0.6931469671f, C2 = 0.2402211972f, C3 = 0.05550713272f,
        C4 = 0.009675541343f, C5 = 0.001327647263f;

    /// <summary>Coefficients for f in [0, 1).</summary>
    public const float F0 = 0.9999999251f, F1 = 0.6931530732f, F2 = 0.240153617f, F3 = 0.05582631823f,
        F4 = 0.008989339877f, F5 = 0.001877576766f;
}
