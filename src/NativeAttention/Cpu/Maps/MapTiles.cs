using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// The query boxes of a problem, numbered: map by map, section by section, box by box, and one head after another in each,
/// since the heads of a token lie side by side in memory.
/// </summary>
internal sealed class MapTiles
{
    private readonly MapProblem problem;
    private readonly Extents[] boxes; // of each map
    private readonly QueryTiles[] tiles;

    /// <summary>Numbers the boxes.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="box">Extents of the boxes of a map.</param>
    public MapTiles(MapProblem problem, Func<NeighborhoodMap, Extents> box)
    {
        this.problem = problem;
        boxes = [.. problem.Maps.Select(box)];
        tiles = [.. problem.Maps.Select((map, n) => new QueryTiles(map.Sections, boxes[n]))];
        Count = tiles.Select((t, n) => OfMap(n)).Sum();
    }

    /// <summary>Number of boxes.</summary>
    public long Count { get; }

    /// <summary>Extents of the boxes of each map.</summary>
    public IReadOnlyList<Extents> Boxes => boxes;

    /// <summary>A box by its number.</summary>
    public QueryBox Locate(long number)
    {
        int n = 0;
        while (number >= OfMap(n))
        {
            number -= OfMap(n);
            n++;
        }

        NeighborhoodMap map = problem.Maps[n];
        (long rest, long head) = Math.DivRem(number, (long)map.Heads.Length);
        (long batch, long tile) = Math.DivRem(rest, tiles[n].Count);
        (int section, Extents first) = tiles[n].Locate(tile);
        Extents queries = map.Sections[section].Queries, box = boxes[n];
        Extents count = new(Math.Min(box.Z, queries.Z - first.Z), Math.Min(box.Y, queries.Y - first.Y),
            Math.Min(box.X, queries.X - first.X));
        return new QueryBox(map, n, map.Sections[section], batch, map.Heads[head], first, count);
    }

    /// <summary>Number of boxes of a head over all batch indices.</summary>
    public long OfHead(int head) => problem.Batch * tiles[MapOf(head)].Count;

    /// <summary>The number of one of the boxes of a head.</summary>
    public long Number(int head, long ofHead)
    {
        int n = MapOf(head);
        NeighborhoodMap map = problem.Maps[n];
        (long batch, long tile) = Math.DivRem(ofHead, tiles[n].Count);
        long number = (((batch * tiles[n].Count) + tile) * map.Heads.Length) + Array.IndexOf(map.Heads, head);
        for (int before = 0; before < n; before++)
        {
            number += OfMap(before);
        }

        return number;
    }

    private int MapOf(int head)
    {
        int n = 0;
        while (!problem.Maps[n].Heads.Contains(head))
        {
            n++;
        }

        return n;
    }

    private long OfMap(int n) => problem.Batch * problem.Maps[n].Heads.Length * tiles[n].Count;
}
