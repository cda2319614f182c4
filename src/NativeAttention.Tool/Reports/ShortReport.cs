using NativeAttention.Tool.Output;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>The report in one terminal window: what went wrong first, then as many cases as fit.</summary>
internal static class ShortReport
{
    private const int MaxLines = 40;
    private const int MaxColumns = 110;
    private const int MinLabel = 24;
    private const int MinRows = 3;

    // Titles of the table, the line that counts what is left out, and a blank line between devices.
    private const int FrameLines = 3;

    private static readonly string[] Titles =
        ["case", ">time", ">rate", ">roofline", "best peer", ">x peer", "change"];

    /// <summary>Writes it.</summary>
    public static void Write(Report report, TextWriter writer)
    {
        List<string> lines = [.. report.Warnings.Select(w => $"Note: {w}")];
        List<string>[] heads = [.. report.Sections.Select(Head)];
        int room = MaxLines - lines.Count - heads.Sum(h => h.Count + FrameLines);
        int sections = report.Sections.Count;
        for (int i = 0; i < sections; i++)
        {
            if (i > 0)
            {
                lines.Add("");
            }

            lines.AddRange(heads[i]);
            CaseRow[] rows = [.. report.Sections[i].Rows.OrderBy(r => IsTrouble(r) ? 0 : 1)];
            // What one device leaves free is for those after it.
            int shown = Math.Min(rows.Length, Math.Max(MinRows, room / (sections - i)));
            room -= shown;
            lines.AddRange(Table(rows[..shown]));
            if (shown < rows.Length)
            {
                lines.Add($"  and {Quantities.Cases(rows.Length - shown)} more in the report");
            }
        }

        if (lines.Count > MaxLines)
        {
            string more = $"and {lines.Count - MaxLines + 1} lines more in the report";
            lines = [.. lines.Take(MaxLines - 1), more];
        }

        foreach (string line in lines)
        {
            writer.WriteLine(Cut(line, MaxColumns));
        }
    }

    private static List<string> Head(DeviceSection section)
    {
        RunGroup group = section.Group;
        List<string> lines =
        [
            $"{section.Title}, {Quantities.Moment(group.Date)}, commit {group.First.Commit}, "
                + $"mode {string.Join(", ", group.Runs.Select(r => r.Run.Mode).Distinct())}",
            .. section.Troubles.Select(s =>
                $"  {s.Name} {Quantities.Status(s.Status).ToUpperInvariant()}: {Reason(s)}"),
        ];
        AddList(lines, "ok", group.Steps.Where(s => s.Status == ResultStatus.Ok).Select(Describe));
        AddList(lines, "ceilings", group.Ceilings.Select(c =>
            $"{c.Label} {Quantities.Significant(c.Value, 4)} {c.Unit}"));
        lines.AddRange(GoalSummary.Of(section.Goals).Select(g =>
            $"  {g.Name}: {g.Reached} (floor {g.Floor}, aim {g.Aim}): {g.States}"));
        KernelLine[] spilling = [.. group.Kernels.Where(k => k.SpillStoreBytes > 0 || k.SpillLoadBytes > 0)];
        if (spilling.Length > 0)
        {
            AddList(lines, $"{spilling.Length} of {group.Kernels.Count} kernels spill",
                spilling.Select(k => k.Name).Distinct());
        }

        if (group.Traffic.Count > 0)
        {
            lines.Add($"  traffic: {Quantities.Cases(group.Traffic.Count(t => t.Reason is null))} counted, "
                + $"{group.Traffic.Count(t => t.Reason is not null)} not, in the report");
        }

        if (section.Baseline is { } before)
        {
            lines.Add($"  since commit {before.First.Commit} of {Quantities.Moment(before.Date)}: "
                + $"{section.Regressions.Count()} worse, {section.Improvements.Count()} faster, "
                + $"{section.Gone.Count} no longer measured");
        }

        return lines;
    }

    private static string[] Table(CaseRow[] rows)
    {
        if (rows.Length == 0)
        {
            return ["  no case was measured"];
        }

        string[][] cells = [.. rows.Select(Cells)];
        // What the other columns leave, so that the last one is never cut.
        int others = Titles.Skip(1).Select((t, i) =>
            2 + Math.Max(t.TrimStart('>').Length, cells.Max(c => c[i + 1].Length))).Sum();
        TextTable table = new(Titles);
        foreach (string[] row in cells)
        {
            table.Add([Cut(row[0], Math.Max(MinLabel, MaxColumns - 2 - others)), .. row[1..]]);
        }

        using StringWriter text = new();
        table.WriteTo(text);
        return text.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
    }

    private static string[] Cells(CaseRow row)
    {
        MeasurementLine? ours = row.Missing is null ? row.Ours : null;
        return
        [
            $"{row.Measurements[0].Family} {row.Label}",
            ours is not null ? Quantities.Time(ours.Time())
                : row.Ours is null ? Quantities.None : Quantities.Status(row.Ours.Status),
            ours?.LeadingRate() ?? Quantities.None, Quantities.Share(row.Share),
            row.BestPeer?.Provider ?? Quantities.None, Quantities.Ratio(row.Ratio),
            MarkdownReport.ChangeText(row),
        ];
    }

    private static bool IsTrouble(CaseRow row) =>
        row.IsLost || row.Ours?.Status == ResultStatus.Failed || row.Change is { IsRegression: true };

    private static void AddList(List<string> lines, string title, IEnumerable<string> items)
    {
        string list = string.Join(", ", items);
        if (list.Length > 0)
        {
            lines.Add($"  {title}: {list}");
        }
    }

    private static string Describe(StepLine step) =>
        step.Passed is { } passed ? $"{step.Name} ({Counts(step, passed)})" : step.Name;

    private static string Counts(StepLine step, int passed) =>
        $"{Quantities.Count(passed)} passed"
        + (step.Failed > 0 ? $", {Quantities.Count(step.Failed)} failed" : "")
        + (step.Skipped > 0 ? $", {Quantities.Count(step.Skipped)} skipped" : "");

    private static string Reason(StepLine step) =>
        (step.Passed is { } passed ? $"{Counts(step, passed)}; " : "") + (step.Reason ?? "no reason given");

    private static string Cut(string text, int length)
    {
        string line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= length ? line : line[..(length - 1)] + '…';
    }
}
