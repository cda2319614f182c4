using System.Numerics.Tensors;

namespace NativeAttention.Conformance.Tests;

/// <summary>Past and new keys (or values) as one present tensor, [batch, heads, past + new, dim].</summary>
internal static class OnnxPast
{
    /// <summary>Puts the new rows behind the past.</summary>
    public static T[] Append<T>(T[] past, T[] added, OnnxLengths lengths, int dim)
        where T : unmanaged
    {
        (nint batch, nint heads, nint tokens) = (lengths.Batch, lengths.KeyHeads, lengths.NewKeys);
        nint total = lengths.PastKeys + tokens;
        T[] present = new T[batch * heads * total * dim];
        // Tensors of rank 3 have the tokens before the heads: their strides say so.
        nint head = lengths.HeadsFirst ? tokens * dim : dim;
        nint token = lengths.HeadsFirst ? dim : heads * dim;
        KeyValueCache.Concatenate(
            new ReadOnlyTensorSpan<T>(past, [batch, heads, lengths.PastKeys, dim]),
            new ReadOnlyTensorSpan<T>(added, [batch, heads, tokens, dim],
                [heads * tokens * dim, head, token, 1]),
            new TensorSpan<T>(present, [batch, heads, total, dim]), AttentionLayout.Bhsd);
        return present;
    }
}
