using NativeAttention.Neighborhood;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>Tiles: what is visited, what is full, how they are counted, chosen and numbered.</summary>
[TestFixture]
internal sealed class TileTests
{
    private static IEnumerable<TestCaseData> Counted()
    {
        yield return Row([256, 256], [80, 80], [1, 1], [16, 8], 34884, 17284, 262144, 31464);
        yield return Row([256, 256], [80, 80], [1, 1], [8, 8], 116964, 88804, 1048576, 116964);
        yield return Row([256, 256], [80, 80], [16, 16], [16, 8], 25600, 25600, 262144, 25600);
        yield return Row([30, 48, 80], [18, 24, 24], [1, 1, 1], [2, 8, 8], 148896, 24768, 810000, 117876);
        yield return Row([30, 48, 80], [18, 24, 24], [1, 1, 1], [4, 4, 8], 147576, 32736, 921600, 124488);
        yield return Row([30, 48, 80], [18, 24, 24], [16, 8, 8], [2, 8, 8], 72900, 72900, 810000, 72900);
        yield return Row([32768], [2048], [1], [128], 4336, 3856, 65536, 4336);
        yield return Row([32768], [2048], [256], [128], 4096, 4096, 65536, 4096);
        yield return Row([64, 64], [7, 7], [1, 1], [8, 8], 484, 0, 4096, 256);
    }

