using System.Numerics.Tensors;

namespace NativeAttention;

/// <summary>
/// Keys and values of past tokens: taking new ones in, either into a cache with room for them or into a new
/// tensor. On the calling thread; elements keep their bits.
/// </summary>
/// <remarks>
/// A tensor is [batch, sequence, heads, head dim] or, under BHSD, [batch, heads, sequence, head dim], in any
/// strides whose innermost is 1. Keys and values are taken one after the other, since their head dims may
/// differ. Lengths may be 0.
/// </remarks>
/// <example>
/// <code>
/// KeyValueCache.Append&lt;Half&gt;(newKeys, keyCache, lengths); // token t of sequence b goes to
/// lengths[b] + t
/// </code>
/// </example>
public static class KeyValueCache
{
    /// <summary>Writes new tokens into a cache that has room for them, each sequence at its own
    /// place.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="added">The tokens, [batch, added tokens, heads, head dim] under BSHD.</param>
    /// <param name="cache">
    /// Receives them, [batch, capacity, heads, head dim]; everything else in it stays. Must not overlap
    /// <paramref name="added"/>.
    /// </param>
    /// <param name="positions">
    /// Where the first token of each sequence goes, [batch]: 0 to capacity - added tokens.
    /// </param>
    /// <param name="layout">
    /// Order of the axes: <see cref="AttentionLayout.Bshd"/>, which null means, or
    /// <see cref="AttentionLayout.Bhsd"/>.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The tensors disagree, the cache has fewer tokens than are added, an innermost stride is not 1, the
    /// number of positions is not the batch, or the tensors overlap. Nothing was written.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// At some position the tokens do not fit. Nothing was written.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static void Append<T>(in ReadOnlyTensorSpan<T> added, in TensorSpan<T> cache,
        ReadOnlySpan<int> positions, AttentionLayout? layout = null)
        where T : unmanaged
    {
        _ = ElementTypes.Of<T>();
        AppendShape shape = AppendShape.Create(new(nameof(added), added.Lengths, added.Strides),
            new(nameof(cache), cache.Lengths, cache.Strides), layout);
        shape.CheckPositions(positions);
        ReadOnlySpan<T> from = TensorArguments.Storage(added, shape.Added.RequiredLength, nameof(added));
        Span<T> to = TensorArguments.Storage(cache, shape.Cache.RequiredLength, nameof(cache));
        OverlapRule.RequireOwnAddresses(nameof(cache), shape.Cache);
        OverlapRule.RequireApart(nameof(cache), (ReadOnlySpan<T>)to, nameof(added), from);
        Copy(shape, from, to, positions, 0);
    }

    /// <summary>
    /// Joins past and new tokens along the sequence: what ONNX calls present key and present value.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="past">The past tokens, [batch, past tokens, heads, head dim] under BSHD.</param>
    /// <param name="added">The new ones, [batch, added tokens, heads, head dim].</param>
    /// <param name="present">
    /// Receives both, [batch, past + added tokens, heads, head dim]; must not overlap either.
    /// </param>
    /// <param name="layout">
    /// Order of the axes: <see cref="AttentionLayout.Bshd"/>, which null means, or
    /// <see cref="AttentionLayout.Bhsd"/>.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The tensors disagree, the lengths do not add up, an innermost stride is not 1, or what is written
    /// overlaps. Nothing was written.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static void Concatenate<T>(in ReadOnlyTensorSpan<T> past, in ReadOnlyTensorSpan<T> added,
        in TensorSpan<T> present, AttentionLayout? layout = null)
        where T : unmanaged
    {
        _ = ElementTypes.Of<T>();
        (AppendShape before, AppendShape after) = AppendShape.Concatenation(
            new(nameof(past), past.Lengths, past.Strides), new(nameof(added), added.Lengths, added.Strides),
            new(nameof(present), present.Lengths, present.Strides), layout);
        ReadOnlySpan<T> old = TensorArguments.Storage(past, before.Added.RequiredLength, nameof(past));
        ReadOnlySpan<T> fresh = TensorArguments.Storage(added, after.Added.RequiredLength, nameof(added));
        Span<T> to = TensorArguments.Storage(present, before.Cache.RequiredLength, nameof(present));
        OverlapRule.RequireOwnAddresses(nameof(present), before.Cache);
        OverlapRule.RequireApart(nameof(present), (ReadOnlySpan<T>)to, nameof(past), old);
        OverlapRule.RequireApart(nameof(present), (ReadOnlySpan<T>)to, nameof(added), fresh);
        Copy(before, old, to, default, 0);
        Copy(after, fresh, to, default, before.Added.Sequence);
    }

    // Token t of sequence b goes to the sequence's position (0 without any) + start + t.
    private static void Copy<T>(AppendShape shape, ReadOnlySpan<T> from, Span<T> to,
        ReadOnlySpan<int> positions, int start)
        where T : unmanaged
    {
        TensorExtents added = shape.Added;
        for (int b = 0; b < added.Batch; b++)
        {
            int first = start + (positions.IsEmpty ? 0 : positions[b]);
            for (int t = 0; t < added.Sequence; t++)
            {
                for (int h = 0; h < added.Heads; h++)
                {
                    from.Slice((int)added.Offset(b, t, h), added.Dim)
                        .CopyTo(to.Slice((int)shape.Cache.Offset(b, first + t, h), added.Dim));
                }
            }
        }
    }
}
