namespace NativeAttention;

/// <summary>
/// Which optional operands the runs of a plan bring, and where their elements lie. The values come with each
/// run, in <see cref="AttentionInputs{T}"/>; null (or false) means that there is none.
/// </summary>
/// <remarks>
/// <para>
/// A score is formed in this order: scale * temperature * q.k, soft cap, bias, key log-weight, ALiBi, mask;
/// the sink is one more logit of the row. All are in natural-log units.
/// </para>
/// <para>
/// Under <see cref="AttentionLayout.Packed"/> the operands that have one value for a token (temperature, gate,
/// key log-weight) are indexed by the token's place among all tokens, with batch stride 0; bias and mask are
/// indexed by sequence, and by query and key within it.
/// </para>
/// </remarks>
public sealed record AttentionOperands
{
    /// <summary>No optional operand.</summary>
    public static AttentionOperands None { get; } = new();

    /// <summary>
    /// A term added to the scores, [batch, query heads, queries, keys]; each axis may broadcast. Minus infinity
    /// hides a key.
    /// </summary>
    public BiasForm? Bias { get; init; }

    /// <summary>
    /// A boolean mask, [batch, query heads, queries, keys], true where a query may see a key; each axis may
    /// broadcast. It acts beside <see cref="AttentionOptions.Mask"/>: a key must pass both.
    /// </summary>
    public OperandStrides? Mask { get; init; }

    /// <summary>
    /// ALiBi slopes (arXiv 2108.12409), [batch, query heads]: slope * |i + offset - j| is subtracted from
    /// the score of query i and key j, with the diagonal offset of the options.
    /// </summary>
    public OperandStrides? AlibiSlopes { get; init; }

    /// <summary>
    /// One learned logit for a head, [query heads], that takes part in the softmax and has no value: neither
    /// scaled nor capped. Rows that see no key then have output 0 and an LSE equal to the sink.
    /// </summary>
    public OperandStrides? Sinks { get; init; }

    /// <summary>
    /// A factor on the scores of each query, [batch, query heads, queries], beside the scale: selective
    /// self-attention (arXiv 2411.12892), length-dependent temperatures.
    /// </summary>
    public OperandStrides? QueryTemperature { get; init; }

    /// <summary>
    /// A term added to the scores of each key, [batch, key heads, keys]: the logarithm of its weight or
    /// multiplicity. Minus infinity hides a key.
    /// </summary>
    public OperandStrides? KeyLogWeight { get; init; }

    /// <summary>
    /// A factor on the output of each query and head, [batch, query heads, queries]: mixture-of-head
    /// attention (arXiv 2410.11842). The LSE does not feel it.
    /// </summary>
    public OperandStrides? HeadGate { get; init; }

    /// <summary>
    /// Whether a run says how many keys of each sequence count: the others are neither seen nor read. The
    /// diagonal offset is then that count less the queries, sequence by sequence. Not with packed layouts,
    /// which have lengths of their own.
    /// </summary>
    public bool KeyLengths { get; init; }

    /// <summary>Name of the first operand there is; null when there is none.</summary>
    internal string? FirstName => Bias is not null ? nameof(Bias)
        : Mask is not null ? nameof(Mask)
        : AlibiSlopes is not null ? nameof(AlibiSlopes)
        : Sinks is not null ? nameof(Sinks)
        : QueryTemperature is not null ? nameof(QueryTemperature)
        : KeyLogWeight is not null ? nameof(KeyLogWeight)
        : HeadGate is not null ? nameof(HeadGate)
        : KeyLengths ? nameof(KeyLengths)
        : null;
}
