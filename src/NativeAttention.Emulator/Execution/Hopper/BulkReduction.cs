namespace NativeAttention.Emulation;

/// <summary>The operations of cp.reduce.async.bulk as they are written.</summary>
internal enum BulkReductionName
{
    Add,
    Min,
    Max,
    Inc,
    Dec,
    And,
    Or,
    Xor,
}

/// <summary>Which atomic operation a reduction is for an element type.</summary>
internal static class BulkReduction
{
    public static bool TryParse(string text, out BulkReductionName name)
    {
        return Enum.TryParse(text, ignoreCase: true, out name) && Enum.IsDefined(name)
            && text.Length > 0 && char.IsAsciiLetterLower(text[0]);
    }

    /// <summary>Null for what does not exist or is not supported.</summary>
    public static AtomicOperation? Find(BulkReductionName name, PtxType type)
    {
        bool isInteger = type.Class() is PtxTypeClass.Signed or PtxTypeClass.Unsigned;
        bool isBits = isInteger || type is PtxType.B32 or PtxType.B64;
        return name switch
        {
            BulkReductionName.Add => AddOf(type, isInteger),
            BulkReductionName.Min when isInteger =>
                type.IsSigned() ? AtomicOperation.MinSigned : AtomicOperation.MinUnsigned,
            BulkReductionName.Max when isInteger =>
                type.IsSigned() ? AtomicOperation.MaxSigned : AtomicOperation.MaxUnsigned,
            BulkReductionName.Inc when type == PtxType.U32 => AtomicOperation.Increment,
            BulkReductionName.Dec when type == PtxType.U32 => AtomicOperation.Decrement,
            BulkReductionName.And when isBits => AtomicOperation.And,
            BulkReductionName.Or when isBits => AtomicOperation.Or,
            BulkReductionName.Xor when isBits => AtomicOperation.Xor,
            _ => null,
        };
    }

    private static AtomicOperation? AddOf(PtxType type, bool isInteger) => type switch
    {
        PtxType.F16 => AtomicOperation.AddHalf,
        PtxType.BF16 => AtomicOperation.AddBFloat,
        PtxType.F32 => AtomicOperation.AddFloat,
        PtxType.F64 => AtomicOperation.AddDouble,
        _ => isInteger ? AtomicOperation.Add : null,
    };
}
