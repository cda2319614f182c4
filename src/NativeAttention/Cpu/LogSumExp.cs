namespace NativeAttention.Cpu;

/// <summary>The log-sum-exp of a row, from the softmax state that kernels keep in base 2.</summary>
internal static class LogSumExp
{
    /// <summary>log2(e): scores times this may be exponentiated in base 2.</summary>
    public const float Log2E = 1.4426950408889634f;

    private const double Ln2 = 0.6931471805599453;

    /// <summary>
    /// Natural log-sum-exp from a base-2 maximum and the sum of 2^(s - maximum). Nothing visible gives minus
    /// infinity.
    /// </summary>
    public static float FromBase2(float maximum, float sum) =>
        sum == 0 ? float.NegativeInfinity : (float)((maximum + Math.Log2(sum)) * Ln2);
}
