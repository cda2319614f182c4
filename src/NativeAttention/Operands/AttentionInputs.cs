namespace NativeAttention;

/// <summary>
/// Everything one run reads: query, key and value, and the optional operands that the plan's
/// <see cref="AttentionOperands"/> announced. What was not announced must be left empty.
/// </summary>
/// <remarks>Spans may be longer than needed; what lies beyond is not read.</remarks>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct AttentionInputs<T>
    where T : unmanaged
{
    /// <summary>Inputs without optional operands.</summary>
    /// <param name="query">Queries, laid out as the problem says.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values.</param>
    public AttentionInputs(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value)
    {
        Query = query;
        Key = key;
        Value = value;
    }

    /// <summary>Queries, laid out as the problem says.</summary>
    public ReadOnlySpan<T> Query { get; init; }

    /// <summary>Keys.</summary>
    public ReadOnlySpan<T> Key { get; init; }

    /// <summary>Values.</summary>
    public ReadOnlySpan<T> Value { get; init; }

    /// <summary>The additive bias of <see cref="AttentionOperands.Bias"/>.</summary>
    public ElementSpan Bias { get; init; }

    /// <summary>The boolean mask of <see cref="AttentionOperands.Mask"/>.</summary>
    public ReadOnlySpan<bool> Mask { get; init; }

    /// <summary>The slopes of <see cref="AttentionOperands.AlibiSlopes"/>.</summary>
    public ReadOnlySpan<float> AlibiSlopes { get; init; }

    /// <summary>The sinks of <see cref="AttentionOperands.Sinks"/>.</summary>
    public ReadOnlySpan<float> Sinks { get; init; }

    /// <summary>The factors of <see cref="AttentionOperands.QueryTemperature"/>.</summary>
    public ReadOnlySpan<float> QueryTemperature { get; init; }

    /// <summary>The terms of <see cref="AttentionOperands.KeyLogWeight"/>.</summary>
    public ReadOnlySpan<float> KeyLogWeight { get; init; }

    /// <summary>The factors of <see cref="AttentionOperands.HeadGate"/>.</summary>
    public ReadOnlySpan<float> HeadGate { get; init; }

    /// <summary>
    /// How many keys of each sequence count, [batch], 0 to the key length of the shape:
    /// <see cref="AttentionOperands.KeyLengths"/>.
    /// </summary>
    public ReadOnlySpan<int> KeyLengths { get; init; }

    /// <summary>
    /// For packed layouts: where each sequence's queries begin among all queries, and where the last one's
    /// end, [batch + 1]. It begins with 0 and never falls.
    /// </summary>
    public ReadOnlySpan<int> CumulativeQueryLengths { get; init; }

    /// <summary>For packed layouts: the same for the keys, [batch + 1].</summary>
    public ReadOnlySpan<int> CumulativeKeyLengths { get; init; }
}
