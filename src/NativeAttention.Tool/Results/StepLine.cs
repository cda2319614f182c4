namespace NativeAttention.Tool.Results;

/// <summary>One step of a run: tests, verification, benchmark, and so on.</summary>
internal sealed record StepLine : ResultLine
{
    /// <summary>Value of <c>kind</c>.</summary>
    public const string Kind = "step";

    /// <summary>Which step.</summary>
    public required string Name { get; init; }

    /// <summary>How it ended.</summary>
    public required ResultStatus Status { get; init; }

    /// <summary>How long it took.</summary>
    public double? Seconds { get; init; }

    /// <summary>Why it failed or was skipped.</summary>
    public string? Reason { get; init; }

    /// <summary>Checks that passed.</summary>
    public int? Passed { get; init; }

    /// <summary>Checks that failed.</summary>
    public int? Failed { get; init; }

    /// <summary>Checks that were skipped.</summary>
    public int? Skipped { get; init; }

    /// <inheritdoc/>
    public override void Check()
    {
        FieldRules.RequireName("name", Name);
        FieldRules.RequireNotNegative("seconds", Seconds);
        FieldRules.RequireNotNegative("passed", Passed);
        FieldRules.RequireNotNegative("failed", Failed);
        FieldRules.RequireNotNegative("skipped", Skipped);
    }
}
