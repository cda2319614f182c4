namespace NativeAttention.Tool.Results;

/// <summary>What a case of dense attention costs at least: the numbers that rates are made of.</summary>
internal static class CaseWork
{
    /// <summary>
    /// Useful floating-point operations: for each visible pair of query and key a multiplication and an
    /// addition per element of the head dim (the score) and of the value head dim (the output).
    /// </summary>
    public static double DenseFlops(AttentionShape shape, AttentionMask mask) =>
        2.0 * shape.Batch * shape.QueryHeads * VisiblePairs(shape, mask) * (shape.HeadDim + shape.ValueHeadDim);

    /// <summary>
    /// Unavoidable traffic in bytes: query, key and value read once, the output written once.
    /// </summary>
    public static double DenseBytes(AttentionShape shape, ElementType type)
    {
        double queries = (double)shape.Batch * shape.QueryLength * shape.QueryHeads;
        double keys = (double)shape.Batch * shape.KeyLength * shape.KeyValueHeads;
        int size = type == ElementType.Float32 ? sizeof(float) : sizeof(ushort);
        return (queries + keys) * (shape.HeadDim + shape.ValueHeadDim) * size;
    }

    private static long VisiblePairs(AttentionShape shape, AttentionMask mask)
    {
        long offset = mask == AttentionMask.Causal ? (long)shape.KeyLength - shape.QueryLength
            : mask == AttentionMask.CausalTopLeft ? 0
            : mask == AttentionMask.None ? shape.KeyLength
            : throw new NotSupportedException($"the pairs that mask '{mask}' shows are not counted here");
        long pairs = 0;
        for (long i = 0; i < shape.QueryLength; i++)
        {
            pairs += Math.Clamp(i + offset + 1, 0, shape.KeyLength);
        }

        return pairs;
    }
}
