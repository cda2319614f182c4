using NativeAttention.Tool.Reports.Charts;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>The report as Markdown: what became worse first, then a section for each device.</summary>
internal sealed class MarkdownReport
{
    private const int MaxImprovements = 20;
    private readonly MarkdownWriter _text = new();

    private MarkdownReport()
    {
    }

    /// <summary>Renders a report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="charts">The charts, which lie beside it.</param>
    public static string Render(Report report, IReadOnlyList<ChartFile> charts)
    {
        MarkdownReport writer = new();
        writer._text.Heading(1, "Benchmark report");
        foreach (string warning in report.Warnings)
        {
            writer._text.Point($"Note: {warning}");
        }

        writer.WriteChanges(report);
        foreach (DeviceSection section in report.Sections)
        {
            writer.WriteSection(section, [.. charts.Where(c => c.Section == section)]);
        }

        writer.WriteExplanation();
        return writer._text.ToString();
    }

    private void WriteChanges(Report report)
    {
        _text.Heading(2, "Changes");
        foreach (DeviceSection section in report.Sections)
        {
            WriteChanges(section);
        }
    }

    private void WriteChanges(DeviceSection section)
    {
        if (section.Baseline is not { } before)
        {
            _text.Paragraph($"{section.Title}: there is no earlier run to compare with.");
            return;
        }

        CaseRow[] worse = [.. section.Regressions], better = [.. section.Improvements];
        int compared = section.Rows.Count(r => r.Before?.Time() is not null);
        _text.Paragraph($"{section.Title}: compared with commit {before.First.Commit} of "
            + $"{Quantities.Moment(before.Date)} on {before.First.Machine} (mode {Modes(before)}), "
            + $"{Quantities.Cases(compared)}: {worse.Length} worse, {better.Length} faster, beyond noise.");
        foreach (string gone in section.Gone)
        {
            _text.Point($"No longer measured: {gone}");
        }

        WriteChanges("Worse", worse);
        WriteChanges("Faster", better.Take(MaxImprovements));
    }

    private void WriteChanges(string title, IEnumerable<CaseRow> rows) => _text.Table(
        [title, ">before", ">now", ">time", ">noise"],
        rows.Select(r => new[]
        {
            r.Case, Quantities.Time(r.Before?.Time()), r.Missing ?? Quantities.Time(r.Ours?.Time()),
            r.Change is { } change ? Quantities.Signed(change.Relative) : Quantities.None,
            Quantities.Noise(r.Change?.Noise),
        }));

    private void WriteSection(DeviceSection section, IReadOnlyList<ChartFile> charts)
    {
        _text.Heading(2, section.Title);
        _text.Table(["run", ""], RunFacts.Of(section.Group).Select(f => new[] { f.Name, f.Value }));
        WriteSteps(section.Group);
        WriteCeilings(section);
        if (section.Rows.Count == 0 && section.Group.Traffic.Count == 0)
        {
            _text.Paragraph("No case was measured on this device.");
        }

        WriteGoals(section);
        foreach (ChartFile chart in charts)
        {
            _text.Image(chart.Name, chart.Title);
        }

        foreach (IGrouping<string, CaseRow> family in section.Families)
        {
            WriteFamily(family.Key, [.. family]);
        }

        WriteTraffic(section.Group.Traffic);
        WriteKernels(section.Group);
    }

    private void WriteSteps(RunGroup group) => _text.Table(
        ["step", "result", ">time", ">passed", ">failed", ">skipped", "why"],
        group.Steps.Select(s => new[]
        {
            s.Name, Quantities.Status(s.Status), Quantities.Time(s.Seconds), Quantities.Count(s.Passed),
            Quantities.Count(s.Failed), Quantities.Count(s.Skipped), s.Reason ?? "",
        }));

    private void WriteCeilings(DeviceSection section) => _text.Table(
        ["ceiling", ">rate", ">noise", "measured by", ">before"],
        section.Group.Ceilings.Select(c => new[]
        {
            c.Label, Rate(c), Quantities.Noise(c.Spread), c.Provider ?? Quantities.None,
            section.Baseline?.Ceilings.LastOrDefault(b => b.Label == c.Label && b.Provider == c.Provider) is { } b
                ? $"{Rate(b)} ({Quantities.Signed((c.PerSecond / b.PerSecond) - 1)})"
                : Quantities.None,
        }));

