namespace NativeAttention.Tool.Results;

/// <summary>Times of one run in seconds, over many.</summary>
internal sealed record Timing
{
    /// <summary>The middle one.</summary>
    public required double Median { get; init; }

    /// <summary>The fastest.</summary>
    public double? Min { get; init; }

    /// <summary>A tenth is faster.</summary>
    public double? P10 { get; init; }

    /// <summary>A tenth is slower.</summary>
    public double? P90 { get; init; }

    /// <summary>How many were measured.</summary>
    public int? Samples { get; init; }

    /// <summary>Refuses values that no measurement can have.</summary>
    /// <exception cref="FormatException">A time is not positive.</exception>
    public void Check()
    {
        FieldRules.RequirePositive("seconds.median", Median);
        FieldRules.RequireNotNegative("seconds.min", Min);
        FieldRules.RequireNotNegative("seconds.p10", P10);
        FieldRules.RequireNotNegative("seconds.p90", P90);
        FieldRules.RequireNotNegative("seconds.samples", Samples);
    }
}
