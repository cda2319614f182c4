using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Reports;

/// <summary>
/// The performance section of the README: headline tables of the newest stored run on each kind of device,
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
            // A run with goals is the one to be judged by.
            if (groups.Where(g => g.Kind == kind && g.HasOurs).MaxBy(g => (g.Goals.Any(), g.Date)) is { } newest)
            {
                WriteNewest(text, name, newest, folder);
            }
            else
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

    private static int IndexOfOnly(string readme, string marker, string path)
    {
        int first = readme.IndexOf(marker, StringComparison.Ordinal);
        return first >= 0 && readme.IndexOf(marker, first + 1, StringComparison.Ordinal) < 0
            ? first
            : throw ToolException.BadInput($"{path}: the line '{marker}' must be in it exactly once");
    }

    private static void WriteNewest(MarkdownWriter text, string name, RunGroup group, string folder)
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
        MarkdownReport.WriteSummary(text, section);
        CaseRow[] rows = [.. section.Rows.Where(r => r.Ours is not null)];
        text.Table(["case", ">time", ">noise", ">rate", ">of the roofline", "best peer", ">ours / peer"],
            rows.Take(MaxRows).Select(r => new[]
            {
                $"{r.Measurements[0].Family} {r.Label}",
                r.Missing is null ? Quantities.Time(r.Ours!.Time()) : r.State,
                Quantities.Noise(r.Ours!.Spread),
                r.Missing is null ? r.Ours!.LeadingRate() : Quantities.None,
                Quantities.Share(r.Share),
                r.BestPeer?.Provider ?? Quantities.None,
                Quantities.Ratio(r.Ratio),
            }));
        if (rows.Length > MaxRows)
        {
            text.Paragraph($"And {Quantities.Cases(rows.Length - MaxRows)} more.");
        }
    }
}
