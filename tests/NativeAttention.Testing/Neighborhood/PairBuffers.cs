using System.Runtime.InteropServices;

namespace NativeAttention.Testing;

/// <summary>The tensors of a <see cref="PairCase"/> and where each element lies.</summary>
/// <param name="Query">Queries, and their gradient.</param>
/// <param name="Key">Keys, and their gradient.</param>
/// <param name="Value">Values, and their gradient.</param>
/// <param name="Output">Output, and its gradient.</param>
/// <param name="Lse">Log-sum-exp, and its gradient.</param>
/// <param name="ExtraKey">Additional keys.</param>
/// <param name="ExtraValue">Additional values.</param>
/// <param name="Bias">Relative bias.</param>
public sealed record PairViews(TensorView Query, TensorView Key, TensorView Value, TensorView Output, TensorView Lse,
    TensorView ExtraKey = default, TensorView ExtraValue = default, TensorView Bias = default);

/// <summary>
/// The tensors of a <see cref="PairCase"/> in storage, each a few elements longer than needed: what is read is filled,
/// and holds NaN between and beyond the vectors; what is written is poisoned. A tensor that the problem does not have
/// is empty.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
public sealed class PairBuffers<T>
    where T : unmanaged
{
    private const int Slack = 5;

    internal PairBuffers(PairViews views)
    {
        Query = New<T>(views.Query);
        Key = New<T>(views.Key);
        Value = New<T>(views.Value);
        ExtraKey = New<T>(views.ExtraKey);
        ExtraValue = New<T>(views.ExtraValue);
        Bias = New<float>(views.Bias);
        Output = New<T>(views.Output);
        Lse = New<float>(views.Lse);
        OutputGradient = New<T>(views.Output);
        LseGradient = New<float>(views.Lse);
        QueryGradient = New<T>(views.Query);
        KeyGradient = New<T>(views.Key);
        ValueGradient = New<T>(views.Value);
        ExtraKeyGradient = New<T>(views.ExtraKey);
        ExtraValueGradient = New<T>(views.ExtraValue);
        BiasGradient = New<float>(views.Bias);
    }

    public T[] Query { get; }

    public T[] Key { get; }

    public T[] Value { get; }

    public T[] ExtraKey { get; }

    public T[] ExtraValue { get; }

    public float[] Bias { get; }

    public T[] Output { get; }

    public float[] Lse { get; }

    public T[] OutputGradient { get; }

    /// <summary>Empty when the case has none.</summary>
    public float[] LseGradient { get; internal set; }

    public T[] QueryGradient { get; }

    public T[] KeyGradient { get; }

    public T[] ValueGradient { get; }

    public T[] ExtraKeyGradient { get; }

    public T[] ExtraValueGradient { get; }

    public float[] BiasGradient { get; }

    /// <summary>What neighborhood attention reads.</summary>
    public NeighborhoodInputs<T> Inputs => new(Query, Key, Value)
    {
        ExtraKey = ExtraKey,
        ExtraValue = ExtraValue,
        RelativeBias = Bias,
    };

    /// <summary>What backward reads.</summary>
    public BackwardInputs<T> BackwardInputs => new()
    {
        Query = Query,
        Key = Key,
        Value = Value,
        Output = Output,
        Lse = Lse,
        OutputGradient = OutputGradient,
        LseGradient = LseGradient,
        ExtraKey = ExtraKey,
        ExtraValue = ExtraValue,
        RelativeBias = Bias,
    };

    /// <summary>What backward writes.</summary>
    public AttentionGradients<T> Gradients => new(QueryGradient, KeyGradient, ValueGradient)
    {
        ExtraKey = ExtraKeyGradient,
        ExtraValue = ExtraValueGradient,
        RelativeBias = BiasGradient,
    };

    /// <summary>Poisons output and log-sum-exp again.</summary>
    public void PoisonForward()
    {
        Array.Fill(Output, Elements.Poison<T>());
        Array.Fill(Lse, Elements.Poison<float>());
    }

    /// <summary>Poisons the gradients again.</summary>
    public void PoisonGradients()
    {
        foreach (T[] gradient in new[] { QueryGradient, KeyGradient, ValueGradient, ExtraKeyGradient, ExtraValueGradient })
        {
            Array.Fill(gradient, Elements.Poison<T>());
        }

        Array.Fill(BiasGradient, Elements.Poison<float>());
    }

    /// <summary>All gradients, bit for bit.</summary>
    internal byte[] GradientBytes() =>
    [
        .. MemoryMarshal.AsBytes<T>(QueryGradient), .. MemoryMarshal.AsBytes<T>(KeyGradient),
        .. MemoryMarshal.AsBytes<T>(ValueGradient), .. MemoryMarshal.AsBytes<T>(ExtraKeyGradient),
        .. MemoryMarshal.AsBytes<T>(ExtraValueGradient), .. MemoryMarshal.AsBytes<float>(BiasGradient),
    ];

    private static TElement[] New<TElement>(TensorView view)
        where TElement : unmanaged
    {
        TElement[] storage = view.Dim == 0 ? [] : new TElement[view.StorageLength + Slack];
        Array.Fill(storage, Elements.Poison<TElement>());
        return storage;
    }
}
