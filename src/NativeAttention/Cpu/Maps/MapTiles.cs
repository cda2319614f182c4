using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>The query boxes of a problem, numbered: map by map, head by head, section by section.</summary>
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
        (long rest, long tile) = Math.DivRem(number, tiles[n].Count);
        (long batch, long head) = Math.DivRem(rest, (long)map.Heads.Length);
        (int section, Extents first) = tiles[n].Locate(tile);
        Extents queries = map.Sections[section].Queries, box = boxes[n];
        Extents count = new(Math.Min(box.Z, queries.Z - first.Z), Math.Min(box.Y, queries.Y - first.Y),
            Math.Min(box.X, queries.X - first.X));
        return new QueryBox(map, map.Sections[section], batch, map.Heads[head], first, count);
    }

    private long OfMap(int n) => problem.Batch * problem.Maps[n].Heads.Length * tiles[n].Count;
}
