namespace NativeAttention.Cuda;

/// <summary>
/// Everything one run on a device reads: query, key and value, and the optional operands that the plan's
/// <see cref="AttentionOperands"/> announced. What was not announced must be left out. The device's form of
/// <see cref="AttentionInputs{T}"/>.
/// </summary>
/// <remarks>
/// <para>
/// An operand is storage for the strides that the options announced: dense, of any dims, with at least the
/// elements that they need.
/// </para>
/// <para>
/// Lengths stay on the device and are read when the kernel runs, so that work put into a stream, or recorded,
/// once runs again with new lengths. Nobody checks them: a length below 0 counts as 0, one beyond the shape's
/// as the shape's, and a sequence that does not lie within the tokens of a packed layout is cut to what does.
/// Nothing outside the tensors is touched; but sequences that overlap write the same rows in any order.
/// </para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct DeviceAttentionInputs<T>
    where T : unmanaged
{
    /// <summary>Inputs without optional operands.</summary>
    /// <param name="query">Queries.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values.</param>
    public DeviceAttentionInputs(scoped in DeviceView<T> query, scoped in DeviceView<T> key,
        scoped in DeviceView<T> value)
    {
        Query = query;
        Key = key;
        Value = value;
    }

    /// <summary>Queries, laid out as the problem says.</summary>
    public DeviceView<T> Query { get; init; }

    /// <summary>Keys.</summary>
    public DeviceView<T> Key { get; init; }

    /// <summary>Values.</summary>
    public DeviceView<T> Value { get; init; }

    /// <summary>The additive bias of <see cref="AttentionOperands.Bias"/>.</summary>
    public DeviceElements Bias { get; init; }

    /// <summary>The boolean mask of <see cref="AttentionOperands.Mask"/>: bytes, true when not 0.</summary>
    public DeviceView<bool> Mask { get; init; }

    /// <summary>The slopes of <see cref="AttentionOperands.AlibiSlopes"/>.</summary>
    public DeviceView<float> AlibiSlopes { get; init; }

    /// <summary>The sinks of <see cref="AttentionOperands.Sinks"/>.</summary>
    public DeviceView<float> Sinks { get; init; }

    /// <summary>The factors of <see cref="AttentionOperands.QueryTemperature"/>.</summary>
    public DeviceView<float> QueryTemperature { get; init; }

    /// <summary>The terms of <see cref="AttentionOperands.KeyLogWeight"/>.</summary>
    public DeviceView<float> KeyLogWeight { get; init; }

    /// <summary>The factors of <see cref="AttentionOperands.HeadGate"/>.</summary>
    public DeviceView<float> HeadGate { get; init; }

    /// <summary>
    /// How many keys of each sequence count, [batch]: <see cref="AttentionOperands.KeyLengths"/>.
    /// </summary>
    public DeviceView<int> KeyLengths { get; init; }

    /// <summary>
    /// For packed layouts: where each sequence's queries begin among all queries, and where the last one's
    /// end, [batch + 1].
    /// </summary>
    public DeviceView<int> CumulativeQueryLengths { get; init; }

    /// <summary>For packed layouts: the same for the keys, [batch + 1].</summary>
    public DeviceView<int> CumulativeKeyLengths { get; init; }
}
