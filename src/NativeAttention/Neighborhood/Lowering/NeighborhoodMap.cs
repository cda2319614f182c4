namespace NativeAttention.Neighborhood;

/// <summary>A lowered pattern: the sections of all maps, and the query heads that it is for.</summary>
internal sealed class NeighborhoodMap
{
    private NeighborhoodMap(MapSection[] sections, int[] heads, int? mostDistance, Extents windows)
    {
        Sections = sections;
        Heads = heads;
        MostDistance = mostDistance;
        Windows = windows;
    }

    /// <summary>The sections, sample by sample.</summary>
    public MapSection[] Sections { get; }

    /// <summary>The query heads, ascending.</summary>
    public int[] Heads { get; }

    /// <summary>Largest sum of squared distances of a pair, in units of the class; null for any.</summary>
    public int? MostDistance { get; }

    /// <summary>Window of each axis: |key - query| is below it. A relative bias has 2 w - 1 entries.</summary>
    public Extents Windows { get; }

    /// <summary>Pairs of a query and a key that it sees, of one batch index and head.</summary>
    public long Pairs => MostDistance is null ? Sections.Sum(s => s.Pairs) : Sections.Sum(s => PairsWithin(s, MostDistance.Value));

    /// <summary>Lowers a pattern that fits the maps.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="shape">The maps.</param>
    /// <param name="heads">The query heads that it is for.</param>
    public static NeighborhoodMap Create(NeighborhoodPattern pattern, NeighborhoodShape shape, int[] heads)
    {
        List<MapSection> sections = [];
        Dictionary<(int, int, int), AxisIntervals> tables = []; // classes of an axis have one of two lengths
        long firstQuery = 0, firstKey = 0;
        for (int sample = 0; sample < shape.QueryGrids.Count; sample++)
        {
            GridShape queries = shape.QueryGrids[sample], keys = shape.KeyGridOf(queries);
            AddSections(sections, tables, pattern, sample, (queries, firstQuery), (keys, firstKey));
            firstQuery += queries.Tokens;
            firstKey += keys.Tokens;
        }

        return new NeighborhoodMap([.. sections], heads, pattern.MostDistance,
            Extents.Each(axis => Axis(pattern, axis)?.Window ?? 1));
    }

    /// <summary>Dense attention of one sequence: a line of keys with a band.</summary>
    public static NeighborhoodMap Dense(int queries, int keys, KeyBand band, int heads) => new(
        [Section(0, new Extents(1, 1, queries), new Extents(1, 1, keys), [null, null, new BandAxis(band)])],
        [.. Enumerable.Range(0, heads)], null, new Extents(1, 1, 1));

    private static void AddSections(List<MapSection> sections, Dictionary<(int, int, int), AxisIntervals> tables,
        NeighborhoodPattern pattern, int sample, (GridShape Grid, long First) queries,
        (GridShape Grid, long First) keys)
    {
        Extents queryMap = Extents.Of(queries.Grid), keyMap = Extents.Of(keys.Grid);
        Extents dilation = Extents.Each(axis => Axis(pattern, axis)?.Dilation ?? 1);
        for (long n = 0; n < dilation.Volume; n++)
        {
            Extents residue = dilation.Coordinates(n);
            Extents queryClass = Class(queryMap, residue, dilation), keyClass = Class(keyMap, residue, dilation);
            AxisIntervals[] axes = new AxisIntervals[Extents.Axes];
            for (int a = 0; a < axes.Length; a++)
            {
                (int, int, int) table = (a, queryClass[a], keyClass[a]);
                if (!tables.TryGetValue(table, out AxisIntervals? intervals))
                {
                    tables[table] = intervals = Lower(Axis(pattern, a), queryClass[a], keyClass[a]);
                }

                axes[a] = intervals;
            }

            sections.Add(new MapSection(sample, queryClass, keyClass,
                TokenSteps.Of(queries.First, queryMap, residue, dilation),
                TokenSteps.Of(keys.First, keyMap, residue, dilation), axes));
        }
    }

    private static MapSection Section(int sample, Extents queries, Extents keys, AxisPattern?[] axes)
    {
        Extents one = new(1, 1, 1), zero = default;
        return new MapSection(sample, queries, keys, TokenSteps.Of(0, queries, zero, one),
            TokenSteps.Of(0, keys, zero, one), [.. axes.Select((axis, a) => Lower(axis, queries[a], keys[a]))]);
    }

    // Tokens of a class: those with index = residue modulo the dilation. Classes differ by one at most.
    private static Extents Class(Extents map, Extents residue, Extents dilation) =>
        Extents.Each(a => (map[a] - residue[a] + dilation[a] - 1) / dilation[a]);

    // The rule of an axis of maps of three axes; null for the axes in front that the pattern lacks.
    private static AxisPattern? Axis(NeighborhoodPattern pattern, int axis) =>
        axis < Extents.Axes - pattern.Rank ? null : pattern.Axes[axis - (Extents.Axes - pattern.Rank)];

    private static AxisIntervals Lower(AxisPattern? axis, int queries, int keys) =>
        axis?.Lower(queries, keys) ?? AxisIntervals.Create(queries, keys, _ => (0, keys));

    // A limit on the distance has two axes: count row by row.
    private static long PairsWithin(MapSection section, int limit)
    {
        long pairs = 0;
        AxisIntervals y = section.Axes[1], x = section.Axes[2];
        Dictionary<int, long> columns = []; // by how far a row of the circle reaches
        for (int i = 0; i < y.Queries; i++)
        {
            for (int j = y.KeyBegin[i]; j < y.KeyEnd[i]; j++)
            {
                int rest = limit - ((j - i) * (j - i));
                if (rest < 0)
                {
                    continue;
                }

                int reach = (int)Math.Sqrt(rest);
                if (!columns.TryGetValue(reach, out long count))
                {
                    for (int c = 0; c < x.Queries; c++)
                    {
                        count += Math.Max(0, Math.Min(x.KeyEnd[c], c + reach + 1) - Math.Max(x.KeyBegin[c], c - reach));
                    }

                    columns[reach] = count;
                }

                pairs += count;
            }
        }

        return pairs;
    }
}
