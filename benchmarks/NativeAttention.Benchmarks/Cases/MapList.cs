namespace NativeAttention.Benchmarks.Cases;

/// <summary>
/// The cases of neighborhood attention: the pictures of its goal, forward and backward, layers of models, a line and
/// a volume.
/// </summary>
internal static class MapList
{
    private static readonly GridShape Picture = new(64, 64);

    /// <summary>The cases, in the order of results.</summary>
    public static IReadOnlyList<BenchCase> All { get; } =
    [
        .. from window in (int[])[7, 13]
           from dim in (int[])[32, 64]
           select Case(Picture, window, heads: 4, dim) with { InShort = window == 7 },
        .. from window in (int[])[7, 13]
           from dim in (int[])[32, 64]
           select Backward(window, dim) with { InShort = window == 7 },
        Backward(window: 7, dim: 64) with { Type = ElementType.Float16 },
        Case(new GridShape(56, 56), 7, heads: 4, dim: 32), // NAT and DiNAT, first and third stage
        Case(new GridShape(56, 56), 7, heads: 4, dim: 32, dilation: 8),
        Case(new GridShape(14, 14), 7, heads: 16, dim: 32),
        Case(new GridShape(14, 14), 7, heads: 16, dim: 32, dilation: 2),
        Case(new GridShape(16, 16, 16), 5, heads: 4, dim: 64),
        Case(new GridShape(4096), 257, heads: 4, dim: 64),
        Case(Picture, 7, heads: 4, dim: 64) with { Type = ElementType.BFloat16 },
    ];

    /// <summary>The cases on one thread.</summary>
    public static IReadOnlyList<BenchCase> OnOneThread { get; } = [.. All.Select(c => c with { Threads = 1 })];

    private static BenchCase Backward(int window, int dim) =>
        Case(Picture, window, heads: 4, dim) with { Family = BenchFamily.Backward };

    private static BenchCase Case(GridShape grid, int window, int heads, int dim, int dilation = 1) => new()
    {
        Device = BenchDevice.Cpu,
        Shape = new AttentionShape(1, (int)grid.Tokens, (int)grid.Tokens, heads, heads, dim),
        Map = new BenchMap(grid, window, dilation),
    };
}
