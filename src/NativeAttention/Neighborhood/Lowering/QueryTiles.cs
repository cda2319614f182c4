namespace NativeAttention.Neighborhood;

/// <summary>The query tiles of all sections of a map, numbered one after the other.</summary>
internal sealed class QueryTiles
{
    private readonly long[] ends; // of each section
    private readonly Extents[] counts;
    private readonly Extents tile;

    /// <summary>Numbers the tiles.</summary>
    /// <param name="sections">The sections.</param>
    /// <param name="tile">Extents of a query tile.</param>
    public QueryTiles(MapSection[] sections, Extents tile)
    {
        this.tile = tile;
        Sections = sections;
        ends = new long[sections.Length];
        counts = new Extents[sections.Length];
        for (int s = 0; s < sections.Length; s++)
        {
            Extents queries = sections[s].Queries;
            counts[s] = Extents.Each(a => (queries[a] + tile[a] - 1) / tile[a]);
            ends[s] = (s == 0 ? 0 : ends[s - 1]) + counts[s].Volume;
        }
    }

    /// <summary>The sections.</summary>
    public MapSection[] Sections { get; }

    /// <summary>Number of tiles.</summary>
    public long Count => ends.Length == 0 ? 0 : ends[^1];

    /// <summary>First tile of a section.</summary>
    public long FirstOf(int section) => section == 0 ? 0 : ends[section - 1];

    /// <summary>Tiles of a section along its axes.</summary>
    public Extents CountsOf(int section) => counts[section];

    /// <summary>The section of a tile, and the first query of the tile along each axis.</summary>
    public (int Section, Extents First) Locate(long number)
    {
        int section = Array.BinarySearch(ends, number + 1);
        section = section < 0 ? ~section : section;
        while (section > 0 && ends[section - 1] == ends[section])
        {
            section--; // an empty section ends where the one before it does
        }

        Extents at = counts[section].Coordinates(number - FirstOf(section));
        return (section, new Extents(at.Z * tile.Z, at.Y * tile.Y, at.X * tile.X));
    }
}
