namespace NativeAttention.Cpu;

/// <summary>
/// The pinned tensors and operands of one run, and the memory that its threads share. Lse is null when it is
/// not wanted, an operand when there is none.
/// </summary>
internal unsafe struct TensorPointers<T>
    where T : unmanaged
{
    public T* Query;
    public T* Key;
    public T* Value;
    public T* Output;
    public float* Lse;

    /// <summary>Of the type that the problem's bias form says.</summary>
    public byte* Bias;
    public bool* Mask;
    public float* AlibiSlopes;
    public float* Sinks;
    public float* QueryTemperature;
    public float* KeyLogWeight;
    public float* HeadGate;
    public int* KeyLengths;
    public int* CumulativeQueryLengths;
    public int* CumulativeKeyLengths;
    public float* Shared;
    public int* Counters;

    /// <summary>Results of a pass over the scores; the scores themselves are the output.</summary>
    public float* ColumnSums;
    public float* RowEntropy;
    public float* BlockMaxima;

    /// <summary>Where a sequence of the batch lies, and how long it is in this run.</summary>
    public readonly SequenceBounds Sequence(AttentionShape shape, long batch) => CumulativeQueryLengths != null
        ? new SequenceBounds(
            CumulativeQueryLengths[batch], CumulativeQueryLengths[batch + 1] - CumulativeQueryLengths[batch],
            CumulativeKeyLengths[batch], CumulativeKeyLengths[batch + 1] - CumulativeKeyLengths[batch])
        : new SequenceBounds(
            0, shape.QueryLength, 0, KeyLengths != null ? KeyLengths[batch] : shape.KeyLength);
}
