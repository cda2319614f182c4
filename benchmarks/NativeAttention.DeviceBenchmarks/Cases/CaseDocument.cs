namespace NativeAttention.DeviceBenchmarks.Cases;

/// <summary>A case file: the cases of one family.</summary>
internal sealed record CaseDocument
{
    /// <summary>What is computed.</summary>
    public required string Family { get; init; }

    /// <summary>The rows.</summary>
    public required CaseRow[] Cases { get; init; }
}
