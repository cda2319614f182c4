namespace NativeAttention.Emulation;

/// <summary>
/// A number with more bits than any format has: (-1)^sign * Significand * 2^Exponent. Where bits had to be dropped,
/// the lowest bit is set; it lies below everything a rounding looks at but "exact or not". So each operation is
/// followed by one rounding, in any direction and to any format.
/// </summary>
internal readonly struct ExactFloat
{
    private enum Kind : byte
    {
        Finite,
        Infinite,
        NaN,
    }

    /// <summary>Position of the top bit of a normalised significand: room for a carry above it.</summary>
    private const int Top = 125;

    private readonly Kind _kind;

    private ExactFloat(Kind kind, bool isNegative, UInt128 significand = default, int exponent = 0)
    {
        (_kind, IsNegative, Significand, Exponent) = (kind, isNegative, significand, exponent);
    }

    public bool IsNegative { get; }

    public UInt128 Significand { get; }

    public int Exponent { get; }

    public bool IsNaN => _kind == Kind.NaN;

    public bool IsInfinite => _kind == Kind.Infinite;

    public bool IsZero => _kind == Kind.Finite && Significand == 0;

    private static ExactFloat NotANumber => new(Kind.NaN, false);

    public static ExactFloat From(Int128 value)
    {
        return new(Kind.Finite, value < 0, (UInt128)Int128.Abs(value));
    }

    public static ExactFloat Read(ulong bits, FloatFormat format)
    {
        bool isNegative = format.IsNegative(bits);
        ulong size = format.Size(bits) >> format.Padding;
        if (format.IsNaN(bits))
        {
            return NotANumber;
        }
        if (format.HasInfinity && format.Size(bits) == format.Infinity)
        {
            return new(Kind.Infinite, isNegative);
        }
        ulong fraction = size & ((1UL << format.FractionBits) - 1);
        int biased = (int)(size >> format.FractionBits);
        ulong significand = biased == 0 ? fraction : fraction | (1UL << format.FractionBits);
        return new(Kind.Finite, isNegative, significand,
            Math.Max(biased, 1) - 1 + format.MinimumExponent - format.FractionBits);
    }

    public ExactFloat Negate() => new(_kind, !IsNegative, Significand, Exponent);

    /// <summary>The sum; an exact zero from terms of unlike signs is negative when rounding down.</summary>
    public static ExactFloat Add(ExactFloat x, ExactFloat y, FloatRounding rounding)
    {
        if (x.IsNaN || y.IsNaN || (x.IsInfinite && y.IsInfinite && x.IsNegative != y.IsNegative))
        {
            return NotANumber;
        }
        if (x.IsInfinite || y.IsInfinite)
        {
            return x.IsInfinite ? x : y;
        }
        bool zeroSign = x.IsNegative == y.IsNegative ? x.IsNegative : rounding == FloatRounding.Down;
        if (x.IsZero || y.IsZero)
        {
            return x.IsZero && y.IsZero ? new(Kind.Finite, zeroSign) : x.IsZero ? y : x;
        }
        (x, y) = (x.Normalize(), y.Normalize());
        (x, y) = x.Exponent < y.Exponent ? (y, x) : (x, y);
        UInt128 small = ShiftRight(y.Significand, x.Exponent - y.Exponent);
        if (x.IsNegative == y.IsNegative)
        {
            return new(Kind.Finite, x.IsNegative, x.Significand + small, x.Exponent);
        }
        if (x.Significand == small)
        {
            return new(Kind.Finite, zeroSign);
        }
        return x.Significand > small
            ? new(Kind.Finite, x.IsNegative, x.Significand - small, x.Exponent)
            : new(Kind.Finite, y.IsNegative, small - x.Significand, x.Exponent);
    }

    /// <summary>The product, exact for factors of up to 64 bits.</summary>
    public static ExactFloat Multiply(ExactFloat x, ExactFloat y)
    {
        bool isNegative = x.IsNegative != y.IsNegative;
        if (x.IsNaN || y.IsNaN || (x.IsInfinite && y.IsZero) || (x.IsZero && y.IsInfinite))
        {
            return NotANumber;
        }
        return x.IsInfinite || y.IsInfinite ? new(Kind.Infinite, isNegative)
            : new(Kind.Finite, isNegative, x.Significand * y.Significand, x.Exponent + y.Exponent);
    }

    /// <summary>The quotient, of at least 60 bits for operands of up to 64 bits.</summary>
    public static ExactFloat Divide(ExactFloat x, ExactFloat y)
    {
        bool isNegative = x.IsNegative != y.IsNegative;
        if (x.IsNaN || y.IsNaN || (x.IsInfinite && y.IsInfinite) || (x.IsZero && y.IsZero))
        {
            return NotANumber;
        }
        if (x.IsInfinite || y.IsZero)
        {
            return new(Kind.Infinite, isNegative);
        }
        if (x.IsZero || y.IsInfinite)
        {
            return new(Kind.Finite, isNegative);
        }
        x = x.Normalize();
        (UInt128 quotient, UInt128 rest) = UInt128.DivRem(x.Significand, y.Significand);
        return new(Kind.Finite, isNegative, quotient | (rest != 0 ? 1u : 0), x.Exponent - y.Exponent);
    }

    /// <summary>The square root, of at least 60 bits.</summary>
    public static ExactFloat SquareRoot(ExactFloat x)
    {
        if (x.IsNaN || x.IsZero)
        {
            return x;
        }
        if (x.IsNegative)
        {
            return NotANumber;
        }
        if (x.IsInfinite)
        {
            return x;
        }
        x = x.Normalize();
        UInt128 radicand = (x.Exponent & 1) == 0 ? x.Significand : x.Significand >> 1;
        int exponent = (x.Exponent & 1) == 0 ? x.Exponent : x.Exponent + 1;
        UInt128 root = (UInt128)Math.Sqrt((double)radicand);
        // One step of Newton's method leaves an error of at most one unit.
        root = (root + (radicand / root)) >> 1;
        while (root * root > radicand)
        {
            root--;
        }
        while ((root + 1) * (root + 1) <= radicand)
        {
            root++;
        }
        return new(Kind.Finite, false, (root << 1) | (root * root == radicand ? 0u : 1u), (exponent / 2) - 1);
    }

    /// <summary>Rounds to an integer value.</summary>
    public ExactFloat RoundToInteger(FloatRounding rounding)
    {
        return _kind != Kind.Finite || Exponent >= 0 ? this
            : new(Kind.Finite, IsNegative, Round(Significand, -Exponent, IsNegative, rounding));
    }

    /// <summary>An integer value, clamped to a range; NaN is not allowed.</summary>
    public Int128 ToInteger(Int128 low, Int128 high)
    {
        int length = 128 - (int)UInt128.LeadingZeroCount(Significand);
        if (IsInfinite || length + Exponent > 100)
        {
            return IsZero ? 0 : IsNegative ? low : high;
        }
        Int128 size = Exponent >= 0 ? (Int128)(Significand << Exponent) : (Int128)(Significand >> -Exponent);
        return Int128.Clamp(IsNegative ? -size : size, low, high);
    }

    /// <summary>The nearest number of a format in the direction of the rounding.</summary>
    public ulong Write(FloatFormat format, FloatRounding rounding)
    {
        ulong sign = IsNegative ? format.SignBit : 0;
        if (IsNaN)
        {
            return format.CanonicalNaN;
        }
        if (IsInfinite)
        {
            return sign | format.Infinity;
        }
        if (Significand == 0)
        {
            return sign;
        }
        int top = 127 - (int)UInt128.LeadingZeroCount(Significand) + Exponent;
        int exponent = Math.Max(top, format.MinimumExponent);
        if (exponent > 1 - format.MinimumExponent + 1)
        {
            return sign | Overflow(format, rounding);
        }
        int shift = exponent - format.FractionBits - Exponent;
        UInt128 units = shift <= 0 ? Significand << -shift : Round(Significand, shift, IsNegative, rounding);
        ulong size = ((ulong)(exponent - format.MinimumExponent) << format.FractionBits) + (ulong)units;
        size <<= format.Padding;
        return sign | (size >= format.Infinity ? Overflow(format, rounding) : size);
    }

    private ulong Overflow(FloatFormat format, FloatRounding rounding)
    {
        bool staysFinite = rounding == FloatRounding.Zero
            || (rounding == FloatRounding.Down && !IsNegative) || (rounding == FloatRounding.Up && IsNegative);
        return staysFinite ? format.LargestFinite : format.Infinity;
    }

    private ExactFloat Normalize()
    {
        int shift = Top - (127 - (int)UInt128.LeadingZeroCount(Significand));
        return new(_kind, IsNegative, shift >= 0 ? Significand << shift : ShiftRight(Significand, -shift),
            Exponent - shift);
    }

    /// <summary>Shifts to the right; dropped bits leave a one at the bottom.</summary>
    private static UInt128 ShiftRight(UInt128 value, int shift)
    {
        if (shift > 127)
        {
            return value == 0 ? 0u : 1u;
        }
        UInt128 kept = value >> shift;
        return kept << shift == value ? kept : kept | 1;
    }

    /// <summary>Drops bits at the right with a rounding.</summary>
    private static UInt128 Round(UInt128 value, int shift, bool isNegative, FloatRounding rounding)
    {
        UInt128 kept = shift > 127 ? 0 : value >> shift;
        if (value == 0 || (shift <= 127 && kept << shift == value))
        {
            return kept;
        }
        // Beyond 127 places the value is below one half of a unit.
        UInt128 rest = shift > 127 ? 1 : value - (kept << shift);
        UInt128 half = shift > 127 ? 2 : UInt128.One << (shift - 1);
        bool isUp = rounding switch
        {
            FloatRounding.NearestEven => rest > half || (rest == half && (kept & 1) != 0),
            FloatRounding.NearestAway => rest >= half,
            FloatRounding.Down => isNegative,
            FloatRounding.Up => !isNegative,
            _ => false,
        };
        return isUp ? kept + 1 : kept;
    }
}
