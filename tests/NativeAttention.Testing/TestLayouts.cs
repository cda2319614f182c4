namespace NativeAttention.Testing;

/// <summary>Strided layouts that a dense one cannot hide behind.</summary>
public static class TestLayouts
{
    /// <summary>
    /// Gaps after every vector, token and sequence, of odd size, so that nothing is aligned.
    /// </summary>
    public static AttentionLayout PaddedOdd(AttentionShape s) =>
        Padded(s, headGap: 1, tokenGap: 3, tokens: 2);

    /// <summary>
    /// Gaps that keep every vector of a head dim that is a multiple of 8 on a 16-byte boundary.
    /// </summary>
    public static AttentionLayout PaddedAligned(AttentionShape s) =>
        Padded(s, headGap: 8, tokenGap: 16, tokens: 1);

    /// <summary>[sequence, batch, heads, dim].</summary>
    public static AttentionLayout SequenceMajor(AttentionShape s)
    {
        return AttentionLayout.Strided(
            Of(s.QueryHeads, s.HeadDim),
            Of(s.KeyValueHeads, s.HeadDim),
            Of(s.KeyValueHeads, s.ValueHeadDim),
            Of(s.QueryHeads, s.ValueHeadDim));

        TensorStrides Of(int heads, int dim) => new((long)heads * dim, (long)s.Batch * heads * dim, dim);
    }

    /// <summary>
    /// Dense BSHD queries and output; one sequence of keys and values for the whole batch (stride 0).
    /// </summary>
    public static AttentionLayout SharedKeyValue(AttentionShape s) => AttentionLayout.Strided(
        TensorStrides.Bshd(s.QueryLength, s.QueryHeads, s.HeadDim),
        TensorStrides.Bshd(s.KeyLength, s.KeyValueHeads, s.HeadDim) with { Batch = 0 },
        TensorStrides.Bshd(s.KeyLength, s.KeyValueHeads, s.ValueHeadDim) with { Batch = 0 },
        TensorStrides.Bshd(s.QueryLength, s.QueryHeads, s.ValueHeadDim));

    private static AttentionLayout Padded(AttentionShape s, int headGap, int tokenGap, int tokens)
    {
        return AttentionLayout.Strided(
            Of(s.QueryLength, s.QueryHeads, s.HeadDim),
            Of(s.KeyLength, s.KeyValueHeads, s.HeadDim),
            Of(s.KeyLength, s.KeyValueHeads, s.ValueHeadDim),
            Of(s.QueryLength, s.QueryHeads, s.ValueHeadDim));

        TensorStrides Of(int length, int heads, int dim)
        {
            long head = dim + headGap;
            long token = (heads * head) + tokenGap;
            return new TensorStrides((length + tokens) * token, token, head);
        }
    }
}
