namespace NativeAttention.Testing;

/// <summary>The tensors of one case in storage: inputs filled, outputs and all gaps poisoned.</summary>
/// <typeparam name="T">Element type.</typeparam>
public sealed class AttentionBuffers<T>
    where T : unmanaged
{
    internal AttentionBuffers(T[] query, T[] key, T[] value, T[] output, float[] lse)
    {
        Query = query;
        Key = key;
        Value = value;
        Output = output;
        Lse = lse;
    }

    /// <summary>Queries; places between the vectors hold NaN.</summary>
    public T[] Query { get; }

    /// <summary>Keys; places between the vectors and beyond the last key hold NaN.</summary>
    public T[] Key { get; }

    /// <summary>Values; places between the vectors and beyond the last value hold NaN.</summary>
    public T[] Value { get; }

    /// <summary>Output, poisoned.</summary>
    public T[] Output { get; }

    /// <summary>Log-sum-exp, poisoned.</summary>
    public float[] Lse { get; }

    /// <summary>Poisons the outputs again, for another run.</summary>
    public void Poison()
    {
        Array.Fill(Output, Elements.Poison<T>());
        Array.Fill(Lse, Elements.Poison<float>());
    }
}
