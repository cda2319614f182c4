namespace NativeAttention.Tool.Results;

/// <summary>What ours should reach on a case. Whether it does is computed by who reads it.</summary>
internal sealed record GoalLine : ResultLine
{
    /// <summary>Value of <c>kind</c>.</summary>
    public const string Kind = "goal";

    /// <summary>The goal in words; one goal may be set for several cases.</summary>
    public required string Name { get; init; }

    /// <summary>The case.</summary>
    public required string Case { get; init; }

    /// <summary>What of it.</summary>
    public required GoalQuantity Quantity { get; init; }

    /// <summary>The other provider or the other case, where the quantity compares with one.</summary>
    public string? Against { get; init; }

    /// <summary>The least that is acceptable; null when only the aim counts.</summary>
    public double? Floor { get; init; }

    /// <summary>What is wanted.</summary>
    public required double Aim { get; init; }

    /// <summary>Whether less is better.</summary>
    public bool IsCost => Quantity is GoalQuantity.TimeOverProvider or GoalQuantity.Seconds
        or GoalQuantity.AllocatedBytes;

    /// <inheritdoc/>
    public override void Check()
    {
        FieldRules.RequireName("name", Name);
        FieldRules.RequireName("case", Case);
        bool compares = Quantity is GoalQuantity.SpeedOverProvider or GoalQuantity.SpeedOverCase
            or GoalQuantity.TimeOverProvider;
        FieldRules.Require(compares == !string.IsNullOrWhiteSpace(Against), "against", Against,
            "the other provider or case of a quantity that compares, and nothing for any other");
        FieldRules.RequireNotNegative("floor", Floor);
        FieldRules.RequireNotNegative("aim", Aim);
        FieldRules.Require(Floor is not { } floor || (IsCost ? Aim <= floor : Aim >= floor), "aim", Aim,
            "at least as good as the floor");
    }
}
