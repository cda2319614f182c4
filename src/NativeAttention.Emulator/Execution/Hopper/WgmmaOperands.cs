namespace NativeAttention.Emulation;

/// <summary>The operands of wgmma.mma_async, as the decoder lists them in <see cref="Op.List"/>.</summary>
internal unsafe struct WgmmaOperands
{
    /// <summary>Bits of <see cref="Flags"/>.</summary>
    public const int RegisterA = 1;
    public const int TransposedA = 2;
    public const int TransposedB = 4;
    public const int Negated = 8;
    public const int HalfAccumulators = 16;
    public const int IntegerAccumulators = 32;
    public const int Saturates = 64;

    public const int MaximumAccumulators = 128;
    public const int Count = 10 + MaximumAccumulators;

    /// <summary>Columns of the product.</summary>
    public int Columns;

    /// <summary>Elements along k.</summary>
    public int Depth;
    public int Flags;

    /// <summary>Slots of the descriptors and of the predicate scale-d.</summary>
    public int DescriptorB;
    public int ScaleD;

    /// <summary>Slots of the registers of A, or of its descriptor.</summary>
    public fixed int A[4];

    /// <summary>Number of accumulator registers, and their slots.</summary>
    public int AccumulatorCount;
    public fixed int Accumulators[MaximumAccumulators];
}
