namespace NativeAttention.Emulation;

/// <summary>The arithmetic operations of <see cref="FloatScalars"/>.</summary>
internal enum FloatOperation
{
    Add,
    Subtract,
    Multiply,
    FusedMultiplyAdd,
    Divide,
    Reciprocal,
    SquareRoot,
    Min,
    Max,
    Absolute,
    Negate,
    ReciprocalSquareRoot,
    Exp2,
    Tanh,
}

/// <summary>
/// Floating-point instructions of every format, rounding and modifier, lane by lane: exact, then rounded once. The
/// forms that kernels are full of have vector handlers of their own. The constant of the instruction is packed by
/// <see cref="Describe"/>.
/// </summary>
internal static class FloatScalars
{
    public const int FlushFlag = 1 << 16;
    public const int SaturateFlag = 1 << 17;
    public const int ReluFlag = 1 << 18;

    /// <summary>min, max: a NaN gives NaN.</summary>
    public const int NaNFlag = 1 << 19;

    /// <summary>min, max: of the sizes, with the product of the signs.</summary>
    public const int SignFlag = 1 << 20;

    /// <summary>Only the upper 32 bits of a binary64 are read and written.</summary>
    public const int CoarseFlag = 1 << 21;

    private const int Pair = 1 << 22;

    public static int Describe(FloatOperation operation, PtxType type, FloatRounding rounding, int flags)
    {
        bool isPair = type is PtxType.F16x2 or PtxType.BF16x2;
        return (int)operation | ((int)type << 4) | ((int)rounding << 12) | flags | (isPair ? Pair : 0);
    }

    public static FloatFormat FormatOf(PtxType type) => type switch
    {
        PtxType.F64 => FloatFormat.Binary64,
        PtxType.F32 => FloatFormat.Binary32,
        PtxType.F16 or PtxType.F16x2 => FloatFormat.Binary16,
        PtxType.BF16 or PtxType.BF16x2 => FloatFormat.BFloat16,
        PtxType.TF32 => FloatFormat.Tf32,
        PtxType.E4M3x2 or PtxType.E4M3 => FloatFormat.E4M3,
        PtxType.E5M2x2 or PtxType.E5M2 => FloatFormat.E5M2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "a floating-point type is expected"),
    };

    public static ulong Evaluate(ulong a, ulong b, ulong c, int mode)
    {
        FloatFormat format = FormatOf((PtxType)(mode >> 4 & 0xFF));
        if ((mode & Pair) == 0)
        {
            return One(a, b, c, mode, format);
        }
        return One((ushort)a, (ushort)b, (ushort)c, mode, format)
            | (One((ushort)(a >> 16), (ushort)(b >> 16), (ushort)(c >> 16), mode, format) << 16);
    }

    private static ulong One(ulong a, ulong b, ulong c, int mode, FloatFormat format)
    {
        if ((mode & FlushFlag) != 0)
        {
            (a, b, c) = (format.Flush(a), format.Flush(b), format.Flush(c));
        }
        if ((mode & CoarseFlag) != 0)
        {
            a &= 0xFFFF_FFFF_0000_0000;
        }
        ulong result = Apply((FloatOperation)(mode & 15), a, b, c, mode, format);
        bool isArithmetic = (FloatOperation)(mode & 15) is not (FloatOperation.Absolute or FloatOperation.Negate);
        result = isArithmetic && format.IsNaN(result) ? format.CanonicalNaN : result;
        result = (mode & FlushFlag) != 0 ? format.Flush(result) : result;
        result = (mode & SaturateFlag) != 0 ? format.Saturate(result) : result;
        result = (mode & ReluFlag) != 0 ? format.Rectify(result) : result;
        return (mode & CoarseFlag) != 0 ? result & 0xFFFF_FFFF_0000_0000 : result;
    }

    private static ulong Apply(
        FloatOperation operation, ulong a, ulong b, ulong c, int mode, FloatFormat format)
    {
        FloatRounding rounding = (FloatRounding)(mode >> 12 & 15);
        ExactFloat x = ExactFloat.Read(a, format);
        ExactFloat y = ExactFloat.Read(b, format);
        switch (operation)
        {
            case FloatOperation.Add:
                return ExactFloat.Add(x, y, rounding).Write(format, rounding);
            case FloatOperation.Subtract:
                return ExactFloat.Add(x, y.Negate(), rounding).Write(format, rounding);
            case FloatOperation.Multiply:
                return ExactFloat.Multiply(x, y).Write(format, rounding);
            case FloatOperation.FusedMultiplyAdd:
                ExactFloat z = ExactFloat.Read(c, format);
                return ExactFloat.Add(ExactFloat.Multiply(x, y), z, rounding).Write(format, rounding);
            case FloatOperation.Divide:
                return ExactFloat.Divide(x, y).Write(format, rounding);
            case FloatOperation.Reciprocal:
                return ExactFloat.Divide(ExactFloat.From(1), x).Write(format, rounding);
            case FloatOperation.SquareRoot:
                return ExactFloat.SquareRoot(x).Write(format, rounding);
            case FloatOperation.Min or FloatOperation.Max:
                return Extreme(a, b, operation == FloatOperation.Max, mode, format);
            case FloatOperation.Absolute:
                return a & ~format.SignBit;
            case FloatOperation.Negate:
                return a ^ format.SignBit;
            default:
                return FromDouble(Transcendental(operation, ToDouble(x)), format);
        }
    }

    private static double Transcendental(FloatOperation operation, double x) => operation switch
    {
        FloatOperation.ReciprocalSquareRoot => 1 / Math.Sqrt(x),
        FloatOperation.Exp2 => Math.Pow(2, x),
        _ => Math.Tanh(x),
    };

    private static double ToDouble(ExactFloat x) =>
        BitConverter.UInt64BitsToDouble(x.Write(FloatFormat.Binary64, FloatRounding.NearestEven));

    private static ulong FromDouble(double x, FloatFormat format) =>
        ExactFloat.Read(BitConverter.DoubleToUInt64Bits(x), FloatFormat.Binary64)
            .Write(format, FloatRounding.NearestEven);

    /// <summary>min or max: a NaN gives the other operand unless it propagates, and -0 is below +0.</summary>
    private static ulong Extreme(ulong a, ulong b, bool isMax, int mode, FloatFormat format)
    {
        ulong sign = (a ^ b) & format.SignBit;
        if ((mode & SignFlag) != 0)
        {
            (a, b) = (format.Size(a), format.Size(b));
        }
        bool aIsNaN = format.IsNaN(a);
        bool bIsNaN = format.IsNaN(b);
        if ((aIsNaN && bIsNaN) || ((mode & NaNFlag) != 0 && (aIsNaN || bIsNaN)))
        {
            return format.CanonicalNaN;
        }
        bool takesA = bIsNaN || (!aIsNaN && (Order(a, format) > Order(b, format)) == isMax);
        ulong result = takesA ? a : b;
        return (mode & SignFlag) != 0 ? format.Size(result) | sign : result;
    }

    /// <summary>An integer that orders the numbers of a format as their values do, -0 below +0.</summary>
    private static Int128 Order(ulong bits, FloatFormat format) =>
        format.IsNegative(bits) ? -1 - (Int128)format.Size(bits) : format.Size(bits);
}
