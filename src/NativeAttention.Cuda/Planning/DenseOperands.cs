using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// The parameters of the dense forward kernel: what the problem fixes is filled in once, what the tensors
/// bring at every run.
/// </summary>
internal static class DenseOperands
{
    private const int OpenDiagonal = 1 << 30;
    private const ulong VectorBytes = 16;

    /// <summary>
    /// Everything a problem fixes. Kernels for plain problems take only <c>Dense</c>, the first part.
    /// </summary>
    public static DenseModifiedParams Template(AttentionProblem problem)
    {
        AttentionShape shape = problem.Shape;
        bool follows = FollowsLengths(problem);
        long diagonal = follows ? 0 : problem.DiagonalOffset(shape.QueryLength, shape.KeyLength);
        KeyVisibility visibility = problem.Options.Mask.Lower(diagonal);
        DenseModifiedParams p = Operands(problem);
        p.Dense = Plain(problem, visibility.Band);
        p.PrefixKeys = visibility.PrefixKeys;
        p.PrefixRight = Diagonal(visibility.PrefixRight);
        p.Diagonal = Diagonal(diagonal);
        p.ValueHeads = shape.ValueHeads;
        p.SoftCap = problem.Options.SoftCap ?? 0;
        PackedTokens? packed = problem.Strides.Packed;
        p.QueryTokens = packed?.Queries ?? 0;
        p.KeyTokens = packed?.Keys ?? 0;
        p.LseBatchStride = packed is null ? (long)shape.QueryHeads * shape.QueryLength : 0;
        p.LseHeadStride = packed?.Queries ?? shape.QueryLength;
        DenseModifierFlags flags = follows ? DenseModifierFlags.DenseDiagonalFollowsLengths : 0;
        flags |= problem.Options.Operands.Bias?.ElementType == ElementType.Float32
            ? DenseModifierFlags.DenseFloatBias : 0;
        p.Flags = (uint)flags;
        return p;
    }

    /// <summary>
    /// A band in 32 bits. With lengths of at most 2^30 a diagonal at or beyond +-2^30 either hides nothing or
    /// hides everything, and so does that diagonal moved to +-2^30: the meaning stays.
    /// </summary>
    public static (int Left, int Right) Band(KeyBand band, AttentionShape shape)
    {
        System.Diagnostics.Debug.Assert(
            shape.QueryLength <= OpenDiagonal && shape.KeyLength <= OpenDiagonal, "longer ones are refused");
        return (Diagonal(band.Left), Diagonal(band.Right));
    }

    /// <summary>
    /// Sets what may be copied and stored in larger pieces, from addresses and strides of this run.
    /// </summary>
    /// <param name="p">The parameters, tensors and lengths filled in.</param>
    /// <param name="valueHeads">Heads of the value.</param>
    /// <param name="elementBytes">Size of one element.</param>
    public static void SetFlags(ref DenseForwardParams p, int valueHeads, int elementBytes)
    {
        uint bytes = (uint)elementBytes;
        ulong rows = ((ulong)p.HeadDim * bytes) | ((ulong)p.ValueHeadDim * bytes);
        ulong loads = rows
            | Bits(p.Query, p.Batch, p.QueryHeads, bytes)
            | Bits(p.Key, p.Batch, p.KeyValueHeads, bytes)
            | Bits(p.Value, p.Batch, valueHeads, bytes);
        TensorRef output = new()
        {
            Data = p.Output.Data,
            BatchStride = p.Output.BatchStride,
            SequenceStride = p.Output.SequenceStride,
            HeadStride = p.Output.HeadStride,
        };
        ulong stores = Bits(output, p.Batch, p.QueryHeads, bytes) | ((ulong)p.ValueHeadDim * bytes);
        DenseFlags flags = DenseFlags.None;
        flags |= loads % VectorBytes == 0 ? DenseFlags.DenseVectorLoads : DenseFlags.None;
        flags |= stores % (2 * bytes) == 0 ? DenseFlags.DensePairStores : DenseFlags.None;
        p.Flags = (uint)flags;
    }

    // Whether the device alone knows the lengths that the diagonals depend on.
    private static bool FollowsLengths(AttentionProblem problem) =>
        (problem.Options.Operands.KeyLengths || problem.Strides.Packed is not null)
        && problem.Options.DiagonalOffset is null && !problem.Options.Mask.IsTopLeft;

    private static DenseForwardParams Plain(AttentionProblem problem, KeyBand band)
    {
        AttentionShape shape = problem.Shape;
        (int left, int right) = Band(band, shape);
        return new DenseForwardParams
        {
            Batch = shape.Batch,
            QueryLength = shape.QueryLength,
            KeyLength = shape.KeyLength,
            QueryHeads = shape.QueryHeads,
            KeyValueHeads = shape.KeyValueHeads,
            HeadDim = shape.HeadDim,
            ValueHeadDim = shape.ValueHeadDim,
            BandLeft = left,
            BandRight = right,
            Scale = problem.Scale,
        };
    }

    private static DenseModifiedParams Operands(AttentionProblem problem)
    {
        AttentionOperands operands = problem.Options.Operands;
        return new DenseModifiedParams
        {
            Bias = Strides(operands.Bias?.Strides),
            Mask = Strides(operands.Mask),
            AlibiSlopes = Strides(operands.AlibiSlopes),
            Sinks = Strides(operands.Sinks),
            QueryTemperature = Strides(operands.QueryTemperature),
            KeyLogWeight = Strides(operands.KeyLogWeight),
            HeadGate = Strides(operands.HeadGate),
        };
    }

    private static OperandRef Strides(OperandStrides? strides) => strides is OperandStrides s
        ? new OperandRef { BatchStride = s.Batch, HeadStride = s.Head, QueryStride = s.Query, KeyStride = s.Key }
        : default;

    private static int Diagonal(long diagonal) => (int)Math.Clamp(diagonal, -OpenDiagonal, OpenDiagonal);

    /// <summary>
    /// All bits that an address of a row can have. Strides of axes of length 1 are never multiplied by anything
    /// but 0; that of the sequence counts always, since a tile may step beyond the last row before it masks it.
    /// </summary>
    internal static ulong Bits(in TensorRef tensor, int batch, int heads, uint bytes)
    {
        ulong bits = tensor.Data | ((ulong)tensor.SequenceStride * bytes);
        bits |= batch > 1 ? (ulong)tensor.BatchStride * bytes : 0;
        return bits | (heads > 1 ? (ulong)tensor.HeadStride * bytes : 0);
    }
}
