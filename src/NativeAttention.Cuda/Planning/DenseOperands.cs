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

    /// <summary>Everything a problem fixes.</summary>
    public static DenseForwardParams Template(AttentionProblem problem)
    {
        AttentionShape shape = problem.Shape;
        (int left, int right) = Band(problem.Band, shape);
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

    /// <summary>
    /// A band in 32 bits. With lengths of at most 2^30 a diagonal at or beyond +-2^30 either hides nothing or
    /// hides everything, and so does that diagonal moved to +-2^30: the meaning stays.
    /// </summary>
    public static (int Left, int Right) Band(KeyBand band, AttentionShape shape)
    {
        System.Diagnostics.Debug.Assert(
            shape.QueryLength <= OpenDiagonal && shape.KeyLength <= OpenDiagonal, "longer ones are refused");
        return ((int)Math.Clamp(band.Left, -OpenDiagonal, OpenDiagonal),
            (int)Math.Clamp(band.Right, -OpenDiagonal, OpenDiagonal));
    }

    /// <summary>
    /// Sets what may be copied and stored in larger pieces, from addresses and strides of this run.
    /// </summary>
    public static void SetFlags(ref DenseForwardParams p, int elementBytes)
    {
        uint bytes = (uint)elementBytes;
        ulong rows = ((ulong)p.HeadDim * bytes) | ((ulong)p.ValueHeadDim * bytes);
        ulong loads = rows
            | Bits(p.Query, p.Batch, p.QueryHeads, bytes)
            | Bits(p.Key, p.Batch, p.KeyValueHeads, bytes)
            | Bits(p.Value, p.Batch, p.KeyValueHeads, bytes);
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

    // All bits that an address of a row can have. Strides of axes of length 1 are never multiplied by
    // anything but 0;
    // that of the sequence counts always, since a tile may step beyond the last row before it masks it.
    private static ulong Bits(in TensorRef tensor, int batch, int heads, uint bytes)
    {
        ulong bits = tensor.Data | ((ulong)tensor.SequenceStride * bytes);
        bits |= batch > 1 ? (ulong)tensor.BatchStride * bytes : 0;
        return bits | (heads > 1 ? (ulong)tensor.HeadStride * bytes : 0);
    }
}
