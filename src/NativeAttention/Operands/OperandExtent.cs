namespace NativeAttention;

/// <summary>How long the axes of one optional operand are, and its strides: what it needs of a span.</summary>
internal readonly record struct OperandExtent(
    int Batch, int Heads, int Queries, int Keys, OperandStrides Strides)
{
    /// <summary>Elements of storage: the largest offset plus one; 0 when there are none.</summary>
    public Int128 RequiredLength => Batch == 0 || Heads == 0 || Queries == 0 || Keys == 0
        ? 0
        : ((Int128)(Batch - 1) * Strides.Batch) + ((Int128)(Heads - 1) * Strides.Head)
            + ((Int128)(Queries - 1) * Strides.Query) + ((Int128)(Keys - 1) * Strides.Key) + 1;
}
