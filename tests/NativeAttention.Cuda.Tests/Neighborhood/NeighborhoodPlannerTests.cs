using NativeAttention.Bindings;
using NativeAttention.Neighborhood;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

public sealed class NeighborhoodPlannerTests : DeviceFixture
{
    private static readonly NeighborhoodShape Shape = new(1, new GridShape(16, 16), 2, 1, 64);

    [Test]
    public void Refusals_say_why()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Refusal(Shape, rung: "fast"), Does.Contain("no rung 'fast'").And.Contains("tiled, reference"));
            Assert.That(Refusal(Shape with { HeadDim = 257 }), Does.Contain("head dim 257").And.Contains("1 to 256"));
            Assert.That(Refusal(Shape with { ValueHeadDim = 300 }), Does.Contain("value head dim 300"));
            Assert.That(Refusal(Shape, capability: 75), Does.Contain("7.5").And.Contains("8.0"));
            Assert.That(Refusal(Shape, shared: 1024), Does.Contain("24576 bytes").And.Contains("1024"));
            Assert.That(Refusal(Shape with { Batch = int.MaxValue }), Does.Contain("thread blocks").And.Contains("split the batch"));
            Assert.That(Refusal(Shape with { Grid = new GridShape(65536, 32769) }),
                Does.Contain("2147549184 tokens").And.Contains("2147483647"));
        });
    }

    [Test]
    public void The_smallest_module_is_chosen()
    {
        Assert.That(Chosen(Shape).Kernel.Name, Is.EqualTo("na_neighborhood_tiled_f16_d64_sm80"));
        Assert.That(Chosen(Shape with { HeadDim = 65 }).Kernel.Name, Is.EqualTo("na_neighborhood_tiled_f16_d128_sm80"));
        Assert.That(Chosen(Shape with { ValueHeadDim = 200 }).Kernel.Name, Is.EqualTo("na_neighborhood_tiled_f16_d256_sm80"));
    }

    [Test]
    public void Key_tiles_have_runs_of_eight_at_least()
    {
        foreach (NeighborhoodCase test in NeighborhoodCases.Patterns().Concat(NeighborhoodCases.Fixed()))
        {
            Assert.That(NeighborhoodPlanner.TryChoose(test.Problem.Lowered, 80, 1 << 20, out NeighborhoodChoice? choice, out _));
            Assert.That(choice!.Passes.Select(pass => pass.Columns.X), Is.All.GreaterThanOrEqualTo(
                test.Tuning.Rung == "reference" ? 1 : 8), $"{test}");
            Assert.That(choice.Passes.Select(pass => pass.Rows.Volume), Is.All.EqualTo(choice.Kernel.BlockM), $"{test}");
        }
    }

    [Test]
    public void Heads_of_equal_pattern_share_a_launch()
    {
        NeighborhoodPattern a = NeighborhoodPattern.Windows(3, 3), b = NeighborhoodPattern.Windows(5, 5);
        NeighborhoodShape shape = Shape with { QueryHeads = 4 };
        IReadOnlyList<MapPass> passes = Chosen(shape, new NeighborhoodOptions(a) { HeadPatterns = [a, b, b, a] }).Passes;
        Assert.That(passes.Select(pass => pass.Heads), Is.EqualTo(new int[][] { [0, 3], [1, 2] }));
    }

    [Test]
    public void Tables_hold_intervals_sections_and_heads_of_both_directions()
    {
        // Two dilation classes of 5 and 4 tokens, in a batch of two sizes.
        NeighborhoodShape shape = NeighborhoodShape.Ragged([new GridShape(9), new GridShape(70)], 2, 1, 8);
        NeighborhoodMap map = NeighborhoodProblem.Create(ElementType.Float16, shape,
            new NeighborhoodOptions(NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 1, 2)))).Lowered.Maps.Single();
        TileGeometry tiles = new(new Extents(1, 1, 16), new Extents(1, 1, 8));
        MapPass[] passes = [MapPass.OverQueries(map, tiles), MapPass.OverKeys(map, tiles, [0])];
        using MapTables tables = new(Device, passes);
        int[] words = new int[tables.Bytes / sizeof(int)];
        MapTiling queries = tables[0], keys = tables[1];
        Device.Wrap<int>((nint)queries.Intervals, [words.Length]).Download(words, Stream);
        Assert.That(Sections(queries).Select(s => (s.Sample, s.Rows.X, s.FirstTile, s.RowSteps.Origin, s.RowSteps.X)),
            Is.EqualTo(new[] { (0, 5, 0, 0, 2), (0, 4, 1, 1, 2), (1, 35, 2, 9, 2), (1, 35, 5, 10, 2) }));
        Assert.That(Sections(keys).Select(s => s.FirstTile), Is.EqualTo(new[] { 0, 1, 2, 7 }));
        Assert.That((queries.TileCount, keys.TileCount, queries.HeadCount, keys.HeadCount), Is.EqualTo((8, 12, 2, 1)));
        Assert.That(words[Word(queries.Heads)..(Word(queries.Heads) + 2)], Is.EqualTo(new[] { 0, 1 }));
        foreach ((MapTiling tiling, MapPass pass) in new[] { (queries, passes[0]), (keys, passes[1]) })
        {
            foreach ((TiledSection on, MapSection of) in Sections(tiling).Zip(pass.Sections))
            {
                int[] table = words[(2 * on.Tables.X)..(2 * (on.Tables.X + on.Rows.X))];
                Assert.That(table.Where((_, i) => i % 2 == 0), Is.EqualTo(of.Axes[2].KeyBegin));
                Assert.That(table.Where((_, i) => i % 2 == 1), Is.EqualTo(of.Axes[2].KeyEnd));
            }
        }

        int Word(ulong address) => (int)((address - queries.Intervals) / sizeof(int));

        TiledSection[] Sections(MapTiling tiling) => System.Runtime.InteropServices.MemoryMarshal
            .Cast<int, TiledSection>(words.AsSpan(Word(tiling.Sections)))[..tiling.SectionCount].ToArray();
    }

    private static NeighborhoodChoice Chosen(NeighborhoodShape shape, NeighborhoodOptions? options = null)
    {
        NeighborhoodProblem problem = NeighborhoodProblem.Create(ElementType.Float16, shape,
            options ?? new NeighborhoodOptions(NeighborhoodPattern.Windows(3, 3)));
        Assert.That(NeighborhoodPlanner.TryChoose(problem.Lowered, 80, 1 << 20, out NeighborhoodChoice? choice, out string reason),
            reason);
        return choice!;
    }

    private static string Refusal(NeighborhoodShape shape, string? rung = null, int capability = 80, int shared = 1 << 20)
    {
        NeighborhoodProblem problem = NeighborhoodProblem.Create(ElementType.Float16, shape,
            new NeighborhoodOptions(NeighborhoodPattern.Windows(3, 3)) { Tuning = new TuningHints { Rung = rung } });
        Assert.That(NeighborhoodPlanner.TryChoose(problem.Lowered, capability, shared, out _, out string reason), Is.False);
        return reason;
    }
}
