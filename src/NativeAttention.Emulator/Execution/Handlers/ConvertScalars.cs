namespace NativeAttention.Emulation;

/// <summary>
/// The conversions that have no vector form, lane by lane: exact, then rounded once. The constant of the instruction
/// packs source type and destination type (8 bits each), rounding (4 bits) and flags.
/// </summary>
internal static class ConvertScalars
{
    public const int FlushFlag = 1 << 20;
    public const int SaturateFlag = 1 << 21;
    public const int ReluFlag = 1 << 22;

    /// <summary>What is too large becomes the largest finite number.</summary>
    public const int FiniteFlag = 1 << 23;

    /// <summary>The result is an integer, whatever its type.</summary>
    public const int IntegerFlag = 1 << 24;

    public static int Describe(PtxType source, PtxType destination, FloatRounding rounding, int flags)
    {
        return (int)source | ((int)destination << 8) | ((int)rounding << 16) | flags;
    }

    public static ulong Convert(ulong a, ulong b, ulong c, int mode) =>
        One(a, (PtxType)(mode & 0xFF), (PtxType)(mode >> 8 & 0xFF), mode);

    /// <summary>Two scalars become a pair: a is the upper half.</summary>
    public static ulong ConvertToPair(ulong a, ulong b, ulong c, int mode)
    {
        PtxType source = (PtxType)(mode & 0xFF);
        PtxType destination = (PtxType)(mode >> 8 & 0xFF);
        int bits = destination.Bytes() * 4;
        return (One(a, source, destination, mode) << bits) | One(b, source, destination, mode);
    }

    /// <summary>A pair becomes a pair of another format.</summary>
    public static ulong ConvertPair(ulong a, ulong b, ulong c, int mode)
    {
        int bits = ((PtxType)(mode & 0xFF)).Bytes() * 4;
        return ConvertToPair(a >> bits, Scalars.Cut(a, bits), 0, mode);
    }

    private static ulong One(ulong a, PtxType source, PtxType destination, int mode)
    {
        FloatRounding rounding = (FloatRounding)(mode >> 16 & 15);
        ExactFloat value = Read(a, source, mode);
        if ((mode & IntegerFlag) != 0)
        {
            value = value.RoundToInteger(rounding);
        }
        return IsInteger(destination)
            ? ToInteger(value, source, destination, mode) : ToFloat(value, destination, rounding, mode);
    }

    private static bool IsInteger(PtxType type) => type.Class() is PtxTypeClass.Signed or PtxTypeClass.Unsigned;

    private static ExactFloat Read(ulong a, PtxType source, int mode)
    {
        int bits = source.Bytes() * 8;
        if (IsInteger(source))
        {
            return ExactFloat.From(source.IsSigned() ? Scalars.Extend(a, bits) : Scalars.Cut(a, bits));
        }
        FloatFormat format = FloatScalars.FormatOf(source);
        a &= format.SignBit | (format.SignBit - 1);
        return ExactFloat.Read(Flushes(source, mode) ? format.Flush(a) : a, format);
    }

    private static bool Flushes(PtxType type, int mode) => type == PtxType.F32 && (mode & FlushFlag) != 0;

    private static ulong ToInteger(ExactFloat value, PtxType source, PtxType destination, int mode)
    {
        int bits = destination.Bytes() * 8;
        // Integers are cut unless .sat says otherwise; floating-point numbers always saturate.
        bool clamps = !IsInteger(source) || (mode & SaturateFlag) != 0;
        (Int128 low, Int128 high) = clamps ? Range(destination) : (Int128.MinValue, Int128.MaxValue);
        ulong forNaN = source == PtxType.F64 || bits == 64 ? 1UL << (bits - 1) : 0;
        ulong cut = value.IsNaN ? forNaN : Scalars.Cut((ulong)value.ToInteger(low, high), bits);
        return destination.IsSigned() ? (ulong)Scalars.Extend(cut, bits) : cut;
    }

    private static ulong ToFloat(ExactFloat value, PtxType destination, FloatRounding rounding, int mode)
    {
        FloatFormat format = FloatScalars.FormatOf(destination);
        ulong result = value.Write(format, rounding);
        result = Flushes(destination, mode) ? format.Flush(result) : result;
        result = (mode & SaturateFlag) != 0 ? format.Saturate(result) : result;
        bool isTooLarge = !value.IsNaN && format.Size(result) == format.Infinity;
        result = (mode & FiniteFlag) != 0 && isTooLarge ? result - format.Infinity + format.LargestFinite : result;
        return (mode & ReluFlag) != 0 ? format.Rectify(result) : result;
    }

    private static (Int128 Low, Int128 High) Range(PtxType type)
    {
        int bits = type.Bytes() * 8;
        return type.IsSigned() ? (-(Int128.One << (bits - 1)), (Int128.One << (bits - 1)) - 1)
            : (0, (Int128.One << bits) - 1);
    }
}
