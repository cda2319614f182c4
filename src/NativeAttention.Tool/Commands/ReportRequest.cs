namespace NativeAttention.Tool.Commands;

/// <summary>What the user asked <c>nattn report</c> to do.</summary>
internal sealed record ReportRequest
{
    public required IReadOnlyList<string> Results { get; init; }

    public string? Output { get; init; }

    public string? Baseline { get; init; }

    public string? Readme { get; init; }

    public bool Short { get; init; }
}
