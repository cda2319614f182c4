namespace NativeAttention.Emulation;

/// <summary>How a rounding takes a value between two neighbours of a format.</summary>
internal enum FloatRounding
{
    /// <summary>To nearest, ties to even.</summary>
    NearestEven,

    /// <summary>To nearest, ties away from zero.</summary>
    NearestAway,

    /// <summary>Towards zero.</summary>
    Zero,

    /// <summary>Towards minus infinity.</summary>
    Down,

    /// <summary>Towards plus infinity.</summary>
    Up,
}

/// <summary>
/// A binary floating-point format: a sign, <c>ExponentBits</c> of biased exponent and <c>FractionBits</c> of
/// fraction, above <c>Padding</c> zeros.
/// </summary>
internal sealed record FloatFormat(
    int ExponentBits, int FractionBits, ulong CanonicalNaN, bool HasInfinity = true, int Padding = 0)
{
    public static readonly FloatFormat Binary64 = new(11, 52, FloatOperators.CanonicalNaN64);
    public static readonly FloatFormat Binary32 = new(8, 23, FloatOperators.CanonicalNaN);
    public static readonly FloatFormat Binary16 = new(5, 10, 0x7FFF);
    public static readonly FloatFormat BFloat16 = new(8, 7, 0x7FFF);
    public static readonly FloatFormat Tf32 = new(8, 10, FloatOperators.CanonicalNaN, Padding: 13);

    /// <summary>1.5.2: as binary16 with a shorter fraction.</summary>
    public static readonly FloatFormat E5M2 = new(5, 2, 0x7F);

    /// <summary>1.4.3: no infinity, and only all ones are NaN.</summary>
    public static readonly FloatFormat E4M3 = new(4, 3, 0x7F, HasInfinity: false);

    /// <summary>Exponent of the smallest normal number.</summary>
    public int MinimumExponent { get; } = 2 - (1 << (ExponentBits - 1));

    public ulong SignBit { get; } = 1UL << (ExponentBits + FractionBits + Padding);

    /// <summary>The bits of infinity; in a format without one, those behind the largest number.</summary>
    public ulong Infinity { get; } = HasInfinity
        ? ((1UL << ExponentBits) - 1) << (FractionBits + Padding) : CanonicalNaN;

    public ulong LargestFinite => Infinity - (1UL << Padding);

    public ulong One => (ulong)(1 - MinimumExponent) << (FractionBits + Padding);

    public bool IsNaN(ulong bits) => HasInfinity ? Size(bits) > Infinity : Size(bits) == Infinity;

    public bool IsNegative(ulong bits) => (bits & SignBit) != 0;

    public bool IsSubnormal(ulong bits)
    {
        ulong size = Size(bits);
        return size != 0 && size < 1UL << (FractionBits + Padding);
    }

    /// <summary>The bits without the sign.</summary>
    public ulong Size(ulong bits) => bits & (SignBit - 1);

    /// <summary>A zero of the same sign for a subnormal number.</summary>
    public ulong Flush(ulong bits) => IsSubnormal(bits) ? bits & SignBit : bits;

    /// <summary>Clamps to [0, 1]; NaN gives 0.</summary>
    public ulong Saturate(ulong bits) => IsNaN(bits) || IsNegative(bits) ? 0 : Math.Min(bits, One);

    /// <summary>Zero for negative numbers; NaN stays.</summary>
    public ulong Rectify(ulong bits) => IsNegative(bits) && !IsNaN(bits) ? 0 : bits;
}
