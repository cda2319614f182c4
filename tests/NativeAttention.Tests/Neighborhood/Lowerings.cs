using NativeAttention.Neighborhood;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>Short ways to lower patterns, and to read what they lower to.</summary>
internal static class Lowerings
{
    /// <summary>A window on one class of an axis.</summary>
    public static AxisIntervals Line(NeighborhoodAxis axis, int extent) => new WindowAxis(axis).Lower(extent, extent);

    /// <summary>The map of a pattern on a grid.</summary>
    public static NeighborhoodMap Map(NeighborhoodPattern pattern, GridShape grid, GridShape? keys = null) =>
        NeighborhoodMap.Create(pattern, new NeighborhoodShape(1, grid, 1, 1, 1) { KeyGrid = keys }, [0]);

    /// <summary>The one section of a map without dilation.</summary>
    public static MapSection Section(NeighborhoodPattern pattern, params int[] grid) =>
        Map(pattern, GridShape.Of(grid)).Sections.Single();

    /// <summary>The keys of every query, ascending; both as numbers of tokens.</summary>
    public static int[][] Keys(NeighborhoodPattern pattern, params int[] grid) =>
        Tokens(Map(pattern, GridShape.Of(grid)), transposed: false);

    /// <summary>The queries of every key.</summary>
    public static int[][] Queries(NeighborhoodPattern pattern, params int[] grid) =>
        Tokens(Map(pattern, GridShape.Of(grid)), transposed: true);

    /// <summary>Everything that one query of a section sees: coordinates, not unrolled, and what lies between.</summary>
    public static IEnumerable<(Extents Key, Extents Offset)> Seen(MapSection section, int? mostDistance, Extents q)
    {
        AxisIntervals[] a = section.Axes;
        for (int z = a[0].KeyBegin[q.Z]; z < a[0].KeyEnd[q.Z]; z++)
        {
            for (int y = a[1].KeyBegin[q.Y]; y < a[1].KeyEnd[q.Y]; y++)
            {
                for (int x = a[2].KeyBegin[q.X]; x < a[2].KeyEnd[q.X]; x++)
                {
                    Extents offset = new(z - q.Z, y - q.Y, x - q.X);
                    int squares = (offset.Z * offset.Z) + (offset.Y * offset.Y) + (offset.X * offset.X);
                    if (mostDistance is null || squares <= mostDistance)
                    {
                        yield return (new(Inside(z, a[0]), Inside(y, a[1]), Inside(x, a[2])), offset);
                    }
                }
            }
        }

        static int Inside(int key, AxisIntervals axis) => axis.Wraps ? (key + axis.Keys) % axis.Keys : key;
    }

    /// <summary>All queries of a section.</summary>
    public static IEnumerable<Extents> Queries(MapSection section)
    {
        for (long n = 0; n < section.Queries.Volume; n++)
        {
            yield return section.Queries.Coordinates(n);
        }
    }

    private static int[][] Tokens(NeighborhoodMap map, bool transposed)
    {
        SortedDictionary<long, int[]> seen = [];
        foreach (MapSection each in map.Sections)
        {
            MapSection section = transposed ? each.Transposed() : each;
            foreach (Extents q in Queries(section))
            {
                seen[section.QueryTokens.At(q.Z, q.Y, q.X)] = [.. Seen(section, map.MostDistance, q)
                    .Select(s => (int)section.KeyTokens.At(s.Key.Z, s.Key.Y, s.Key.X)).Order()];
            }
        }

        return [.. seen.Values];
    }
}

/// <summary>The pairs of a lowered problem, as kernels find them: from the queries or from the keys.</summary>
internal sealed class LoweredPairs : AttentionPairs
{
    private readonly List<Pair>[] rows;

    public LoweredPairs(MapProblem problem, bool fromKeys = false)
    {
        int queries = (int)(problem.Batch * problem.QueryTokens), keys = (int)(problem.Batch * problem.KeyTokens);
        int extra = problem.Samples * problem.ExtraKeys, keyRows = problem.KeyValueHeads * keys;
        rows = [.. Enumerable.Range(0, problem.QueryHeads * queries).Select(_ => new List<Pair>())];
        KeyRows = keyRows + (problem.KeyValueHeads * extra);
        foreach ((NeighborhoodMap map, MapSection section, int head, int b) in All(problem))
        {
            int queryRow = (head * queries) + (b * (int)problem.QueryTokens);
            int keyHead = head / problem.Group, keyRow = (keyHead * keys) + (b * (int)problem.KeyTokens);
            foreach ((long query, long key, Extents offset) in Pairs(section, map.MostDistance, fromKeys))
            {
                int entry = !problem.HasBias ? -1 : (head * (int)problem.BiasEntries) + Entry(map.Windows, offset);
                rows[queryRow + query].Add(new Pair(keyRow + (int)key, entry));
            }

            int sample = (b * (problem.Samples / problem.Batch)) + section.Sample;
            int firstExtra = keyRows + (keyHead * extra) + (sample * problem.ExtraKeys);
            foreach (Extents q in Lowerings.Queries(section))
            {
                rows[queryRow + section.QueryTokens.At(q.Z, q.Y, q.X)].AddRange(
                    Enumerable.Range(firstExtra, problem.ExtraKeys).Select(key => new Pair(key, -1)));
            }
        }
    }

    public override int QueryRows => rows.Length;

    public override int KeyRows { get; }

    public override void List(int row, List<Pair> pairs) => pairs.AddRange(rows[row]);

    private static IEnumerable<(NeighborhoodMap Map, MapSection Section, int Head, int Batch)> All(MapProblem p) =>
        from map in p.Maps
        from section in map.Sections
        from head in map.Heads
        from b in Enumerable.Range(0, p.Batch)
        select (map, section, head, b);

    private static IEnumerable<(long Query, long Key, Extents Offset)> Pairs(MapSection section, int? mostDistance,
        bool fromKeys)
    {
        MapSection from = fromKeys ? section.Transposed() : section;
        foreach (Extents at in Lowerings.Queries(from))
        {
            long here = from.QueryTokens.At(at.Z, at.Y, at.X);
            foreach ((Extents other, Extents offset) in Lowerings.Seen(from, mostDistance, at))
            {
                long there = from.KeyTokens.At(other.Z, other.Y, other.X);
                yield return fromKeys
                    ? (there, here, new Extents(-offset.Z, -offset.Y, -offset.X))
                    : (here, there, offset);
            }
        }
    }

    private static int Entry(Extents windows, Extents offset) =>
        ((((offset.Z + windows.Z - 1) * ((2 * windows.Y) - 1)) + offset.Y + windows.Y - 1) * ((2 * windows.X) - 1))
        + offset.X + windows.X - 1;
}
