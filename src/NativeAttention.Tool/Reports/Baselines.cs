using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>Finds the run that another is compared with.</summary>
internal sealed class Baselines
{
    private readonly IReadOnlyList<RunGroup> _groups;
    private readonly bool _sameMachine;

    private Baselines(IReadOnlyList<RunGroup> groups, bool sameMachine)
    {
        _groups = groups;
        _sameMachine = sameMachine;
    }

    /// <summary>Those that the user named: the newest on the same device counts, whatever its
    /// machine.</summary>
    /// <exception cref="ToolException">They cannot be read.</exception>
    public static Baselines Given(string argument) =>
        new(RunGroup.Of(ResultSources.Read([argument])), sameMachine: false);

    /// <summary>
    /// Those that lie beside the results: in the other folders of the folder that theirs are in.
    /// </summary>
    /// <param name="results">The files that are reported.</param>
    /// <param name="warnings">Takes what could not be read: the user did not ask for it.</param>
    public static Baselines Beside(IReadOnlyList<string> results, ICollection<string> warnings)
    {
        HashSet<string> own = [.. results.Select(Path.GetFullPath)];
        IEnumerable<string> others = own.Select(f => Path.GetDirectoryName(Path.GetDirectoryName(f)))
            .OfType<string>().Distinct()
            .SelectMany(ResultSources.InFoldersOf)
            .Where(f => !own.Contains(f));
        List<ResultFile> files = [];
        foreach (string other in others)
        {
            try
            {
                files.Add(ResultReader.Read(other));
            }
            catch (Exception e) when (e is ToolException or IOException or UnauthorizedAccessException)
            {
                warnings.Add($"not compared with: {e.Message}");
            }
        }

        return new Baselines(RunGroup.Of(files), sameMachine: true);
    }

    /// <summary>
    /// The newest run on the same device that is older and has a case of ours in common; null when there is none.
    /// </summary>
    public RunGroup? For(RunGroup group) => _groups
        .Where(g => g.HasOurs && g.First.Device == group.First.Device)
        .Where(g => !_sameMachine || (g.First.Machine == group.First.Machine && g.Date < group.Date
            && CasesOf(g).Intersect(CasesOf(group)).Any()))
        .MaxBy(g => g.Date);

    private static IEnumerable<string> CasesOf(RunGroup group) =>
        group.Measurements.Where(m => m.IsOurs).Select(m => m.Case);
}
