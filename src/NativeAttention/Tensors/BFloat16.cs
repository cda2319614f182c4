using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace NativeAttention;

/// <summary>
/// bfloat16: sign, eight exponent bits and seven fraction bits; the upper half of a binary32. A storage
/// format: it converts, compares and prints, and has no arithmetic of its own.
/// </summary>
/// <remarks>
/// Conversions to it round to nearest, ties to even, and keep the sign and the upper payload bits of a NaN,
/// made quiet. .NET 10 has no such type; this one has the bits and the rounding of the type that .NET 11
/// adds.
/// </remarks>
public readonly struct BFloat16 : IEquatable<BFloat16>, IComparable<BFloat16>, IComparable, IFormattable
{
    private const ushort SignMask = 0x8000;
    private const ushort MagnitudeMask = 0x7FFF;
    private const ushort InfinityBits = 0x7F80;
    private const ushort QuietBit = 0x0040;
    private const int MostDigits = 4;

    private readonly ushort bits;

    private BFloat16(ushort bits) => this.bits = bits;

    /// <summary>The largest finite value, about 3.39e38.</summary>
    public static BFloat16 MaxValue => new(0x7F7F);

    /// <summary>The most negative finite value, about -3.39e38.</summary>
    public static BFloat16 MinValue => new(0xFF7F);

    /// <summary>The smallest positive value, 2^-133, which is subnormal.</summary>
    public static BFloat16 Epsilon => new(0x0001);

    /// <summary>Positive infinity.</summary>
    public static BFloat16 PositiveInfinity => new(InfinityBits);

    /// <summary>Negative infinity.</summary>
    public static BFloat16 NegativeInfinity => new(InfinityBits | SignMask);

    /// <summary>A quiet NaN.</summary>
    public static BFloat16 NaN => new(0xFFC0);

    /// <summary>The value with the given bits.</summary>
    /// <param name="bits">Sign in bit 15, exponent in bits 14 to 7, fraction below.</param>
    public static BFloat16 FromBits(ushort bits) => new(bits);

    /// <summary>The bits of this value: sign in bit 15, exponent in bits 14 to 7, fraction below.</summary>
    public ushort ToBits() => bits;

    /// <summary>Whether a value is not a number.</summary>
    public static bool IsNaN(BFloat16 value) => (value.bits & MagnitudeMask) > InfinityBits;

    /// <summary>Whether a value is positive or negative infinity.</summary>
    public static bool IsInfinity(BFloat16 value) => (value.bits & MagnitudeMask) == InfinityBits;

    /// <summary>Whether a value is neither infinite nor NaN.</summary>
    public static bool IsFinite(BFloat16 value) => (value.bits & MagnitudeMask) < InfinityBits;

    /// <summary>Whether the sign bit is set; true for -0 and for a NaN with its sign bit set.</summary>
    public static bool IsNegative(BFloat16 value) => (value.bits & SignMask) != 0;

    /// <summary>Rounds to nearest, ties to even.</summary>
    public static explicit operator BFloat16(float value)
    {
        uint wide = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
        {
            return new BFloat16((ushort)((wide >> 16) | QuietBit));
        }

        // Adding 0x7FFF, and one more when the kept part is odd, carries exactly when rounding goes up.
        return new BFloat16((ushort)((wide + 0x7FFF + ((wide >> 16) & 1)) >> 16));
    }

    /// <summary>Rounds to nearest, ties to even, in one step (not by way of a rounded float).</summary>
    public static explicit operator BFloat16(double value) => (BFloat16)RoundToOdd(value);

    /// <summary>Rounds to nearest, ties to even.</summary>
    public static explicit operator BFloat16(Half value) => (BFloat16)(float)value;

    /// <summary>Exact.</summary>
    public static explicit operator float(BFloat16 value) =>
        BitConverter.UInt32BitsToSingle((uint)value.bits << 16);

    /// <summary>Exact.</summary>
    public static explicit operator double(BFloat16 value) => (float)value;

    /// <summary>Rounds to nearest, ties to even; values beyond 65504 become infinite.</summary>
    public static explicit operator Half(BFloat16 value) => (Half)(float)value;

    /// <summary>Numeric equality: NaN equals nothing, and the two zeros are equal.</summary>
    public static bool operator ==(BFloat16 left, BFloat16 right) => (float)left == (float)right;

    /// <summary>The negation of <c>==</c>.</summary>
    public static bool operator !=(BFloat16 left, BFloat16 right) => !(left == right);

    /// <summary>Numeric order; false when either is NaN.</summary>
    public static bool operator <(BFloat16 left, BFloat16 right) => (float)left < (float)right;

    /// <summary>Numeric order; false when either is NaN.</summary>
    public static bool operator >(BFloat16 left, BFloat16 right) => (float)left > (float)right;

    /// <summary>Numeric order; false when either is NaN.</summary>
    public static bool operator <=(BFloat16 left, BFloat16 right) => (float)left <= (float)right;

    /// <summary>Numeric order; false when either is NaN.</summary>
    public static bool operator >=(BFloat16 left, BFloat16 right) => (float)left >= (float)right;

    /// <summary>Reads a number: the nearest double, rounded to nearest.</summary>
    /// <param name="text">A number as <see cref="double.Parse(string, IFormatProvider)"/> takes it.</param>
    /// <param name="provider">Culture of the text; null means the current one.</param>
    /// <exception cref="FormatException">The text is no number.</exception>
    public static BFloat16 Parse(string text, IFormatProvider? provider = null) =>
        (BFloat16)double.Parse(text, NumberStyles.Float | NumberStyles.AllowThousands, provider);

    /// <summary>Reads a number without throwing.</summary>
    /// <param name="text">The text.</param>
    /// <param name="provider">Culture of the text; null means the current one.</param>
    /// <param name="value">The number, or 0 when the text is none.</param>
    /// <returns>Whether the text was a number.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, IFormatProvider? provider,
        out BFloat16 value)
    {
        bool read = double.TryParse(text, NumberStyles.Float | NumberStyles.AllowThousands, provider,
            out double wide);
        value = (BFloat16)wide;
        return read;
    }

    /// <summary>As <c>==</c>, but NaN equals NaN.</summary>
    public bool Equals(BFloat16 other) => this == other || (IsNaN(this) && IsNaN(other));

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is BFloat16 other && Equals(other);

    /// <summary>Equal for values that <see cref="Equals(BFloat16)"/> calls equal.</summary>
    public override int GetHashCode() => IsNaN(this) ? InfinityBits : ((float)this).GetHashCode();

    /// <summary>Numeric order with NaN before everything else.</summary>
    public int CompareTo(BFloat16 other) => ((float)this).CompareTo((float)other);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// <paramref name="obj"/> is not a <see cref="BFloat16"/>.
    /// </exception>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        BFloat16 other => CompareTo(other),
        _ => throw new ArgumentException($"Expected a BFloat16, got {obj.GetType()}.", nameof(obj)),
    };

    /// <summary>The fewest digits that read back as this value, in the current culture.</summary>
    public override string ToString() => ToString(null, null);

    /// <summary>
    /// Formats as <see cref="float"/> does; without a format, the fewest digits that read back.
    /// </summary>
    /// <param name="format">A format of <see cref="float"/>, or null.</param>
    /// <param name="formatProvider">Culture; null means the current one.</param>
    public string ToString(string? format, IFormatProvider? formatProvider)
    {
        if (!string.IsNullOrEmpty(format))
        {
            return ((float)this).ToString(format, formatProvider);
        }

        for (int digits = 1; digits < MostDigits; digits++)
        {
            string text = ((float)this).ToString("G" + digits, formatProvider);
            if (TryParse(text, formatProvider, out BFloat16 back) && back.bits == bits)
            {
                return text;
            }
        }

        return ((float)this).ToString("G4", formatProvider);
    }

    // Toward zero, with the last bit set when anything was lost: the sticky bit keeps the second rounding
    // right.
    private static float RoundToOdd(double value)
    {
        float nearest = (float)value;
        if (nearest == value || double.IsNaN(value))
        {
            return nearest;
        }

        uint bits = BitConverter.SingleToUInt32Bits(nearest);
        bits -= Math.Abs((double)nearest) > Math.Abs(value) ? 1u : 0u;
        return BitConverter.UInt32BitsToSingle(bits | 1);
    }
}
