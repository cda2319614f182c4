using System.Numerics.Tensors;
using NativeAttention.Testing;

namespace NativeAttention.Conformance.Tests;

/// <summary>Past and new keys (or values) as one present tensor, [batch, heads, past + new, dim].</summary>
internal static class OnnxPast
{
    /// <summary>Puts the new rows behind the past, by the library's own operation.</summary>
    public static T[] Append<T>(T[] past, T[] added, OnnxLengths lengths, int dim)
        where T : unmanaged
    {
        (nint batch, nint heads, nint old, nint fresh) =
            (lengths.Batch, lengths.KeyHeads, lengths.PastKeys, lengths.NewKeys);
        T[] present = new T[batch * heads * (old + fresh) * dim];
        Array.Fill(present, Elements.Poison<T>());
        KeyValueCache.Concatenate(new ReadOnlyTensorSpan<T>(past, [batch, heads, old, dim]),
            lengths.HeadsFirst
                ? new ReadOnlyTensorSpan<T>(added, [batch, heads, fresh, dim])
                : new ReadOnlyTensorSpan<T>(added, [batch, heads, fresh, dim],
                    [fresh * heads * dim, dim, heads * dim, 1]),
            new TensorSpan<T>(present, [batch, heads, old + fresh, dim]), AttentionLayout.Bhsd);
        return present;
    }
}
