using NativeAttention.Emulation;
using NativeAttention.Neighborhood;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// What the tiled kernels multiply and move, counted on the emulator, is what the tile model says: exactly. The model is
/// what chooses the tiles.
/// </summary>
public sealed class NeighborhoodWorkTests
{
    public static IEnumerable<NeighborhoodCase> Cases() =>
        from type in Enum.GetValues<ElementType>()
        from test in new (NeighborhoodShape Shape, PatternSpec Pattern)[]
        {
            (new(1, new GridShape(64, 64), 1, 1, 32), PatternSpec.Windows(7, 7)),
            (new(2, new GridShape(300), 2, 1, 64), PatternSpec.Windows(new NeighborhoodAxis(65, 1, 1, true))),
            (new(1, new GridShape(31, 45), 2, 2, 32), PatternSpec.Windows(new(9, 3, 2), new(5, 1, 3))),
            (new(1, new GridShape(9, 17, 21), 1, 1, 32), PatternSpec.Windows(5, 7, new(3, 1, 1, false, EdgeMode.Wrap))),
            (new(1, new GridShape(24, 32), 1, 1, 32) { ExtraKeys = 70 }, PatternSpec.Blocks(8, 8)),
            (new(1, new GridShape(40, 56), 1, 1, 32), PatternSpec.Circular(28)),
            (NeighborhoodShape.Ragged([new GridShape(20, 9), new GridShape(33, 12)], 1, 1, 32), PatternSpec.Windows(7, 7)),
        }
        select NeighborhoodCases.Case(type, test.Shape, test.Pattern, "tiled", 700);

    [TestCaseSource(nameof(Cases))]
    public void Products_and_traffic_are_those_of_the_tile_model(NeighborhoodCase test)
    {
        ArgumentNullException.ThrowIfNull(test);
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only the emulator counts.");
        }

        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with { Profile = true });
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, ordinal);
        test.RunOn(backend);
        KernelProfile profile = EmulatedDriver.GetProfiles(ordinal).Single();
        KernelInfo kernel = KernelCatalog.Find(profile.Kernel);
        MapProblem problem = test.Problem.Lowered;
        NeighborhoodMap map = problem.Maps.Single();
        TileGeometry tiles = TileChooser.Choose(map, kernel.QueriesPerBlock, kernel.KeysPerTile, leastKeyRun: 8);
        Work work = Work.Of(map, tiles, problem.ExtraKeys, kernel.KeysPerTile);
        if (map.MostDistance is null)
        {
            Assert.That(work.Tiles - work.ExtraTiles, Is.EqualTo(TileCounts.Of(map, tiles).Visited), "the count by hand");
        }

        long heads = (long)problem.Batch * problem.QueryHeads;
        int products = test.ElementType == ElementType.Float32 ? 3 : 1;
        double useful = 2.0 * test.Problem.Pairs * (problem.HeadDim + problem.ValueHeadDim);
        TestContext.Out.WriteLine($"{profile.Kernel}, tiles {tiles.Query} on {tiles.Key}: issued {profile.MatrixFlops:N0} of useful "
            + $"{useful:N0}: {profile.MatrixFlops / useful / products:F2}; {profile.WarpInstructions:N0} warp instructions");
        Assert.That(profile.MatrixFlops, Is.EqualTo(heads * work.Tiles * 2 * 2 * kernel.QueriesPerBlock
            * kernel.KeysPerTile * kernel.MaxHeadDim * products));
        long element = test.ElementType == ElementType.Float32 ? 4 : 2;
        Assert.That(32 * profile.Statements.Where(s => s.Class == InstructionClass.AsyncCopy).Sum(s => s.Global.Transactions),
            Is.EqualTo(heads * element * ((work.Queries * problem.HeadDim)
                + (work.Keys * (problem.HeadDim + problem.ValueHeadDim)))));
        Assert.That(profile.Statements.Where(s => s.Shared.Transactions > s.Shared.MinimumTransactions)
            .Select(s => $"line {s.Line}: {s.Statement} {s.Shared.Ratio:F2}"), Is.Empty, "bank conflicts");
    }

    /// <summary>What all blocks of one head and batch index do, counted tile by tile.</summary>
    private sealed record Work(long Tiles, long ExtraTiles, long Queries, long Keys)
    {
        public static Work Of(NeighborhoodMap map, TileGeometry tiles, int extraKeys, int keysPerTile)
        {
            QueryTiles all = new(map.Sections, tiles.Query);
            long visited = 0, queries = 0, keys = 0;
            for (long n = 0; n < all.Count; n++)
            {
                (int s, Extents first) = all.Locate(n);
                MapSection section = map.Sections[s];
                Extents last = Extents.Each(a => Math.Min(first[a] + tiles.Query[a], section.Queries[a]) - 1);
                queries += Extents.Each(a => last[a] - first[a] + 1).Volume;
                AxisTiles[] axes = [.. Enumerable.Range(0, 3).Select(a => AxisTiles.Of(section.Axes[a], first[a], last[a]))];
                Extents counts = Extents.Each(a => axes[a].Count(tiles.Key[a]));
                for (long t = 0; t < counts.Volume; t++)
                {
                    Extents at = counts.Coordinates(t);
                    Extents begin = Extents.Each(a => axes[a].Begin(tiles.Key[a], at[a]));
                    Extents end = Extents.Each(a => axes[a].End(tiles.Key[a], at[a]));
                    Extents gap = Extents.Each(a => Math.Max(0, Math.Max(begin[a] - last[a], first[a] - (end[a] - 1))));
                    if (map.MostDistance is null || (gap.Z * gap.Z) + (gap.Y * gap.Y) + (gap.X * gap.X) <= map.MostDistance)
                    {
                        visited++;
                        keys += Extents.Each(a => end[a] - begin[a]).Volume;
                    }
                }
            }

            long extraTiles = all.Count * ((extraKeys + keysPerTile - 1) / keysPerTile);
            return new Work(visited + extraTiles, extraTiles, queries, keys + (all.Count * extraKeys));
        }
    }
}
