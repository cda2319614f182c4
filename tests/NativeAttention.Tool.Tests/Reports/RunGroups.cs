using NativeAttention.Tool.Reports;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Tests.Reports;

/// <summary>Groups of runs without a file.</summary>
internal static class RunGroups
{
    public static RunGroup Of(RunLine run, params ResultLine[] lines) =>
        RunGroup.Of([new ResultFile("results.jsonl", [new ResultRun(run, lines)], null)]).Single();
}
