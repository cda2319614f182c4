namespace NativeAttention.Testing;

/// <summary>
/// Where the elements of a logical [batch, heads, sequence, dim] tensor lie in storage. The tests compute on
/// dense logical arrays in that order and translate at the edge, so no layout can hide a mistake of another.
/// </summary>
public readonly record struct TensorView(int Batch, int Heads, int Sequence, int Dim, TensorStrides Strides)
{
    /// <summary>Elements of the logical tensor.</summary>
    public int Count => Batch * Heads * Sequence * Dim;

    /// <summary>
    /// Elements of storage that hold it: one more than the largest offset, 0 when there are no elements.
    /// </summary>
    public int StorageLength => Count == 0
        ? 0
        : checked((int)(((Batch - 1) * Strides.Batch) + ((Heads - 1) * Strides.Head)
            + ((Sequence - 1) * Strides.Sequence) + Dim));

    /// <summary>The four views of a problem.</summary>
    public static (TensorView Query, TensorView Key, TensorView Value, TensorView Output) Of(
        AttentionShape s, AttentionLayout layout)
    {
        LayoutStrides strides = layout.Resolve(s);
        return (
            new TensorView(s.Batch, s.QueryHeads, s.QueryLength, s.HeadDim, strides.Query),
            new TensorView(s.Batch, s.KeyValueHeads, s.KeyLength, s.HeadDim, strides.Key),
            new TensorView(s.Batch, s.KeyValueHeads, s.KeyLength, s.ValueHeadDim, strides.Value),
            new TensorView(s.Batch, s.QueryHeads, s.QueryLength, s.ValueHeadDim, strides.Output));
    }

    /// <summary>Offset in storage of the logical element with a given index.</summary>
    public long Offset(int index)
    {
        (int rest, int d) = Math.DivRem(index, Dim);
        (rest, int s) = Math.DivRem(rest, Sequence);
        (int b, int h) = Math.DivRem(rest, Heads);
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

    /// <summary>Storage to a dense logical array.</summary>
    public double[] Gather<T>(ReadOnlySpan<T> storage)
        where T : unmanaged
    {
        double[] logical = new double[Count];
        for (int i = 0; i < logical.Length; i++)
        {
            logical[i] = Elements.ToDouble(storage[(int)Offset(i)]);
        }

        return logical;
    }

    /// <summary>A dense logical array to storage; where strides broadcast, the last element wins.</summary>
    public void Scatter<T>(ReadOnlySpan<double> logical, Span<T> storage)
        where T : unmanaged
    {
        for (int i = 0; i < logical.Length; i++)
        {
            storage[(int)Offset(i)] = Elements.FromDouble<T>(logical[i]);
        }
    }

    /// <summary>For every place of storage, whether some element lies there.</summary>
    public bool[] Occupied(int storageLength)
    {
        bool[] occupied = new bool[storageLength];
        for (int i = 0; i < Count; i++)
        {
            occupied[Offset(i)] = true;
        }

        return occupied;
    }
}
