namespace NativeAttention.Tool.Results;

/// <summary>
/// What the emulator counted in one run of a case: exact, and the same on every machine, so it has no time.
/// </summary>
internal sealed record TrafficLine : ResultLine
{
    /// <summary>Value of <c>kind</c>.</summary>
    public const string Kind = "traffic";

    /// <summary>The case.</summary>
    public required string Case { get; init; }

    /// <summary>The plain case of the same shape, which it is compared with.</summary>
    public required string Plain { get; init; }

    /// <summary>The kernel that ran.</summary>
    public string? Kernel { get; init; }

    /// <summary>Warp instructions.</summary>
    public long? WarpInstructions { get; init; }

    /// <summary>Bytes of the sectors that accesses to global memory touch, before any cache.</summary>
    public long? GlobalBytes { get; init; }

    /// <summary>Why nothing was counted; present whenever nothing was.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override void Check()
    {
        FieldRules.RequireName("case", Case);
        FieldRules.RequireName("plain", Plain);
        FieldRules.RequireNotNegative("warpInstructions", WarpInstructions);
        FieldRules.RequireNotNegative("globalBytes", GlobalBytes);
        bool counted = WarpInstructions is not null && GlobalBytes is not null;
        FieldRules.Require(counted == string.IsNullOrWhiteSpace(Reason), "reason", Reason,
            "why nothing was counted, and nothing where both counts are there");
    }
}
