namespace NativeAttention.Tool.Reports;

/// <summary>A goal over all cases that it is set for.</summary>
/// <param name="Rows">One a case and bounds; at least one, all with the same bounds.</param>
internal sealed record GoalSummary(IReadOnlyList<GoalRow> Rows)
{
    /// <summary>The goal in words.</summary>
    public string Name => Rows[0].Goal.Name;

    /// <summary>The least that is acceptable.</summary>
    public string Floor => Rows[0].Text(Rows[0].Goal.Floor);

    /// <summary>What is wanted.</summary>
    public string Aim => Rows[0].Text(Rows[0].Goal.Aim);

    /// <summary>From the smallest to the largest value.</summary>
    public string Reached
    {
        get
        {
            string least = Rows[0].Text(Rows.Min(r => r.Reached));
            string most = Rows[0].Text(Rows.Max(r => r.Reached));
            return least == most ? least : $"{least} to {most}";
        }
    }

    /// <summary>How many cases reach what.</summary>
    public string States => string.Join(", ", Rows.GroupBy(r => r.StateText)
        .OrderByDescending(g => g.First().State)
        .Select(g => Rows.Count == 1 ? g.Key : $"{g.Key} {g.Count()} of {Rows.Count}"));

    /// <summary>The goals of a device, each once, in the order they were set.</summary>
    public static IEnumerable<GoalSummary> Of(IEnumerable<GoalRow> rows) => rows
        .GroupBy(r => (r.Goal.Name, r.Goal.Quantity, r.Goal.Floor, r.Goal.Aim))
        .Select(g => new GoalSummary([.. g]));
}
