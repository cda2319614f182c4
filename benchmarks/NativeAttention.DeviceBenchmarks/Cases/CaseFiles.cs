using System.Text.Json;
using NativeAttention.DeviceBenchmarks.App;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Cases;

/// <summary>Reads case files.</summary>
internal static class CaseFiles
{
    private static readonly string[] AllModes = [BenchmarkOptions.Short, BenchmarkOptions.Full, BenchmarkOptions.Tiny];

    /// <summary>The case files beside the program.</summary>
    public static string DefaultFolder => Path.Combine(AppContext.BaseDirectory, "cases");

    /// <summary>The cases of a file, or of every <c>.json</c> file of a folder in the order of their
    /// names.</summary>
    /// <exception cref="ToolException">Nothing is there, or a file is no case file; the message names file and
    /// row.</exception>
    public static IReadOnlyList<BenchmarkCase> Read(string path)
    {
        string[] files = File.Exists(path) ? [path]
            : Directory.Exists(path) ? [.. Directory.GetFiles(path, "*.json").Order(StringComparer.Ordinal)]
            : throw ToolException.BadInput($"{path}: there is no such file or folder");
        BenchmarkCase[] cases = [.. files.SelectMany(ReadFile)];
        if (cases.Length == 0)
        {
            throw ToolException.BadInput($"{path}: there is no case in it");
        }

        string? twice = cases.GroupBy(c => c.Id).FirstOrDefault(g => g.Count() > 1)?.Key;
        return twice is null ? cases : throw ToolException.BadInput($"{path}: case {twice} is there twice");
    }

    private static IEnumerable<BenchmarkCase> ReadFile(string path)
    {
        try
        {
            CaseDocument document = JsonSerializer.Deserialize(
                File.ReadAllText(path), CaseJson.Default.CaseDocument)!;
            return [.. document.Cases.Select((row, i) => Checked(document.Family, row, $"row {i + 1}"))];
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw ToolException.BadInput($"{path}: {e.Message}", e);
        }
    }

    private static BenchmarkCase Checked(string family, CaseRow row, string where)
    {
        try
        {
            FieldRules.RequireOneOf("dtype", row.Dtype, Dtypes.All);
            row.Shape.Check();
            foreach (string mode in row.Modes)
            {
                FieldRules.RequireOneOf("modes", mode, AllModes);
            }

            BenchmarkCase made = new(family, row.Dtype, row.Shape, row.Options ?? [], row.Modes);
            _ = made.Id; // an option that cannot be part of a name is refused here
            return made;
        }
        catch (FormatException e)
        {
            throw new FormatException($"{where}: {e.Message}", e);
        }
    }
}