    private static IEnumerable<TestCaseData> Maps()
    {
        NeighborhoodAxis strided = new(5, 2), causal = new(4, 3, 1, true), ring = new(4, Edge: EdgeMode.Wrap);
        yield return Of(NeighborhoodPattern.Windows(strided), new(23), new(1, 1, 4), new(1, 1, 8));
        yield return Of(NeighborhoodPattern.Windows(ring), new(13), new(1, 1, 4), new(1, 1, 2));
        yield return Of(NeighborhoodPattern.Windows(strided, causal), new(11, 13), new(1, 4, 4), new(1, 2, 8));
        yield return Of(NeighborhoodPattern.Windows(9, 7), new(19, 10), new(1, 8, 2), new(1, 2, 2));
        yield return Of(NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 1, 3), 4), new(11, 9), new(1, 2, 4),
            new(1, 2, 4));
        yield return Of(NeighborhoodPattern.Windows(3, ring, causal), new(5, 7, 6), new(2, 2, 4), new(4, 2, 2));
        yield return Of(NeighborhoodPattern.ShiftedBlocks([4, 4], [2, 1]), new(8, 12), new(1, 4, 2), new(1, 2, 4));
    }

    [TestCaseSource(nameof(Counted))]
    public void Counts(int[] map, NeighborhoodAxis[] axes, int[] tile, long visited, long full, long dense,
        long unaligned)
    {
        MapSection section = Lowerings.Section(NeighborhoodPattern.Windows(axes), map);
        Extents box = Extents.Of(GridShape.Of(tile));
        TileCounts free = TileCounts.Of(section, new(box, box));
        Assert.Multiple(() =>
        {
            Assert.That(TileCounts.OfAligned(section, new(box, box)), Is.EqualTo(new TileCounts(visited, full, dense)));
            Assert.That((free.Visited, free.Dense), Is.EqualTo((unaligned, dense)));
        });
    }

    [TestCaseSource(nameof(Maps))]
    public void Every_visited_tile_has_a_pair_and_full_ones_have_all(NeighborhoodMap map, TileGeometry tiles)
    {
        foreach (MapSection section in (MapSection[])[.. map.Sections, .. map.Sections.Select(s => s.Transposed())])
        {
            HashSet<(Extents, Extents)> unseen = [.. Lowerings.Queries(section)
                .SelectMany(q => Lowerings.Seen(section, null, q).Select(seen => (q, Plus(q, seen.Offset))))];
            HashSet<(Extents, Extents)> all = [.. unseen];
            long visited = 0, full = 0;
            QueryTiles queryTiles = new([section], tiles.Query);
            for (long n = 0; n < queryTiles.Count; n++)
            {
                Extents[] queries = [.. Box(queryTiles.Locate(n).First, tiles.Query, section.Queries)];
                AxisTiles[] axes = [.. Enumerable.Range(0, 3).Select(a =>
                    AxisTiles.Of(section.Axes[a], queries[0][a], queries[^1][a]))];
                Extents counts = Extents.Each(a => axes[a].Count(tiles.Key[a]));
                for (long t = 0; t < counts.Volume; t++)
                {
                    Extents at = counts.Coordinates(t);
                    Extents[] keys = [.. Box(Extents.Each(a => axes[a].Begin(tiles.Key[a], at[a])), tiles.Key,
                        Extents.Each(a => axes[a].End(tiles.Key[a], at[a])))];
                    (Extents, Extents)[] seen = [.. queries.SelectMany(q => keys.Select(k => (q, k))).Where(all.Contains)];
                    bool isFull = Enumerable.Range(0, 3).All(a => axes[a].IsFull(tiles.Key[a], at[a]));
                    Assert.That(seen, Is.Not.Empty);
                    Assert.That(isFull, Is.EqualTo(seen.Length == queries.Length * keys.Length));
                    Assert.That(seen.All(unseen.Remove), "no pair is in two tiles");
                    visited++;
                    full += isFull ? 1 : 0;
                }
            }

            Assert.That(unseen, Is.Empty);
            TileCounts expected = TileCounts.Of(section, tiles);
            Assert.That((visited, full), Is.EqualTo((expected.Visited, expected.Full)));
        }
    }

    [Test]
    public void Tiles_without_keys_count_nothing()
    {
        MapSection section = NeighborhoodMap.Dense(12, 5, new KeyBand(-20, -7), 1).Sections[0];
        TileGeometry tiles = new(new(1, 1, 4), new(1, 1, 2));
        Assert.That(TileCounts.Of(section, tiles), Is.EqualTo(new TileCounts(4, 1, 9)));
        Assert.That(TileCounts.OfAligned(section, tiles), Is.EqualTo(new TileCounts(4, 1, 9)));
    }

    [TestCase(16, 16, 1)]
    [TestCase(32, 8, 4)]
    [TestCase(64, 64, 8)]
    [TestCase(4, 16, 32)]
    public void The_chosen_boxes_visit_least(int queries, int keys, int leastRun)
    {
        foreach (NeighborhoodPattern pattern in new[]
        {
            NeighborhoodPattern.Windows(3, 5, 9),
            NeighborhoodPattern.Windows(new NeighborhoodAxis(2, 1, 3), new(7, 4), new(13, 1, 1, true)),
            NeighborhoodPattern.Windows(1, 1, 20),
            NeighborhoodPattern.Blocks(7, 1, 2),
        })
        {
            NeighborhoodMap map = Lowerings.Map(pattern, new GridShape(7, 11, 26));
            (long, long)[] costs = [.. Boxes(queries, 1).SelectMany(q => Boxes(keys, leastRun).Select(k => Cost(map, q, k)))];
            TileGeometry chosen = TileChooser.Choose(map, queries, keys, leastRun);
            Assert.That((chosen.Query.Volume, chosen.Key.Volume), Is.EqualTo(((long)queries, (long)keys)));
            Assert.That(chosen.Key.X, Is.GreaterThanOrEqualTo(Math.Min(leastRun, keys)));
            Assert.That(Cost(map, chosen.Query, chosen.Key), Is.EqualTo(costs.Min()));
        }
    }

    [Test]
    public void Every_tile_has_a_number()
    {
        NeighborhoodMap map = NeighborhoodMap.Create(NeighborhoodPattern.Windows(new NeighborhoodAxis(1, 1, 2), 3),
            NeighborhoodShape.Ragged([new(5, 7), new(2, 3), new(9, 4)], 1, 1, 1), [0]);
        Extents tile = new(1, 2, 4);
        QueryTiles tiles = new(map.Sections, tile);
        long number = 0;
        for (int s = 0; s < map.Sections.Length; s++)
        {
            Extents queries = map.Sections[s].Queries;
            Assert.That(tiles.FirstOf(s), Is.EqualTo(number));
            for (int y = 0; y < queries.Y; y += tile.Y)
            {
                for (int x = 0; x < queries.X; x += tile.X, number++)
                {
                    Assert.That(tiles.Locate(number), Is.EqualTo((s, new Extents(0, y, x))));
                }
            }

            Assert.That(tiles.FirstOf(s) + tiles.CountsOf(s).Volume, Is.EqualTo(number));
        }

        Assert.That(tiles.Count, Is.EqualTo(number));
    }

    [Test]
    public void Empty_sections_have_no_tiles()
    {
        MapSection empty = NeighborhoodMap.Dense(0, 3, KeyBand.Unbounded, 1).Sections[0];
        MapSection five = NeighborhoodMap.Dense(5, 3, KeyBand.Unbounded, 1).Sections[0];
        QueryTiles tiles = new([empty, five, empty, empty, five, empty], new(1, 1, 4));
        Assert.That(tiles.Count, Is.EqualTo(4));
        Assert.That(Enumerable.Range(0, 4).Select(n => tiles.Locate(n)), Is.EqualTo(new[]
        {
            (1, new Extents(0, 0, 0)), (1, new Extents(0, 0, 4)), (4, new Extents(0, 0, 0)), (4, new Extents(0, 0, 4)),
        }));
        Assert.That(new QueryTiles([], new(1, 1, 4)).Count, Is.Zero);
    }

    private static TestCaseData Row(int[] map, int[] windows, int[] strides, int[] tile, long visited, long full,
        long dense, long unaligned)
    {
        NeighborhoodAxis[] axes = [.. windows.Zip(strides, (w, s) => new NeighborhoodAxis(w, s))];
        return new TestCaseData(map, axes, tile, visited, full, dense, unaligned).SetArgDisplayNames(
            string.Join("x", map), string.Join(" x ", axes), string.Join("x", tile));
    }

    private static TestCaseData Of(NeighborhoodPattern pattern, GridShape grid, Extents query, Extents key) =>
        new TestCaseData(Lowerings.Map(pattern, grid), new TileGeometry(query, key))
            .SetArgDisplayNames($"{pattern}", $"{grid}", $"{query}", $"{key}");

    private static (long Visited, long FewerFull) Cost(NeighborhoodMap map, Extents query, Extents key)
    {
        TileCounts counts = TileCounts.Of(map, new(query, key));
        return (counts.Visited, -counts.Full);
    }

    private static IEnumerable<Extents> Boxes(int tokens, int leastRun) =>
        from z in Enumerable.Range(0, 7)
        from y in Enumerable.Range(0, 7)
        from x in Enumerable.Range(0, 7)
        where 1 << (z + y + x) == tokens && 1 << x >= Math.Min(leastRun, tokens)
        select new Extents(1 << z, 1 << y, 1 << x);

    private static Extents Plus(Extents a, Extents b) => Extents.Each(axis => a[axis] + b[axis]);

    // The tokens of a box that begins at one and is cut at an end.
    private static IEnumerable<Extents> Box(Extents first, Extents tile, Extents end)
    {
        Extents box = Extents.Each(a => Math.Min(tile[a], end[a] - first[a]));
        for (long n = 0; n < box.Volume; n++)
        {
            yield return Plus(first, box.Coordinates(n));
        }
    }
}
