namespace NativeAttention.Cuda;

/// <summary>
/// Everything one run of neighborhood attention on a device reads; what the problem does not have is left out. The
/// device's form of <see cref="NeighborhoodInputs{T}"/>.
/// </summary>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct DeviceNeighborhoodInputs<T>
    where T : unmanaged
{
    /// <summary>Inputs without extra keys and bias.</summary>
    /// <param name="query">[batch, map of queries, query heads, head dim].</param>
    /// <param name="key">[batch, map of keys, key/value heads, head dim].</param>
    /// <param name="value">[batch, map of keys, key/value heads, value head dim].</param>
    public DeviceNeighborhoodInputs(scoped in DeviceView<T> query, scoped in DeviceView<T> key,
        scoped in DeviceView<T> value)
    {
        Query = query;
        Key = key;
        Value = value;
    }

    /// <summary>Queries, [batch, map of queries, query heads, head dim].</summary>
    public DeviceView<T> Query { get; init; }

    /// <summary>Keys, [batch, map of keys, key/value heads, head dim].</summary>
    public DeviceView<T> Key { get; init; }

    /// <summary>Values, [batch, map of keys, key/value heads, value head dim].</summary>
    public DeviceView<T> Value { get; init; }

    /// <summary>Additional keys, [batch, extra keys, key/value heads, head dim].</summary>
    public DeviceView<T> ExtraKey { get; init; }

    /// <summary>Additional values, [batch, extra keys, key/value heads, value head dim].</summary>
    public DeviceView<T> ExtraValue { get; init; }

    /// <summary>
    /// The bias of <see cref="NeighborhoodOptions.RelativeBias"/>: dense, of any dims, with at least the entries
    /// that the problem needs.
    /// </summary>
    public DeviceView<float> RelativeBias { get; init; }
}
