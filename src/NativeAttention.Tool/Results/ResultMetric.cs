namespace NativeAttention.Tool.Results;

/// <summary>The number that tells most of a case.</summary>
internal enum ResultMetric
{
    /// <summary>Useful floating-point operations per second.</summary>
    Tflops,

    /// <summary>Unavoidable bytes per second.</summary>
    Gbps,

    /// <summary>The time itself.</summary>
    Seconds,
}
