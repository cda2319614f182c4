using System.Numerics;

namespace NativeAttention.Emulation.Tests;

/// <summary>How the model rounds; named as in PTX.</summary>
internal enum ModelRounding
{
    Rn,
    Rna,
    Rz,
    Rm,
    Rp,
}

/// <summary>A floating-point format of the model: widths of exponent and fraction, the NaN that arithmetic makes, and
/// zeros below the fraction.</summary>
internal sealed record ModelFormat(int Exponent, int Fraction, ulong NaN, bool HasInfinity = true, int Padding = 0)
{
    public static readonly ModelFormat F64 = new(11, 52, 0x7FF8_0000_0000_0000);
    public static readonly ModelFormat F32 = new(8, 23, 0x7FFF_FFFF);
    public static readonly ModelFormat F16 = new(5, 10, 0x7FFF);
    public static readonly ModelFormat BF16 = new(8, 7, 0x7FFF);
    public static readonly ModelFormat Tf32 = new(8, 10, 0x7FFF_FFFF, Padding: 13);
    public static readonly ModelFormat E5M2 = new(5, 2, 0x7F);
    public static readonly ModelFormat E4M3 = new(4, 3, 0x7F, HasInfinity: false);

    public int Bias => (1 << (Exponent - 1)) - 1;

    public int Width => 1 + Exponent + Fraction + Padding;

    public ulong Sign => 1UL << (Width - 1);

    /// <summary>The bits of the largest finite number.</summary>
    public ulong Largest => HasInfinity ? Infinity - (1UL << Padding) : (Sign - 2);

    public ulong Infinity => ((1UL << Exponent) - 1) << (Fraction + Padding);

    public static ModelFormat Of(string type) => type switch
    {
        "f64" => F64,
        "f32" => F32,
        "f16" or "f16x2" => F16,
        "bf16" or "bf16x2" => BF16,
        "tf32" => Tf32,
        "e4m3" or "e4m3x2" => E4M3,
        "e5m2" or "e5m2x2" => E5M2,
        _ => throw new ArgumentException(type, nameof(type)),
    };

    public bool IsNaN(ulong bits)
    {
        ulong size = bits & (Sign - 1);
        return HasInfinity ? size > Infinity : size == NaN;
    }

    public bool IsSubnormal(ulong bits)
    {
        ulong size = bits & (Sign - 1);
        return size != 0 && size >> (Fraction + Padding) == 0;
    }

    public ulong Flush(ulong bits) => IsSubnormal(bits) ? bits & Sign : bits;
}

