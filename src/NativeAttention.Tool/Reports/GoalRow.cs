using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>A goal for one case, and what was reached.</summary>
/// <param name="Goal">The goal.</param>
/// <param name="Reached">Share, ratio, seconds or bytes; null when a figure is missing.</param>
internal sealed record GoalRow(GoalLine Goal, double? Reached)
{
    /// <summary>How far it is reached.</summary>
    public GoalState State => Reached is not { } reached ? GoalState.NotMeasured
        : IsAsGood(reached, Goal.Aim) ? GoalState.Aim
        : Goal.Floor is { } floor && IsAsGood(reached, floor) ? GoalState.Floor
        : GoalState.Missed;

    /// <summary>The goal held against the rows of a device.</summary>
    public static GoalRow Of(GoalLine goal, IReadOnlyDictionary<string, CaseRow> rows)
    {
        CaseRow? row = rows.GetValueOrDefault(goal.Case);
        MeasurementLine? ours = row?.Ours;
        double? reached = goal.Quantity switch
        {
            _ when row is null || ours?.Time() is null => null,
            GoalQuantity.ComputeShare => row.Roofline.ComputeShare(ours),
            GoalQuantity.ReadShare => row.Roofline.ReadShare(ours),
            GoalQuantity.SpeedOverProvider => TimeOf(row, goal.Against) / ours.Time(),
            GoalQuantity.TimeOverProvider => ours.Time() / TimeOf(row, goal.Against),
            GoalQuantity.SpeedOverCase => rows.GetValueOrDefault(goal.Against!)?.Ours?.Time() / ours.Time(),
            GoalQuantity.Seconds => ours.Time(),
            _ => ours.AllocatedBytes,
        };
        return new GoalRow(goal, reached);
    }

    /// <summary>A value of the goal's quantity, with its unit.</summary>
    public string Text(double? value) => Goal.Quantity switch
    {
        _ when value is null => Quantities.None,
        GoalQuantity.ComputeShare or GoalQuantity.ReadShare => Quantities.Share(value),
        GoalQuantity.SpeedOverProvider or GoalQuantity.SpeedOverCase or GoalQuantity.TimeOverProvider =>
            Quantities.Ratio(value),
        GoalQuantity.Seconds => Quantities.Time(value),
        _ => $"{Quantities.Count(value)} B",
    };

    /// <summary>The state in words.</summary>
    public string StateText => State switch
    {
        GoalState.Aim => "aim reached",
        GoalState.Floor => "floor held",
        GoalState.Missed => "MISSED",
        _ => "not measured",
    };

    private static double? TimeOf(CaseRow row, string? provider) =>
        row.Measurements.FirstOrDefault(m => m.Provider == provider)?.Time();

    private bool IsAsGood(double reached, double wanted) =>
        Goal.IsCost ? reached <= wanted : reached >= wanted;
}
