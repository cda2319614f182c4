using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// Chooses the box of queries that makes a kernel compute the fewest scores: all lanes of a box, idle ones too,
/// times all keys that any of its queries sees. Exact, from the interval tables.
/// </summary>
internal sealed class BoxChooser
{
    private readonly NeighborhoodMap map;
    private readonly Dictionary<(AxisIntervals Axis, int Extent), long> sums = [];

    /// <summary>A chooser for a map.</summary>
    public BoxChooser(NeighborhoodMap map) => this.map = map;

    /// <summary>The best box of at most a number of queries, and the scores that it makes computed.</summary>
    /// <param name="queries">Most queries of a box.</param>
    /// <param name="unit">Lanes come in multiples of this.</param>
    public (Extents Box, double Scores) Choose(int queries, int unit)
    {
        Extents map = Extents.Each(axis => this.map.Sections.Max(s => s.Queries[axis]));
        (Extents Box, double Scores) best = (default, double.PositiveInfinity);
        foreach (int x in Candidates(map.X, queries))
        {
            foreach (int y in Candidates(map.Y, queries / x))
            {
                foreach (int z in Candidates(map.Z, queries / x / y))
                {
                    Extents box = new(z, y, x);
                    double scores = (box.Volume + unit - 1) / unit * unit * Keys(box);
                    best = scores < best.Scores ? (box, scores) : best;
                }
            }
        }

        return best;
    }

    // Keys over all boxes: in each section a product over the axes.
    private double Keys(Extents box)
    {
        double keys = 0;
        foreach (MapSection section in map.Sections)
        {
            keys += (double)OfAxis(section.Axes[0], box.Z) * OfAxis(section.Axes[1], box.Y) * OfAxis(section.Axes[2], box.X);
        }

        return keys;
    }

    private long OfAxis(AxisIntervals axis, int extent)
    {
        if (!sums.TryGetValue((axis, extent), out long sum))
        {
            for (int first = 0; first < axis.Queries; first += extent)
            {
                sum += AxisTiles.Of(axis, first, Math.Min(first + extent, axis.Queries) - 1).Count(1);
            }

            sums[(axis, extent)] = sum;
        }

        return sum;
    }

    // Longest first, so that among equals the one with the longest runs wins.
    private static IEnumerable<int> Candidates(int extent, int most)
    {
        for (int n = Math.Min(extent, most); n >= 1; n--)
        {
            if (n <= 8 || n % 4 == 0 || n == extent)
            {
                yield return n;
            }
        }
    }
}
