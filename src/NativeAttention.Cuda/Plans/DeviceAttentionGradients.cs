namespace NativeAttention.Cuda;

/// <summary>
/// Where a backward run on a device writes: the gradient of each input, with the dims of the input. All that the
/// problem has must be given; every element is written. The device's form of <see cref="AttentionGradients{T}"/>.
/// </summary>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct DeviceAttentionGradients<T>
    where T : unmanaged
{
    /// <summary>Gradients of query, key and value.</summary>
    /// <param name="query">As the query.</param>
    /// <param name="key">As the key: of grouped heads the sum over the group.</param>
    /// <param name="value">As the value.</param>
    public DeviceAttentionGradients(scoped in DeviceView<T> query, scoped in DeviceView<T> key,
        scoped in DeviceView<T> value)
    {
        Query = query;
        Key = key;
        Value = value;
    }

    /// <summary>Gradient of the query.</summary>
    public DeviceView<T> Query { get; init; }

    /// <summary>Gradient of the key, summed over the query heads of a group.</summary>
    public DeviceView<T> Key { get; init; }

    /// <summary>Gradient of the value, summed over the query heads of a group.</summary>
    public DeviceView<T> Value { get; init; }

    /// <summary>Gradient of the additional keys.</summary>
    public DeviceView<T> ExtraKey { get; init; }

    /// <summary>Gradient of the additional values.</summary>
    public DeviceView<T> ExtraValue { get; init; }

    /// <summary>Gradient of the relative position bias, [query heads, entries].</summary>
    public DeviceView<float> RelativeBias { get; init; }
}
