using NativeAttention.Benchmarks.Cases;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>The table of what the CPU backend has to reach: its cases, on all cores and on one.</summary>
internal static class CpuTable
{
    private static readonly BenchCase[] OnAll = [.. CaseList.All.Where(c => c.InTable)];

    /// <summary>The cases, in the order of results.</summary>
    public static IReadOnlyList<BenchCase> Cases { get; } = Environment.ProcessorCount == 1
        ? OnAll
        : [.. OnAll, .. OnAll.Select(c => c with { Threads = 1 })];
}
