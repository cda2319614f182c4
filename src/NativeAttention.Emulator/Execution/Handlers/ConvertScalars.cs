namespace NativeAttention.Emulation;

/// <summary>
/// The conversions that have no vector form, lane by lane. The constant of the instruction packs source type,
/// destination type (8 bits each), rounding (4 bits) and flags.
/// </summary>
internal static class ConvertScalars
{
    public const int FlushFlag = 1 << 20;
    public const int SaturateFlag = 1 << 21;
    public const int ReluFlag = 1 << 22;

    /// <summary>Rounding modes; the integer forms round to an integer value.</summary>
    public enum Rounding
    {
        None,
        NearestEven,
        Zero,
        Down,
        Up,
        NearestAway,
    }

    public static int Describe(PtxType source, PtxType destination, Rounding rounding, int flags)
    {
        return (int)source | ((int)destination << 8) | ((int)rounding << 16) | flags;
    }

    public static ulong Convert(ulong a, ulong b, ulong c, int mode)
    {
        PtxType source = (PtxType)(mode & 0xFF);
        PtxType destination = (PtxType)(mode >> 8 & 0xFF);
        bool fromFloat = IsFloat(source);
        bool toFloat = IsFloat(destination);
        return (fromFloat, toFloat) switch
        {
            (false, false) => IntegerToInteger(a, source, destination, (mode & SaturateFlag) != 0),
            (false, true) => IntegerToFloat(a, source, destination, mode),
            (true, false) => FloatToInteger(ReadFloat(a, source, mode), source, destination, mode),
            _ => FloatToFloat(ReadFloat(a, source, mode), source, destination, mode),
        };
    }

    private static bool IsFloat(PtxType type) =>
        type is PtxType.F16 or PtxType.BF16 or PtxType.F32 or PtxType.F64;

    private static ulong IntegerToInteger(ulong a, PtxType source, PtxType destination, bool saturate)
    {
        Int128 value = Value(a, source);
        if (saturate)
        {
            (Int128 low, Int128 high) = Range(destination);
            value = Int128.Clamp(value, low, high);
        }
        int bits = destination.Bytes() * 8;
        ulong cut = Scalars.Cut((ulong)value, bits);
        return destination.IsSigned() ? (ulong)Scalars.Extend(cut, bits) : cut;
    }

    private static ulong IntegerToFloat(ulong a, PtxType source, PtxType destination, int mode)
    {
        Int128 value = Value(a, source);
        if (destination == PtxType.F64)
        {
            return BitConverter.DoubleToUInt64Bits((double)value);
        }
        // 64-bit integers reach binary32 and below by one rounding: to odd in binary64, then to the format.
        double wide = (double)value;
        if ((Int128)wide != value && (BitConverter.DoubleToUInt64Bits(wide) & 1) == 0)
        {
            bool isAway = Int128.Abs(value) > Int128.Abs((Int128)wide);
            wide = BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(wide)
                + (isAway ? 1 : ulong.MaxValue));
        }
        return WriteFloat(wide, destination, mode);
    }

    private static ulong FloatToInteger(double value, PtxType source, PtxType destination, int mode)
    {
        int bits = destination.Bytes() * 8;
        if (double.IsNaN(value))
        {
            return source == PtxType.F64 || bits == 64 ? 1UL << (bits - 1) : 0;
        }
        double rounded = RoundToInteger(value, (Rounding)(mode >> 16 & 15));
        (Int128 low, Int128 high) = Range(destination);
        Int128 result = rounded <= (double)low ? low : rounded >= (double)high ? high : (Int128)rounded;
        ulong cut = Scalars.Cut((ulong)result, bits);
        return destination.IsSigned() ? (ulong)Scalars.Extend(cut, bits) : cut;
    }

    private static ulong FloatToFloat(double value, PtxType source, PtxType destination, int mode)
    {
        if (source.Bytes() == destination.Bytes() && source == destination)
        {
            value = RoundToInteger(value, (Rounding)(mode >> 16 & 15));
        }
        if ((mode & SaturateFlag) != 0)
        {
            value = value > 0 ? Math.Min(value, 1) : 0;
        }
        if ((mode & ReluFlag) != 0 && !double.IsNaN(value))
        {
            value = value > 0 ? value : 0;
        }
        return WriteFloat(value, destination, mode);
    }

    private static double RoundToInteger(double value, Rounding rounding) => rounding switch
    {
        Rounding.NearestEven => Math.Round(value, MidpointRounding.ToEven),
        Rounding.Zero => Math.Truncate(value),
        Rounding.Down => Math.Floor(value),
        Rounding.Up => Math.Ceiling(value),
        _ => value,
    };

    private static double ReadFloat(ulong a, PtxType type, int mode) => type switch
    {
        PtxType.F16 => SmallFloats.Widen((ushort)a, isBFloat: false),
        PtxType.BF16 => SmallFloats.Widen((ushort)a, isBFloat: true),
        PtxType.F32 => Flush(BitConverter.UInt32BitsToSingle((uint)a), mode),
        _ => BitConverter.UInt64BitsToDouble(a),
    };

    private static ulong WriteFloat(double value, PtxType type, int mode)
    {
        switch (type)
        {
            case PtxType.F16:
                return SmallFloats.Narrow(Directed(value, mode, 10, -14, 65504), isBFloat: false);
            case PtxType.BF16:
                return SmallFloats.Narrow(Directed(value, mode, 7, -126, 3.3895313892515355e38),
                    isBFloat: true);
            case PtxType.F32:
                float single = Flush((float)Directed(value, mode, 23, -126, float.MaxValue), mode);
                return float.IsNaN(single) ? FloatOperators.CanonicalNaN
                    : BitConverter.SingleToUInt32Bits(single);
            default:
                return double.IsNaN(value) ? FloatOperators.CanonicalNaN64
                    : BitConverter.DoubleToUInt64Bits(value);
        }
    }

    /// <summary>For the directed roundings, moves the value to the neighbour the format can hold; to nearest
    /// is left to the caller.</summary>
    private static double Directed(double value, int mode, int fractionBits, int minimumExponent,
        double largest)
    {
        Rounding rounding = (Rounding)(mode >> 16 & 15);
        if (rounding is Rounding.None or Rounding.NearestEven or Rounding.NearestAway
            || !double.IsFinite(value) || value == 0)
        {
            return value;
        }
        int exponent = Math.Max(Math.ILogB(value), minimumExponent);
        double rounded = Math.ScaleB(
            RoundToInteger(Math.ScaleB(value, fractionBits - exponent), rounding), exponent - fractionBits);
        bool isTowardsZero = rounding == Rounding.Zero || (rounding == Rounding.Down) == (value > 0);
        return Math.Abs(rounded) > largest && isTowardsZero ? Math.CopySign(largest, value) : rounded == 0
            ? Math.CopySign(0, value) : rounded;
    }

    private static float Flush(float value, int mode)
    {
        return (mode & FlushFlag) != 0 && float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;
    }

    private static Int128 Value(ulong a, PtxType type)
    {
        int bits = type.Bytes() * 8;
        return type.IsSigned() ? Scalars.Extend(a, bits) : Scalars.Cut(a, bits);
    }

    private static (Int128 Low, Int128 High) Range(PtxType type)
    {
        int bits = type.Bytes() * 8;
        return type.IsSigned() ? (-(Int128.One << (bits - 1)), (Int128.One << (bits - 1)) - 1)
            : (0, (Int128.One << bits) - 1);
    }
}
