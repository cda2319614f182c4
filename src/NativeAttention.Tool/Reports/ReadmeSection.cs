using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Reports;

/// <summary>
/// The performance section of the README: headline tables of the newest stored runs on each device of each machine,
/// between two markers.
/// </summary>
internal static class ReadmeSection
{
    /// <summary>Line before the section.</summary>
    public const string Begin = "<!-- performance: written by nattn report, edit nothing up to the end mark -->";

    /// <summary>Line after the section.</summary>
    public const string End = "<!-- performance: end -->";

    private const int MaxRows = 12;

    private static readonly (DeviceKind Kind, string Name)[] Kinds =
        [(DeviceKind.Cuda, "GPU"), (DeviceKind.Cpu, "CPU"), (DeviceKind.Emulator, "Emulated GPU")];

    /// <summary>Renders the section.</summary>
    /// <param name="groups">Every stored run.</param>
    /// <param name="folder">Where the README is, since it links to the results.</param>
    public static string Render(IReadOnlyList<RunGroup> groups, string folder)
    {
        MarkdownWriter text = new();
        foreach ((DeviceKind kind, string name) in Kinds)
        {
            RunGroup[][] devices = [.. groups.Where(g => g.Kind == kind && g.HasOurs)
                .GroupBy(g => (g.First.Machine, g.First.Device), (_, runs) => Newest([.. runs]))
                .OrderByDescending(newest => newest[0].Date)];
            foreach (RunGroup[] newest in devices)
            {
                for (int i = 0; i < newest.Length; i++)
                {
                    Write(text, name, newest[i], newest[..i], folder);
                }
            }

            if (devices.Length == 0)
            {
                text.Paragraph($"{name}: no measurement is stored yet, so no speed is claimed.");
            }
        }

        return text.ToString();
    }

    /// <summary>The README with its section replaced.</summary>
    /// <param name="readme">Its text.</param>
    /// <param name="section">The new section.</param>
    /// <param name="path">Its name, for messages.</param>
    /// <exception cref="ToolException">It does not have each marker once, in order.</exception>
    public static string Replace(string readme, string section, string path)
    {
        int begin = IndexOfOnly(readme, Begin, path), end = IndexOfOnly(readme, End, path);
        return begin < end
            ? $"{readme[..(begin + Begin.Length)]}\n\n{section}\n{readme[end..]}"
            : throw ToolException.BadInput($"{path}: the line '{End}' stands before '{Begin}'");
    }

    // Runs with goals are those that a device is judged by: of each goal the newest that has it. Without goals the
    // newest of all. Newest first.
    private static RunGroup[] Newest(IReadOnlyList<RunGroup> groups)
    {
        RunGroup[] sorted = [.. groups.OrderByDescending(g => g.Date)];
        HashSet<string> seen = [];
        RunGroup[] judged = [.. sorted.Where(g =>
        {
            int before = seen.Count;
            seen.UnionWith(g.Goals.Select(goal => goal.Name));
            return seen.Count > before;
        })];
        return judged.Length > 0 ? judged : [.. sorted.Take(1)];
    }

    private static int IndexOfOnly(string readme, string marker, string path)
    {
        int first = readme.IndexOf(marker, StringComparison.Ordinal);
        return first >= 0 && readme.IndexOf(marker, first + 1, StringComparison.Ordinal) < 0
            ? first
            : throw ToolException.BadInput($"{path}: the line '{marker}' must be in it exactly once");
    }

    // What a newer run has is shown there alone.
    private static void Write(
        MarkdownWriter text, string name, RunGroup group, IReadOnlyList<RunGroup> newer, string folder)
    {
        string results = Path.GetRelativePath(folder, Path.GetDirectoryName(Path.GetFullPath(group.Path))!);
        string device = group.Kind == DeviceKind.Cuda
            ? group.First.Device
            : group.First.DeviceDetails?.Cpu ?? group.First.Machine;
        text.Paragraph($"{name}: {device}, {Quantities.Moment(group.Date)}, commit {group.First.Commit}. ",
            "Everything measured", results.Replace('\\', '/'));
        if (group.First.Note is { } note)
        {
            text.Paragraph(note);
        }

        DeviceSection section = new(group, null);
        HashSet<string> goals = [.. newer.SelectMany(g => g.Goals).Select(g => g.Name)];
        HashSet<string> cases = [.. newer.SelectMany(g => g.Measurements).Where(m => m.IsOurs).Select(m => m.Case)];
        MarkdownReport.WriteSummary(text, section.Goals.Where(g => !goals.Contains(g.Goal.Name)));
        CaseRow[] rows = [.. section.Rows.Where(r => r.Ours is not null && !cases.Contains(r.Case))];
        text.Table(["case", ">time", ">noise", ">rate", ">of the roofline", "best peer", ">ours / peer", ">over plain"],
            rows.Take(MaxRows).Select(r => new[]
            {
                $"{r.Measurements[0].Family} {r.Label}",
                r.Missing is null ? Quantities.Time(r.Ours!.Time()) : r.State,
                Quantities.Noise(r.Ours!.Spread),
                r.Missing is null ? r.Ours!.LeadingRate() : Quantities.None,
                Quantities.Share(r.Share),
                r.BestPeer?.Provider ?? Quantities.None,
                Quantities.Ratio(r.Ratio),
                Quantities.Ratio(r.OverPlain),
            }));
        if (rows.Length > MaxRows)
        {
            text.Paragraph($"And {Quantities.Cases(rows.Length - MaxRows)} more.");
        }
    }
}