    private void WriteGoals(DeviceSection section)
    {
        if (section.Goals.Count == 0)
        {
            return;
        }

        _text.Heading(3, "goals");
        _text.Paragraph("The floor is the least that is acceptable, the aim what is wanted.");
        WriteSummary(_text, section.Goals);
        _text.Table(["case", "goal", ">reached", ">floor", ">aim", ""], section.Goals.Select(g => new[]
        {
            g.Goal.Case, g.Goal.Name, g.Text(g.Reached), g.Text(g.Goal.Floor), g.Text(g.Goal.Aim),
            g.StateText,
        }));
    }

    /// <summary>A table with a row for each goal; nothing when there are none.</summary>
    public static void WriteSummary(MarkdownWriter text, IEnumerable<GoalRow> goals) => text.Table(
        ["goal", ">reached", ">floor", ">aim", "state"],
        GoalSummary.Of(goals).Select(s => new[] { s.Name, s.Reached, s.Floor, s.Aim, s.States }));

    private void WriteFamily(string family, IReadOnlyList<CaseRow> rows)
    {
        _text.Heading(3, family);
        _text.Table(
            ["case", ">time", ">noise", ">rate", ">of matmul", ">of read", ">roofline", "bound by",
             "best peer", ">its time", ">ours / peer", ">over plain", ">change"],
            rows.Select(SpeedCells));
        if (rows.Any(r => r.Measurements.Any(m => !m.IsOurs)))
        {
            WriteProviders(rows);
        }

        WriteMissing(rows);

        _text.Table(
            ["case", "kernel", ">max error", ">host launch", ">module load", ">allocated, B"],
            rows.Where(r => r.Missing is null).Select(r => new[]
            {
                r.Case, r.Ours!.Kernel ?? Quantities.None, Quantities.Error(r.Ours.MaxError),
                Quantities.Time(r.Ours.HostLaunchSeconds), Quantities.Time(r.Ours.ModuleLoadSeconds),
                Quantities.Count(r.Ours.AllocatedBytes),
            }));
    }

    private static string[] SpeedCells(CaseRow row)
    {
        MeasurementLine? ours = row.Missing is null ? row.Ours : null;
        return
        [
            row.Case, ours is null ? row.State : Quantities.Time(ours.Time()), Quantities.Noise(ours?.Spread),
            ours?.LeadingRate() ?? Quantities.None,
            Quantities.Share(ours is null ? null : row.Roofline.ComputeShare(ours)),
            Quantities.Share(ours is null ? null : row.Roofline.ReadShare(ours)),
            Quantities.Share(row.Share),
            row.Share is null ? Quantities.None : row.Roofline.IsBoundByReading(ours!) ? "read" : "matmul",
            row.BestPeer?.Provider ?? Quantities.None, Quantities.Time(row.BestPeer?.Time()),
            Quantities.Ratio(row.Ratio), Quantities.Ratio(row.OverPlain), ChangeText(row),
        ];
    }

    /// <summary>How a case changed, marked when beyond noise.</summary>
    public static string ChangeText(CaseRow row) => row.Change switch
    {
        null => row.IsLost ? "LOST" : Quantities.None,
        { IsRegression: true } change => $"{Quantities.Signed(change.Relative)} SLOWER",
        { IsImprovement: true } change => $"{Quantities.Signed(change.Relative)} faster",
        { } change => Quantities.Signed(change.Relative),
    };

    private void WriteProviders(IReadOnlyList<CaseRow> rows)
    {
        string[] providers = [.. rows.SelectMany(r => r.Measurements).Select(m => m.Provider).Distinct()];
        _text.Table(["time of every provider", .. providers.Select(p => $">{p}")],
            rows.Select(r => (string[])[r.Case, .. providers.Select(p => r.Measurements
                .FirstOrDefault(m => m.Provider == p) is not { } m ? ""
                : m.Time() is { } time ? Quantities.Time(time) : Quantities.Status(m.Status))]));
    }

