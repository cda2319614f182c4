using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;

namespace NativeAttention.Benchmarks.Tests.Pinned;

/// <summary>The cases of the table in a size that takes no time: what differs between them stays different.</summary>
internal static class TinyTable
{
    private const int Most = 130;

    public static BenchCase[] Cases { get; } = [.. CpuTable.Cases.Select(Shrink).Distinct()];

    public static BenchCase[] Modifiers { get; } = [.. ModifierTable.Cases.Select(Shrink).Distinct()];

    /// <summary>Forward and backward on a picture of a few tokens.</summary>
    public static BenchCase[] Maps { get; } = [.. MapList.All.Where(c => c.Map!.Grid.Rank == 2).Select(c => c with
    {
        Shape = c.Shape with { QueryLength = 9 * 11, KeyLength = 9 * 11 },
        Map = new BenchMap(new GridShape(9, 11), c.Map!.Dilation == 1 ? 5 : 3, Math.Min(c.Map.Dilation, 3)),
    }).Distinct()];

    private static BenchCase Shrink(BenchCase @case)
    {
        AttentionShape s = @case.Shape;
        int keys = Math.Min(s.KeyLength, s.KeyLength % 2 == 0 ? Most : Most + 1);
        int queries = s.QueryLength == s.KeyLength ? keys : Math.Min(s.QueryLength, 3);
        return @case with { Shape = s with { QueryLength = queries, KeyLength = keys } };
    }
}
