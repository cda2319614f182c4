namespace NativeAttention.Cuda;

/// <summary>
/// Everything a backward run on a device reads: what forward read, what it wrote, and the gradient of its output.
/// What the problem does not have must be left out. The device's form of <see cref="BackwardInputs{T}"/>.
/// </summary>
/// <remarks>
/// Log-sum-exp and its gradient are dense: of dense attention [batch, query heads, query length], of neighborhood
/// attention [batch, map, query heads]. The bias is dense, too.
/// </remarks>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct DeviceBackwardInputs<T>
    where T : unmanaged
{
    /// <summary>Queries, as forward read them.</summary>
    public DeviceView<T> Query { get; init; }

    /// <summary>Keys, as forward read them.</summary>
    public DeviceView<T> Key { get; init; }

    /// <summary>Values, as forward read them.</summary>
    public DeviceView<T> Value { get; init; }

    /// <summary>
    /// The output that forward wrote. Of attention that was merged from parts the merged output: each part's
    /// backward takes it, and the gradients of the query add up.
    /// </summary>
    public DeviceView<T> Output { get; init; }

    /// <summary>The natural-log log-sum-exp that forward wrote, or the merged one.</summary>
    public DeviceView<float> Lse { get; init; }

    /// <summary>Gradient of the output, laid out as the output.</summary>
    public DeviceView<T> OutputGradient { get; init; }

    /// <summary>Gradient of the log-sum-exp, laid out as it; left out it means 0.</summary>
    public DeviceView<float> LseGradient { get; init; }

    /// <summary>Additional keys of a neighborhood problem.</summary>
    public DeviceView<T> ExtraKey { get; init; }

    /// <summary>Additional values of a neighborhood problem.</summary>
    public DeviceView<T> ExtraValue { get; init; }

    /// <summary>Relative position bias of a neighborhood problem.</summary>
    public DeviceView<float> RelativeBias { get; init; }
}