    private void WriteMissing(IReadOnlyList<CaseRow> rows)
    {
        foreach (var group in rows.SelectMany(r => r.Measurements)
            .Where(m => m.Status != ResultStatus.Ok)
            .GroupBy(m => (m.Provider, m.Status, m.Reason)))
        {
            (string provider, ResultStatus status, string? reason) = group.Key;
            _text.Point($"{provider} {Quantities.Status(status)} ({Quantities.Cases(group.Count())}): "
                + (reason ?? "no reason given"));
        }
    }

    private void WriteTraffic(IReadOnlyList<TrafficLine> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        _text.Heading(3, "traffic");
        _text.Paragraph("Counted in one run: warp instructions, and bytes of the sectors that accesses to global "
            + "memory touch, before any cache; each also over that of plain attention of the same shape.");
        Dictionary<string, TrafficLine> byCase = lines.ToDictionary(t => t.Case);
        _text.Table(["case", "kernel", ">warp instructions", ">over plain", ">global bytes", ">over plain"],
            lines.Where(t => t.Reason is null).Select(t => new[]
            {
                t.Case, t.Kernel ?? Quantities.None,
                Quantities.Count(t.WarpInstructions), OverPlain(t, l => l.WarpInstructions),
                Quantities.Count(t.GlobalBytes), OverPlain(t, l => l.GlobalBytes),
            }));
        foreach (var group in lines.Where(t => t.Reason is not null).GroupBy(t => t.Reason))
        {
            _text.Point($"not counted ({Quantities.Cases(group.Count())}): {group.Key}");
        }

        string OverPlain(TrafficLine line, Func<TrafficLine, long?> count) => Quantities.Ratio(
            byCase.GetValueOrDefault(line.Plain) is { } plain && count(plain) is > 0 and { } all
                ? (double?)count(line) / all
                : null);
    }

    private void WriteKernels(RunGroup group)
    {
        if (group.Kernels.Count == 0)
        {
            return;
        }

        _text.Heading(3, "kernels");
        _text.Table(
            ["kernel", "target", ">registers", ">spill stores, B", ">spill loads, B", ">shared, B", "source"],
            group.Kernels.Select(k => new[]
            {
                k.Name, k.Target ?? Quantities.None, Quantities.Count(k.Registers),
                Quantities.Count(k.SpillStoreBytes), Quantities.Count(k.SpillLoadBytes),
                Quantities.Count(k.SharedBytes), k.Source ?? Quantities.None,
            }));
    }

    private void WriteExplanation()
    {
        _text.Heading(2, "How to read it");
        foreach (string point in Explanation)
        {
            _text.Point(point);
        }
    }

    private static IEnumerable<string> Explanation =>
    [
        "time: median of one run. Rate: useful operations (2 per visible pair of query and key for each element "
            + "of the head dim and of the value head dim; of backward five products instead of two) or unavoidable "
            + "bytes (every input read once, the output written once) over that time.",
        "of matmul, of read: the rate over the ceiling measured in the same run; matmul is the ceiling of "
            + "the element type (float32, and any type on the processor: also plain multiply-adds).",
        "roofline: the rate over what both ceilings allow, min(matmul, operations per byte * read); it is the "
            + "larger of the two shares, and 'bound by' names it. Above 100 % the ceiling was measured too low, or "
            + "the data stayed in a cache.",
        "ours / peer: our speed over that of the fastest peer on the same case; 2 is twice as fast.",
        "over plain: our time over that of plain attention of the same shape, measured in turns; 2 is twice as slow.",
        "noise: (p90 - p10) / median of repeated medians. A change counts when the slower time exceeds the "
            + "faster by more than the noise of both runs added; a run that tells no noise counts as "
            + $"its (p90 - p10) / median, else {Quantities.Share(Rates.UnknownNoise)}.",
    ];

    private static string Rate(CeilingLine c) => $"{Quantities.Significant(c.Value, 4)} {c.Unit}";

    private static string Modes(RunGroup group) =>
        string.Join(", ", group.Runs.Select(r => r.Run.Mode).Distinct());
}
