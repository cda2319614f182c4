namespace NativeAttention;

/// <summary>
/// Distances, in elements, between neighbours of an optional operand along batch, heads, queries and keys.
/// A stride of 0 broadcasts: the operand has one entry for the whole axis.
/// </summary>
/// <remarks>Offsets are computed in 64 bits. No stride may be negative.</remarks>
/// <param name="Batch">Distance from one sequence of the batch to the next.</param>
/// <param name="Head">Distance from one head to the next.</param>
/// <param name="Query">Distance from one query to the next.</param>
/// <param name="Key">Distance from one key to the next.</param>
public readonly record struct OperandStrides(long Batch, long Head, long Query, long Key)
{
    /// <summary>
    /// Strides of a dense [batch, heads, queries, keys] tensor in which an axis of length 1 broadcasts, as in
    /// NumPy and ONNX.
    /// </summary>
    /// <param name="batch">Length of the batch axis, or 1.</param>
    /// <param name="heads">Length of the head axis, or 1.</param>
    /// <param name="queries">Length of the query axis, or 1.</param>
    /// <param name="keys">Length of the key axis, or 1.</param>
    /// <exception cref="OverflowException">The tensor has more than 2^63 - 1 elements.</exception>
    public static OperandStrides Dense(int batch, int heads, int queries, int keys) => checked(new(
        batch == 1 ? 0 : (long)heads * queries * keys,
        heads == 1 ? 0 : (long)queries * keys,
        queries == 1 ? 0 : keys,
        keys == 1 ? 0 : 1));

    /// <summary>One entry for every head, [heads], the same in every sequence.</summary>
    public static OperandStrides PerHead { get; } = new(0, 1, 0, 0);

    /// <summary>Offset of the first key's entry of a query.</summary>
    internal long Offset(long batch, long head, long query) => (batch * Batch) + (head * Head) + (query * Query);
}
