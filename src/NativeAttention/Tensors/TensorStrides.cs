namespace NativeAttention;

/// <summary>
/// Distances, in elements, between neighbours along batch, sequence and heads. The innermost axis (head dim) always
/// has stride 1. Offsets are computed in 64 bits.
/// </summary>
/// <param name="Batch">Distance from one sequence of the batch to the next.</param>
/// <param name="Sequence">Distance from one token to the next.</param>
/// <param name="Head">Distance from one head to the next.</param>
public readonly record struct TensorStrides(long Batch, long Sequence, long Head)
{
    /// <summary>Strides of a dense [batch, sequence, heads, dim] tensor.</summary>
    public static TensorStrides Bshd(int sequence, int heads, int dim) =>
        new((long)sequence * heads * dim, (long)heads * dim, dim);

    /// <summary>Strides of a dense [batch, heads, sequence, dim] tensor.</summary>
    public static TensorStrides Bhsd(int sequence, int heads, int dim) =>
        new((long)heads * sequence * dim, dim, (long)sequence * dim);
}