/// <summary>An exact number as a fraction of big integers, or an infinity, or NaN; zeros have a sign.</summary>
internal readonly record struct Rational(
    bool IsNaN, bool IsInfinite, bool IsNegative, BigInteger Numerator, BigInteger Denominator)
{
    public static readonly Rational NotANumber = new(true, false, false, 0, 1);

    public static Rational Of(BigInteger value) => new(false, false, value < 0, BigInteger.Abs(value), 1);

    public bool IsZero => !IsNaN && !IsInfinite && Numerator.IsZero;

    public double Approximation => IsNaN ? double.NaN
        : BitConverter.UInt64BitsToDouble(Round(ModelFormat.F64, ModelRounding.Rn));

    public static Rational Decode(ulong bits, ModelFormat format)
    {
        bool isNegative = (bits & format.Sign) != 0;
        ulong size = (bits & (format.Sign - 1)) >> format.Padding;
        if (format.IsNaN(bits))
        {
            return NotANumber;
        }
        int biased = (int)(size >> format.Fraction);
        if (format.HasInfinity && biased == (1 << format.Exponent) - 1)
        {
            return new(false, true, isNegative, 0, 1);
        }
        BigInteger significand = size & ((1UL << format.Fraction) - 1);
        significand += biased > 0 ? BigInteger.One << format.Fraction : 0;
        int exponent = Math.Max(biased, 1) - format.Bias - format.Fraction;
        return exponent >= 0 ? new(false, false, isNegative, significand << exponent, 1)
            : new(false, false, isNegative, significand, BigInteger.One << -exponent);
    }

    public static Rational operator -(Rational a) => a with { IsNegative = !a.IsNegative };

    public static Rational Add(Rational a, Rational b, ModelRounding rounding)
    {
        if (a.IsNaN || b.IsNaN || (a.IsInfinite && b.IsInfinite && a.IsNegative != b.IsNegative))
        {
            return NotANumber;
        }
        if (a.IsInfinite || b.IsInfinite)
        {
            return a.IsInfinite ? a : b;
        }
        BigInteger sum = (a.Signed * b.Denominator) + (b.Signed * a.Denominator);
        bool zeroSign = a.IsZero && b.IsZero && a.IsNegative == b.IsNegative
            ? a.IsNegative : rounding == ModelRounding.Rm;
        return new(false, false, sum.IsZero ? zeroSign : sum.Sign < 0, BigInteger.Abs(sum),
            a.Denominator * b.Denominator);
    }

    public static Rational operator *(Rational a, Rational b)
    {
        bool isNegative = a.IsNegative != b.IsNegative;
        if (a.IsNaN || b.IsNaN || (a.IsInfinite && b.IsZero) || (a.IsZero && b.IsInfinite))
        {
            return NotANumber;
        }
        return a.IsInfinite || b.IsInfinite ? new(false, true, isNegative, 0, 1)
            : new(false, false, isNegative, a.Numerator * b.Numerator, a.Denominator * b.Denominator);
    }

    public static Rational operator /(Rational a, Rational b)
    {
        bool isNegative = a.IsNegative != b.IsNegative;
        if (a.IsNaN || b.IsNaN || (a.IsInfinite && b.IsInfinite) || (a.IsZero && b.IsZero))
        {
            return NotANumber;
        }
        if (a.IsInfinite || b.IsZero)
        {
            return new(false, true, isNegative, 0, 1);
        }
        return b.IsInfinite ? new(false, false, isNegative, 0, 1)
            : new(false, false, isNegative, a.Numerator * b.Denominator, a.Denominator * b.Numerator);
    }

    /// <summary>The bits of the neighbour in a format that the rounding asks for.</summary>
    public ulong Round(ModelFormat format, ModelRounding rounding)
    {
        return IsNaN ? format.NaN : IsInfinite ? Overflow(format, ModelRounding.Rn)
            : IsZero ? (IsNegative ? format.Sign : 0)
            : Pack(format, rounding, Numerator, Denominator, isRoot: false);
    }

    /// <summary>The bits of the rounded square root.</summary>
    public ulong RoundRoot(ModelFormat format, ModelRounding rounding)
    {
        if (IsNaN || IsZero || (IsInfinite && !IsNegative))
        {
            return Round(format, rounding);
        }
        return IsNegative ? format.NaN : Pack(format, rounding, Numerator, Denominator, isRoot: true);
    }

    /// <summary>Rounds to an integer.</summary>
    public BigInteger ToInteger(ModelRounding rounding)
    {
        BigInteger down = BigInteger.DivRem(Numerator, Denominator, out BigInteger rest);
        BigInteger size = down + (RoundsUp(rounding, down, rest * 2, Denominator, rest.IsZero) ? 1 : 0);
        return IsNegative ? -size : size;
    }

    private BigInteger Signed => IsNegative ? -Numerator : Numerator;

    private ulong Pack(ModelFormat format, ModelRounding rounding, BigInteger n, BigInteger d, bool isRoot)
    {
        int minimum = 1 - format.Bias;
        // The exponent of n / d, or of its root, by trial from an estimate that is not too small.
        int guess = (int)(n.GetBitLength() - d.GetBitLength()) + 1;
        int exponent = isRoot ? (guess / 2) + 1 : guess;
        while (exponent > minimum && Compare(n, d, exponent, isRoot) < 0)
        {
            exponent--;
        }
        exponent = Math.Max(exponent, minimum);
        int unit = exponent - format.Fraction;
        BigInteger units = Units(n, d, unit, isRoot);
        bool isExact = CompareUnits(n, d, unit, units * 2, isRoot) == 0;
        int half = CompareUnits(n, d, unit, (units * 2) + 1, isRoot);
        units += RoundsUp(rounding, units, half + 1, 1, isExact) ? 1 : 0;
        ulong size = (ulong)(units + ((BigInteger)(exponent - minimum) << format.Fraction)) << format.Padding;
        return exponent > format.Bias + 1 || size > format.Largest
            ? Overflow(format, rounding) : size | (IsNegative ? format.Sign : 0);
    }

    /// <summary>Compares n / d, or its root, with 2^exponent.</summary>
    private static int Compare(BigInteger n, BigInteger d, int exponent, bool isRoot)
    {
        int power = isRoot ? 2 * exponent : exponent;
        return power >= 0 ? n.CompareTo(d << power) : (n << -power).CompareTo(d);
    }

    /// <summary>Compares n / d, or its root, with halves / 2 units of 2^unit.</summary>
    private static int CompareUnits(BigInteger n, BigInteger d, int unit, BigInteger halves, bool isRoot)
    {
        int power = isRoot ? 2 * (unit - 1) : unit - 1;
        BigInteger right = isRoot ? halves * halves * d : halves * d;
        return power >= 0 ? n.CompareTo(right << power) : (n << -power).CompareTo(right);
    }

    /// <summary>The whole units of 2^unit in n / d or its root.</summary>
    private static BigInteger Units(BigInteger n, BigInteger d, int unit, bool isRoot)
    {
        if (!isRoot)
        {
            return unit >= 0 ? n / (d << unit) : (n << -unit) / d;
        }
        BigInteger low = 0;
        BigInteger high = BigInteger.One << 56;
        while (high - low > 1)
        {
            BigInteger middle = (low + high) >> 1;
            (low, high) = CompareUnits(n, d, unit, middle * 2, isRoot) >= 0 ? (middle, high) : (low, middle);
        }
        return low;
    }

    private bool RoundsUp(
        ModelRounding rounding, BigInteger down, BigInteger rest, BigInteger half, bool isExact)
    {
        return !isExact && rounding switch
        {
            ModelRounding.Rn => rest > half || (rest == half && !down.IsEven),
            ModelRounding.Rna => rest >= half,
            ModelRounding.Rm => IsNegative,
            ModelRounding.Rp => !IsNegative,
            _ => false,
        };
    }

    private ulong Overflow(ModelFormat format, ModelRounding rounding)
    {
        bool isCut = rounding == ModelRounding.Rz || (rounding == ModelRounding.Rm && !IsNegative)
            || (rounding == ModelRounding.Rp && IsNegative);
        ulong size = isCut ? format.Largest : format.HasInfinity ? format.Infinity : format.NaN;
        return size | (IsNegative ? format.Sign : 0);
    }
}
