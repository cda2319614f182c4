using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>What is reported of one device.</summary>
internal sealed class DeviceSection
{
    public DeviceSection(RunGroup group, RunGroup? baseline)
    {
        Group = group;
        Baseline = baseline;
        ILookup<string, MeasurementLine>? before =
            baseline?.Measurements.Where(m => m.IsOurs).ToLookup(m => m.Case);
        Rows = [.. group.Measurements.GroupBy(m => m.Case).Select(g => new CaseRow(g.Key,
            [.. g.OrderBy(m => !m.IsOurs)], Roofline.Of(group, g.First().Dtype, g.First().Threads),
            before?[g.Key].FirstOrDefault()))];
        Dictionary<string, CaseRow> byCase = Rows.ToDictionary(r => r.Case);
        Goals = [.. group.Goals.Select(g => GoalRow.Of(g, byCase))];
        Gone = before is null
            ? []
            : [.. before.Where(b => b.Any(m => m.Time() is not null)).Select(b => b.Key)
                .Except(Rows.Select(r => r.Case))];
    }

    /// <summary>The runs.</summary>
    public RunGroup Group { get; }

    /// <summary>What they are compared with, or null.</summary>
    public RunGroup? Baseline { get; }

    /// <summary>The cases, in the order they were measured.</summary>
    public IReadOnlyList<CaseRow> Rows { get; }

    /// <summary>The goals that are set for cases.</summary>
    public IReadOnlyList<GoalRow> Goals { get; }

    /// <summary>Names of the cases that were measured before and are not now.</summary>
    public IReadOnlyList<string> Gone { get; }

    /// <summary>The cases by family.</summary>
    public IEnumerable<IGrouping<string, CaseRow>> Families => Rows.GroupBy(r => r.Measurements[0].Family);

    /// <summary>What became worse: no longer runs, then slower, worst first.</summary>
    public IEnumerable<CaseRow> Regressions => Rows.Where(r => r.IsLost)
        .Concat(Rows.Where(r => r.Change is { IsRegression: true }).OrderByDescending(r => r.Change!.Value.Ratio));

    /// <summary>What became faster, best first.</summary>
    public IEnumerable<CaseRow> Improvements =>
        Rows.Where(r => r.Change is { IsImprovement: true }).OrderBy(r => r.Change!.Value.Ratio);

    /// <summary>Steps that did not end well.</summary>
    public IEnumerable<StepLine> Troubles => Group.Steps.Where(s => s.Status != ResultStatus.Ok);

    /// <summary>What the section is called.</summary>
    public string Title => $"{Group.First.Device} ({Group.First.Machine})";
}
