namespace NativeAttention;

/// <summary>
/// The four lengths of one tensor of a problem, with its strides: everything about where it lies.
/// </summary>
internal readonly record struct TensorExtents(int Batch, int Sequence, int Heads, int Dim,
    TensorStrides Strides)
{
    /// <summary>Whether the tensor has no elements.</summary>
    public bool IsEmpty => Batch == 0 || Sequence == 0 || Heads == 0 || Dim == 0;

    /// <summary>
    /// Elements of storage that hold the tensor: its largest offset plus one; 0 when it is empty.
    /// </summary>
    public long RequiredLength => (long)RequiredLength128;

    /// <summary><see cref="RequiredLength"/> before it is known to fit into 64 bits.</summary>
    public Int128 RequiredLength128 => IsEmpty
        ? 0
        : ((Int128)(Batch - 1) * Strides.Batch) + ((Int128)(Sequence - 1) * Strides.Sequence)
            + ((Int128)(Heads - 1) * Strides.Head) + Dim;

    /// <summary>Offset of the first element of one row.</summary>
    public long Offset(int batch, int sequence, int head) =>
        (batch * Strides.Batch) + (sequence * Strides.Sequence) + (head * Strides.Head);

    /// <summary>The query tensor of a problem.</summary>
    public static TensorExtents Query(AttentionShape s, LayoutStrides strides) =>
        Of(s.Batch, s.QueryLength, strides.Packed?.Queries, s.QueryHeads, s.HeadDim, strides.Query);

    /// <summary>The key tensor of a problem.</summary>
    public static TensorExtents Key(AttentionShape s, LayoutStrides strides) =>
        Of(s.Batch, s.KeyLength, strides.Packed?.Keys, s.KeyValueHeads, s.HeadDim, strides.Key);

    /// <summary>The value tensor of a problem.</summary>
    public static TensorExtents Value(AttentionShape s, LayoutStrides strides) =>
        Of(s.Batch, s.KeyLength, strides.Packed?.Keys, s.ValueHeads, s.ValueHeadDim, strides.Value);

    /// <summary>The output tensor of a problem.</summary>
    public static TensorExtents Output(AttentionShape s, LayoutStrides strides) =>
        Of(s.Batch, s.QueryLength, strides.Packed?.Queries, s.QueryHeads, s.ValueHeadDim, strides.Output);

    // A packed batch is one sequence of all tokens.
    private static TensorExtents Of(int batch, int sequence, int? tokens, int heads, int dim,
        TensorStrides strides) => tokens is int all
        ? new TensorExtents(1, all, heads, dim, strides)
        : new TensorExtents(batch, sequence, heads, dim, strides);
}
