namespace NativeAttention.Emulation;

/// <summary>The fundamental types of PTX, and the alternate floating-point formats its instructions
/// name.</summary>
internal enum PtxType : byte
{
    None,
    Pred,
    B8, B16, B32, B64, B128,
    U8, U16, U32, U64,
    S8, S16, S32, S64,
    F16, F32, F64,
    F16x2, BF16, BF16x2, TF32,
    U16x2, S16x2,
    E4M3x2, E5M2x2, E4M3, E5M2,
}

/// <summary>How the bits of a type are read.</summary>
internal enum PtxTypeClass : byte
{
    Predicate,
    Bits,
    Unsigned,
    Signed,
    Float,
}

/// <summary>Facts about <see cref="PtxType"/>.</summary>
internal static class PtxTypes
{
    public static PtxType Parse(ReadOnlySpan<char> name) => name switch
    {
        "pred" => PtxType.Pred,
        "b8" => PtxType.B8,
        "b16" => PtxType.B16,
        "b32" => PtxType.B32,
        "b64" => PtxType.B64,
        "b128" => PtxType.B128,
        "u8" => PtxType.U8,
        "u16" => PtxType.U16,
        "u32" => PtxType.U32,
        "u64" => PtxType.U64,
        "s8" => PtxType.S8,
        "s16" => PtxType.S16,
        "s32" => PtxType.S32,
        "s64" => PtxType.S64,
        "f16" => PtxType.F16,
        "f32" => PtxType.F32,
        "f64" => PtxType.F64,
        "f16x2" => PtxType.F16x2,
        "bf16" => PtxType.BF16,
        "bf16x2" => PtxType.BF16x2,
        "tf32" => PtxType.TF32,
        "u16x2" => PtxType.U16x2,
        "s16x2" => PtxType.S16x2,
        "e4m3x2" => PtxType.E4M3x2,
        "e5m2x2" => PtxType.E5M2x2,
        "e4m3" => PtxType.E4M3,
        "e5m2" => PtxType.E5M2,
        _ => PtxType.None,
    };

    public static int Bytes(this PtxType type) => type switch
    {
        PtxType.B8 or PtxType.U8 or PtxType.S8 or PtxType.E4M3 or PtxType.E5M2 => 1,
        PtxType.B16 or PtxType.U16 or PtxType.S16 or PtxType.F16 or PtxType.BF16
            or PtxType.E4M3x2 or PtxType.E5M2x2 => 2,
        PtxType.B64 or PtxType.U64 or PtxType.S64 or PtxType.F64 => 8,
        PtxType.B128 => 16,
        PtxType.None => 0,
        _ => 4,
    };

    public static PtxTypeClass Class(this PtxType type) => type switch
    {
        PtxType.Pred => PtxTypeClass.Predicate,
        PtxType.U8 or PtxType.U16 or PtxType.U32 or PtxType.U64 => PtxTypeClass.Unsigned,
        PtxType.S8 or PtxType.S16 or PtxType.S32 or PtxType.S64 => PtxTypeClass.Signed,
        PtxType.F16 or PtxType.F32 or PtxType.F64 or PtxType.F16x2 => PtxTypeClass.Float,
        _ => PtxTypeClass.Bits,
    };

    public static bool IsSigned(this PtxType type) => type.Class() == PtxTypeClass.Signed;

    /// <summary>True for the types a register can be declared with here.</summary>
    public static bool IsRegisterType(this PtxType type) => type is not (
        PtxType.None or PtxType.B128 or PtxType.B8 or PtxType.U8 or PtxType.S8 or PtxType.BF16 or PtxType.BF16x2
        or PtxType.TF32 or PtxType.U16x2 or PtxType.S16x2 or PtxType.E4M3x2 or PtxType.E5M2x2
        or PtxType.E4M3 or PtxType.E5M2);

    /// <summary>
    /// True when a register declared with <paramref name="register"/> may stand where an instruction of type
    /// <paramref name="instruction"/> wants an operand: same size, and equal or untyped on one side. Integers
    /// ignore the sign.
    /// </summary>
    public static bool Accepts(this PtxType instruction, PtxType register)
    {
        if (instruction.Bytes() != register.Bytes()
            || (instruction == PtxType.Pred) != (register == PtxType.Pred))
        {
            return false;
        }
        PtxTypeClass wanted = instruction.Class();
        PtxTypeClass given = register.Class();
        return wanted == given || wanted == PtxTypeClass.Bits || given == PtxTypeClass.Bits
            || (IsInteger(wanted) && IsInteger(given));
    }

    public static string Name(this PtxType type) => type.ToString().ToLowerInvariant();

    private static bool IsInteger(PtxTypeClass c) => c is PtxTypeClass.Signed or PtxTypeClass.Unsigned;
}
