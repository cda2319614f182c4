namespace NativeAttention;

/// <summary>
/// Distances, in elements, between neighbours along batch, sequence and heads. The innermost axis (head dim)
/// always has stride 1. Offsets are computed in 64 bits.
/// </summary>
/// <remarks>
/// No stride may be negative. Inputs may repeat themselves (stride 0, for example one key sequence for a
/// whole batch); the output may not, since no two of its elements may share an address.
/// </remarks>
/// <param name="Batch">Distance from one sequence of the batch to the next.</param>
/// <param name="Sequence">Distance from one token to the next.</param>
/// <param name="Head">Distance from one head to the next.</param>
public readonly record struct TensorStrides(long Batch, long Sequence, long Head)
{
    /// <summary>Strides of a dense [batch, sequence, heads, dim] tensor.</summary>
    /// <param name="sequence">Tokens of one sequence.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="dim">Elements of one vector.</param>
    /// <exception cref="OverflowException">One sequence has more than 2^63 - 1 elements.</exception>
    public static TensorStrides Bshd(int sequence, int heads, int dim) =>
        new(checked((long)sequence * heads * dim), (long)heads * dim, dim);

    /// <summary>Strides of a dense [batch, heads, sequence, dim] tensor.</summary>
    /// <param name="sequence">Tokens of one sequence.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="dim">Elements of one vector.</param>
    /// <exception cref="OverflowException">One sequence has more than 2^63 - 1 elements.</exception>
    public static TensorStrides Bhsd(int sequence, int heads, int dim) =>
        new(checked((long)heads * sequence * dim), dim, (long)sequence * dim);
}
