namespace NativeAttention.Tool.Results;

/// <summary>How a step or a measurement ended.</summary>
internal enum ResultStatus
{
    Ok,
    Failed,
    Skipped,

    /// <summary>Stopped because its time was up; steps only.</summary>
    Timeout,
}
