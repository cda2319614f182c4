using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>How a stencil goes over a map: the boxes of queries, the slots of scores, and what it costs.</summary>
/// <param name="Box">Rows of queries along the first two axes; one vector along the last.</param>
/// <param name="Slots">Slots of scores; offsets are the most of any box.</param>
/// <param name="Chunk">Most planes, rows and keys that are visited together.</param>
/// <param name="Cost">
/// Multiply-adds of one head and batch index, and what the moves of elements cost in such units.
/// </param>
internal sealed record StencilGeometry(Extents Box, KeySlots Slots, Extents Chunk, double Cost)
{
    private const int MostRows = 16;

    /// <summary>Most floats of scores: they should stay in the second-level cache.</summary>
    private const int ScoreFloats = 1 << 15;

    // Estimates, not measured: an element of a key that is transposed, or of a value that is copied, in multiply-adds.
    private const double KeyMove = 12, ValueMove = 3;

    /// <summary>The best way to go over a map.</summary>
    /// <param name="map">The map.</param>
    /// <param name="lanes">Lanes of a vector.</param>
    /// <param name="headDim">Length of a key.</param>
    /// <param name="valueHeadDim">Length of a value.</param>
    public static StencilGeometry Of(NeighborhoodMap map, int lanes, int headDim, int valueHeadDim)
    {
        StencilGeometry? best = null;
        Extents queries = Extents.Each(axis => map.Sections.Max(s => s.Queries[axis]));
        for (int z = 1; z <= Math.Min(MostRows, queries.Z); z++)
        {
            for (int y = 1; y <= Math.Min(MostRows / z, queries.Y); y++)
            {
                StencilGeometry one = Of(map, new Extents(z, y, lanes), headDim, valueHeadDim);
                best = best is null || one.Cost < best.Cost ? one : best;
            }
        }

        return best!;
    }

    private static StencilGeometry Of(NeighborhoodMap map, Extents box, int headDim, int valueHeadDim)
    {
        Extents windows = default, union = default;
        int offsets = 1;
        double cost = 0;
        foreach (MapSection section in map.Sections)
        {
            (Span z, Span y, Span x) = (Span.Of(section.Axes[0], box.Z), Span.Of(section.Axes[1], box.Y),
                Span.Of(section.Axes[2], box.X));
            windows = new Extents(Math.Max(windows.Z, z.Window), Math.Max(windows.Y, y.Window), 1);
            union = new Extents(Math.Max(union.Z, z.Union), Math.Max(union.Y, y.Union), Math.Max(union.X, x.Union));
            offsets = Math.Max(offsets, x.Offsets);
            double rows = (double)section.Axes[0].Pairs * section.Axes[1].Pairs;
            double moved = (double)z.Unions * y.Unions * x.Unions;

            // One row alone loads a vector of keys, which lies across cache lines, for each product.
            double scores = rows * x.AllOffsets * box.X * headDim * (box.Z * box.Y == 1 ? 2 : 1);
            cost += scores + (rows * section.Axes[2].Pairs * valueHeadDim)
                + (moved * ((headDim * KeyMove) + (valueHeadDim * ValueMove)));
        }

        int most = Math.Max(1, ScoreFloats / (offsets * (int)box.Volume));
        int slotRows = Math.Min(windows.Y, most);
        int slotPlanes = slotRows == windows.Y ? Math.Clamp(most / Math.Max(1, slotRows), 1, windows.Z) : 1;
        Extents chunk = new(slotPlanes == windows.Z ? union.Z : slotPlanes,
            slotRows == windows.Y ? union.Y : slotRows, union.X);

        // Rows of queries that do not fit with all their keys are rescaled again and again, which costs about a key.
        double rescales = ((double)windows.Z * windows.Y / (slotPlanes * slotRows)) - 1;
        cost += rescales * map.Sections.Sum(s => (double)s.Queries.Volume) * valueHeadDim * 2;
        return new StencilGeometry(box, new KeySlots(slotPlanes, slotRows, offsets), chunk, cost);
    }

    // What the boxes of an extent ask of an axis: the longest interval of a query; the keys of a box, most and in all;
    // and the offsets of keys from the queries beside them, most and in all.
    private readonly record struct Span(int Window, int Union, long Unions, int Offsets, long AllOffsets)
    {
        public static Span Of(AxisIntervals axis, int extent)
        {
            int window = 1, union = 0, most = 0;
            long unions = 0, all = 0;
            for (int first = 0; first < axis.Queries; first += extent)
            {
                int end = Math.Min(first + extent, axis.Queries);
                OffsetRange offsets = OffsetRange.Of(axis, first, end - first);
                int keys = Math.Max(0, axis.KeyEnd[end - 1] - axis.KeyBegin[first]);
                (union, most) = (Math.Max(union, keys), Math.Max(most, offsets.Count));
                (unions, all) = (unions + keys, all + offsets.Count);
                for (int i = first; i < end; i++)
                {
                    window = Math.Max(window, axis.KeyEnd[i] - axis.KeyBegin[i]);
                }
            }

            return new Span(window, union, unions, most, all);
        }
    }
}
