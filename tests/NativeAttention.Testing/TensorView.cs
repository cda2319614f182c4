namespace NativeAttention.Testing;

/// <summary>
/// Where the elements of a logical [batch, heads, sequence, dim] tensor lie in storage. The tests compute on
/// dense logical arrays in that order and translate at the edge, so no layout can hide a mistake of another.
/// </summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Sequence">Tokens of the longest sequence.</param>
/// <param name="Dim">Elements of a vector.</param>
/// <param name="Strides">Strides of storage.</param>
/// <param name="Starts">
/// For packed tensors, the token at which each sequence begins, and where the last ends: tokens that a sequence
/// does not have have no place in storage.
/// </param>
/// <param name="Tokens">For packed tensors, tokens that storage has room for.</param>
public readonly record struct TensorView(int Batch, int Heads, int Sequence, int Dim, TensorStrides Strides,
    int[]? Starts = null, int Tokens = 0)
{
    /// <summary>Elements of the logical tensor.</summary>
    public int Count => Batch * Heads * Sequence * Dim;

    /// <summary>
    /// Elements of storage that hold it: one more than the largest offset, 0 when there are no elements.
    /// </summary>
    public int StorageLength => Starts is not null
        ? checked((int)(Tokens == 0 ? 0
            : ((Tokens - 1) * Strides.Sequence) + ((Heads - 1) * Strides.Head) + Dim))
        : Count == 0
        ? 0
        : checked((int)(((Batch - 1) * Strides.Batch) + ((Heads - 1) * Strides.Head)
            + ((Sequence - 1) * Strides.Sequence) + Dim));

    /// <summary>The four views of a problem that is not packed.</summary>
    public static (TensorView Query, TensorView Key, TensorView Value, TensorView Output) Of(
        AttentionShape s, AttentionLayout layout) => Of(s, layout, null);

    /// <summary>The four views of a problem.</summary>
    public static (TensorView Query, TensorView Key, TensorView Value, TensorView Output) Of(
        AttentionShape s, AttentionLayout layout, CaseOperands? operands)
    {
        LayoutStrides strides = layout.Resolve(s);
        int[]? queries = operands?.QueryStarts, keys = operands?.KeyStarts;
        PackedTokens tokens = strides.Packed ?? default;
        return (
            new(s.Batch, s.QueryHeads, s.QueryLength, s.HeadDim, strides.Query, queries, tokens.Queries),
            new(s.Batch, s.KeyValueHeads, s.KeyLength, s.HeadDim, strides.Key, keys, tokens.Keys),
            new(s.Batch, s.ValueHeads, s.KeyLength, s.ValueHeadDim, strides.Value, keys, tokens.Keys),
            new(s.Batch, s.QueryHeads, s.QueryLength, s.ValueHeadDim, strides.Output, queries, tokens.Queries));
    }

    /// <summary>
    /// Offset in storage of the logical element with a given index; -1 when it has no place there.
    /// </summary>
    public long Offset(int index)
    {
        (int rest, int d) = Math.DivRem(index, Dim);
        (rest, int s) = Math.DivRem(rest, Sequence);
        (int b, int h) = Math.DivRem(rest, Heads);
        if (Starts is not null)
        {
            return s < Starts[b + 1] - Starts[b]
                ? ((Starts[b] + s) * Strides.Sequence) + (h * Strides.Head) + d
                : -1;
        }

        return (b * Strides.Batch) + (h * Strides.Head) + (s * Strides.Sequence) + d;
    }

    /// <summary>Names a logical element for people.</summary>
    public string Describe(int index)
    {
        (int rest, int d) = Math.DivRem(index, Dim);
        (rest, int s) = Math.DivRem(rest, Sequence);
        (int b, int h) = Math.DivRem(rest, Heads);
        return $"[batch {b}, head {h}, row {s}, dim {d}]";
    }

    /// <summary>Storage to a dense logical array; what has no place in storage is 0.</summary>
    public double[] Gather<T>(ReadOnlySpan<T> storage)
        where T : unmanaged
    {
        double[] logical = new double[Count];
        foreach ((int index, int offset) in StoredVectors())
        {
            for (int d = 0; d < Dim; d++)
            {
                logical[index + d] = Elements.ToDouble(storage[offset + d]);
            }
        }

        return logical;
    }

    /// <summary>A dense logical array to storage; where strides broadcast, the last element wins.</summary>
    public void Scatter<T>(ReadOnlySpan<double> logical, Span<T> storage)
        where T : unmanaged
    {
        foreach ((int index, int offset) in StoredVectors())
        {
            for (int d = 0; d < Dim; d++)
            {
                storage[offset + d] = Elements.FromDouble<T>(logical[index + d]);
            }
        }
    }

    /// <summary>For every place of storage, whether some element lies there.</summary>
    public bool[] Occupied(int storageLength)
    {
        bool[] occupied = new bool[storageLength];
        foreach ((_, int offset) in StoredVectors())
        {
            occupied.AsSpan(offset, Dim).Fill(true);
        }

        return occupied;
    }

    /// <summary>
    /// Index of the first element of every vector that has a place in storage, and its offset there; the others of the
    /// vector follow it in both.
    /// </summary>
    public IEnumerable<(int Index, int Offset)> StoredVectors()
    {
        for (int index = 0; index < Count; index += Dim)
        {
            long offset = Offset(index);
            if (offset >= 0)
            {
                yield return (index, checked((int)offset));
            }
        }
    }
}
