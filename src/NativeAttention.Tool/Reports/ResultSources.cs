using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>Finds the stored results that arguments mean.</summary>
internal static class ResultSources
{
    /// <summary>Name of the results in a folder.</summary>
    public const string FileName = "results.jsonl";

    /// <summary>
    /// The files: one that is named itself, that of a folder, or those of the folders in a folder.
    /// </summary>
    /// <exception cref="ToolException">There are none.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> arguments) =>
        [.. arguments.SelectMany(Find).DistinctBy(Path.GetFullPath)];

    /// <summary>Reads the files that arguments mean.</summary>
    /// <exception cref="ToolException">There are none, or one is not what it should be.</exception>
    public static IReadOnlyList<ResultFile> Read(IEnumerable<string> arguments) =>
        [.. Find(arguments).Select(ResultReader.Read)];

    /// <summary>The results in the folders of a folder, sorted by name.</summary>
    public static IEnumerable<string> InFoldersOf(string folder) =>
        Directory.EnumerateDirectories(folder, "*", new EnumerationOptions())
            .Order(StringComparer.Ordinal)
            .Select(f => Path.Combine(f, FileName))
            .Where(File.Exists);

    private static IReadOnlyList<string> Find(string argument)
    {
        if (!Directory.Exists(argument))
        {
            return [argument];
        }

        string own = Path.Combine(argument, FileName);
        IReadOnlyList<string> found = File.Exists(own) ? [own] : [.. InFoldersOf(argument)];
        return found.Count > 0
            ? found
            : throw ToolException.BadInput(
                $"{argument}: neither the folder nor the folders in it have a {FileName}");
    }
}
