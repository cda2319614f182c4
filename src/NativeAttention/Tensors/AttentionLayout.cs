namespace NativeAttention;

/// <summary>
/// How query, key, value and output lie in memory: a closed family with static constructors.
/// </summary>
/// <remarks>
/// The log-sum-exp is a dense [batch, heads, query] tensor, and [heads, token] for packed layouts.
/// </remarks>
public abstract record AttentionLayout
{
    private AttentionLayout()
    {
    }

    /// <summary>Dense [batch, sequence, heads, dim] tensors: the default.</summary>
    public static AttentionLayout Bshd { get; } = new DenseBshd();

    /// <summary>Dense [batch, heads, sequence, dim] tensors.</summary>
    public static AttentionLayout Bhsd { get; } = new DenseBhsd();

    /// <summary>Any strides, each tensor its own; the innermost stride is 1.</summary>
    /// <param name="query">Strides of the query, in elements.</param>
    /// <param name="key">Strides of the key, in elements.</param>
    /// <param name="value">Strides of the value, in elements.</param>
    /// <param name="output">Strides of the output, in elements; no two elements may share an address.</param>
    public static AttentionLayout Strided(TensorStrides query, TensorStrides key, TensorStrides value,
        TensorStrides output) => new Explicit(new LayoutStrides(query, key, value, output));

    /// <summary>
    /// Sequences of any lengths one after the other, without padding: query and output are dense [query
    /// tokens, heads, dim], key and value [key tokens, heads, dim]. Each run says where the sequences begin
    /// (<see cref="AttentionInputs{T}.CumulativeQueryLengths"/>); the lengths of the shape are the longest
    /// allowed.
    /// </summary>
    /// <param name="queryTokens">Tokens of query and output, of all sequences together, at most.</param>
    /// <param name="keyTokens">Tokens of key and value, of all sequences together, at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of tokens is negative.</exception>
    public static AttentionLayout Packed(int queryTokens, int keyTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(queryTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(keyTokens);
        return new PackedTokenRows(new PackedTokens(queryTokens, keyTokens));
    }

    /// <summary>The strides of the four tensors for a shape.</summary>
    internal abstract LayoutStrides Resolve(AttentionShape shape);

    private sealed record DenseBshd : AttentionLayout
    {
        internal override LayoutStrides Resolve(AttentionShape s) => new(
            TensorStrides.Bshd(s.QueryLength, s.QueryHeads, s.HeadDim),
            TensorStrides.Bshd(s.KeyLength, s.KeyValueHeads, s.HeadDim),
            TensorStrides.Bshd(s.KeyLength, s.ValueHeads, s.ValueHeadDim),
            TensorStrides.Bshd(s.QueryLength, s.QueryHeads, s.ValueHeadDim));

        public override string ToString() => "BSHD";
    }

    private sealed record DenseBhsd : AttentionLayout
    {
        internal override LayoutStrides Resolve(AttentionShape s) => new(
            TensorStrides.Bhsd(s.QueryLength, s.QueryHeads, s.HeadDim),
            TensorStrides.Bhsd(s.KeyLength, s.KeyValueHeads, s.HeadDim),
            TensorStrides.Bhsd(s.KeyLength, s.ValueHeads, s.ValueHeadDim),
            TensorStrides.Bhsd(s.QueryLength, s.QueryHeads, s.ValueHeadDim));

        public override string ToString() => "BHSD";
    }

    private sealed record PackedTokenRows(PackedTokens Tokens) : AttentionLayout
    {
        internal override LayoutStrides Resolve(AttentionShape s) => new(
            Rows(s.QueryHeads, s.HeadDim), Rows(s.KeyValueHeads, s.HeadDim),
            Rows(s.ValueHeads, s.ValueHeadDim), Rows(s.QueryHeads, s.ValueHeadDim), Tokens);

        public override string ToString() => $"packed {Tokens.Queries}/{Tokens.Keys}";

        private static TensorStrides Rows(int heads, int dim) => new(0, (long)heads * dim, dim);
    }

    private sealed record Explicit(LayoutStrides Strides) : AttentionLayout
    {
        internal override LayoutStrides Resolve(AttentionShape shape) => Strides;

        public override string ToString() => "strided";
    }
}

/// <summary>
/// The resolved strides of the four tensors of one problem; with packed tokens batch strides are 0.
/// </summary>
internal readonly record struct LayoutStrides(TensorStrides Query, TensorStrides Key, TensorStrides Value,
    TensorStrides Output, PackedTokens? Packed = null);

/// <summary>Most tokens of all sequences of a packed batch together.</summary>
internal readonly record struct PackedTokens(int Queries, int Keys);
