namespace NativeAttention;

/// <summary>
/// Where a backward run writes: the gradient of each input, laid out as the input. All that the problem has must
/// be given; every element is written.
/// </summary>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct AttentionGradients<T>
    where T : unmanaged
{
    /// <summary>Gradients of query, key and value.</summary>
    /// <param name="query">As the query.</param>
    /// <param name="key">As the key: of grouped heads the sum over the group.</param>
    /// <param name="value">As the value.</param>
    public AttentionGradients(Span<T> query, Span<T> key, Span<T> value)
    {
        Query = query;
        Key = key;
        Value = value;
    }

    /// <summary>Gradient of the query.</summary>
    public Span<T> Query { get; init; }

    /// <summary>Gradient of the key, summed over the query heads of a group.</summary>
    public Span<T> Key { get; init; }

    /// <summary>Gradient of the value, summed over the query heads of a group.</summary>
    public Span<T> Value { get; init; }

    /// <summary>Gradient of the additional keys.</summary>
    public Span<T> ExtraKey { get; init; }

    /// <summary>Gradient of the additional values.</summary>
    public Span<T> ExtraValue { get; init; }

    /// <summary>Gradient of the relative position bias, [query heads, entries].</summary>
    public Span<float> RelativeBias { get; init; }
}
