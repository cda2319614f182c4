namespace NativeAttention;

/// <summary>
/// Everything one run of neighborhood attention reads; what the problem does not have is left empty. Spans may
/// be longer than needed.
/// </summary>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct NeighborhoodInputs<T>
    where T : unmanaged
{
    /// <summary>Inputs without extra keys and bias.</summary>
    /// <param name="query">[batch, map of queries, query heads, head dim].</param>
    /// <param name="key">[batch, map of keys, key/value heads, head dim].</param>
    /// <param name="value">[batch, map of keys, key/value heads, value head dim].</param>
    public NeighborhoodInputs(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value)
    {
        Query = query;
        Key = key;
        Value = value;
    }

    /// <summary>Queries, [batch, map of queries, query heads, head dim].</summary>
    public ReadOnlySpan<T> Query { get; init; }

    /// <summary>Keys, [batch, map of keys, key/value heads, head dim].</summary>
    public ReadOnlySpan<T> Key { get; init; }

    /// <summary>Values, [batch, map of keys, key/value heads, value head dim].</summary>
    public ReadOnlySpan<T> Value { get; init; }

    /// <summary>Additional keys, [batch, extra keys, key/value heads, head dim].</summary>
    public ReadOnlySpan<T> ExtraKey { get; init; }

    /// <summary>Additional values, [batch, extra keys, key/value heads, value head dim].</summary>
    public ReadOnlySpan<T> ExtraValue { get; init; }

    /// <summary>The bias of <see cref="NeighborhoodOptions.RelativeBias"/>.</summary>
    public ReadOnlySpan<float> RelativeBias { get; init; }
}
