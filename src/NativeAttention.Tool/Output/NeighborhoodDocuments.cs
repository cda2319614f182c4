namespace NativeAttention.Tool.Output;

/// <summary>What <c>nattn run --neighborhood --json</c> prints.</summary>
internal sealed record NeighborhoodDocument(
    string Command,
    int ExitCode,
    string Device,
    string Kernel,
    string FileType,
    string ComputeType,
    NeighborhoodShapeDocument Shape,
    string Pattern,
    bool RelativeBias,
    float Scale,
    double PlanMilliseconds,
    double RunMilliseconds,
    string Output,
    string? Lse);

/// <summary>The lengths of a problem on maps.</summary>
internal sealed record NeighborhoodShapeDocument(
    int Batch,
    IReadOnlyList<int> Map,
    IReadOnlyList<int> KeyMap,
    int QueryHeads,
    int KeyValueHeads,
    int HeadDim,
    int ValueHeadDim,
    int ExtraKeys)
{
    public static NeighborhoodShapeDocument Of(NeighborhoodShape s) => new(
        s.Batch, Extents(s.Grid), Extents(s.KeyGrid ?? s.Grid), s.QueryHeads, s.KeyValueHeads, s.HeadDim,
        s.ValueHeadDim, s.ExtraKeys);

    private static int[] Extents(GridShape grid) => [.. Enumerable.Range(0, grid.Rank).Select(axis => grid[axis])];
}
