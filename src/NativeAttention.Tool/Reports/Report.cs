using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>Everything that is reported.</summary>
/// <param name="Sections">One a device, in the order of the results.</param>
/// <param name="Warnings">What the reader must know of the results.</param>
internal sealed record Report(IReadOnlyList<DeviceSection> Sections, IReadOnlyList<string> Warnings)
{
    /// <summary>Reads results and what to compare them with.</summary>
    /// <param name="files">Paths of the results.</param>
    /// <param name="baseline">What to compare with; null to look beside the results.</param>
    /// <exception cref="ToolException">Something cannot be read, or there is nothing in it.</exception>
    public static Report Of(IReadOnlyList<string> files, string? baseline)
    {
        List<ResultFile> read = [.. files.Select(ResultReader.Read)];
        List<string> warnings = [.. read.Select(f => f.Warning).OfType<string>()];
        IReadOnlyList<RunGroup> groups = RunGroup.Of(read);
        if (groups.All(g => g.Measurements.Count == 0 && !g.Steps.Any()))
        {
            throw ToolException.BadInput(
                $"{string.Join(", ", files)}: there is neither a measurement nor a step to report");
        }

        warnings.AddRange(groups.Where(g => g.Repeated > 0).Select(g =>
            $"{g.First.Device}: {g.Repeated} measurements were repeated; the last of each counts"));
        Baselines baselines = baseline is null ? Baselines.Beside(files, warnings) : Baselines.Given(baseline);
        List<DeviceSection> sections = [.. groups.Select(g => new DeviceSection(g, baselines.For(g)))];
        if (baseline is not null)
        {
            warnings.AddRange(sections.Where(s => s.Baseline is null && s.Group.HasOurs).Select(s =>
                $"{baseline} has no run on {s.Group.First.Device} to compare with"));
        }

        return new Report(sections, warnings);
    }
}
