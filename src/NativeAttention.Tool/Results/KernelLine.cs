namespace NativeAttention.Tool.Results;

/// <summary>What an assembler made of one kernel.</summary>
internal sealed record KernelLine : ResultLine
{
    /// <summary>Value of <c>kind</c>.</summary>
    public const string Kind = "kernel";

    /// <summary>Entry name.</summary>
    public required string Name { get; init; }

    /// <summary>Architecture assembled for, such as <c>sm_90</c>.</summary>
    public string? Target { get; init; }

    /// <summary>Registers of a thread.</summary>
    public int? Registers { get; init; }

    /// <summary>Bytes a thread spills.</summary>
    public int? SpillStoreBytes { get; init; }

    /// <summary>Bytes a thread reads back.</summary>
    public int? SpillLoadBytes { get; init; }

    /// <summary>Shared memory of a block.</summary>
    public int? SharedBytes { get; init; }

    /// <summary>What says so, such as <c>ptxas 13.0</c> or <c>driver</c>.</summary>
    public string? Source { get; init; }

    /// <inheritdoc/>
    public override void Check()
    {
        FieldRules.RequireName("name", Name);
        FieldRules.RequireNotNegative("registers", Registers);
        FieldRules.RequireNotNegative("spillStoreBytes", SpillStoreBytes);
        FieldRules.RequireNotNegative("spillLoadBytes", SpillLoadBytes);
        FieldRules.RequireNotNegative("sharedBytes", SharedBytes);
    }
}
