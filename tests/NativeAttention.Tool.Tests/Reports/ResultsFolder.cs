using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Reports;

/// <summary>Stored results that a test writes as a benchmark would.</summary>
internal static class ResultsFolder
{
    /// <summary>Writes a results.jsonl and returns its folder.</summary>
    public static string Store(this TempFolder folder, string name, params ReadOnlySpan<ResultLine> lines)
    {
        Directory.CreateDirectory(folder[name]);
        using ResultWriter writer = new(Path.Combine(folder[name], "results.jsonl"));
        foreach (ResultLine line in lines)
        {
            writer.Append(line);
        }

        return folder[name];
    }
}
