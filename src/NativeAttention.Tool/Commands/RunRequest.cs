namespace NativeAttention.Tool.Commands;

/// <summary>What the user asked <c>nattn run</c> to do.</summary>
internal sealed record RunRequest
{
    public required string Query { get; init; }

    public required string Key { get; init; }

    public required string Value { get; init; }

    public required string Output { get; init; }

    public string? Lse { get; init; }

    public required AttentionMask Mask { get; init; }

    public float? Scale { get; init; }

    public bool HeadsFirst { get; init; }

    /// <summary>Type to compute in; null for that of the files.</summary>
    public ElementType? Compute { get; init; }

    public string? Device { get; init; }

    public string? Rung { get; init; }

    /// <summary>The options of the library.</summary>
    public AttentionOptions ToOptions() => new()
    {
        Mask = Mask,
        Scale = Scale,
        Layout = HeadsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd,
        Tuning = new TuningHints { Rung = Rung },
    };
}
