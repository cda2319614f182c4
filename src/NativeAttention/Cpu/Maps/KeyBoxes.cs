using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// The keys that any query of a box sees, cut into boxes of at most a number of keys and of nearly equal size.
/// They begin where the keys begin: nothing is aligned.
/// </summary>
internal struct KeyBoxes
{
    private readonly Extents first;
    private readonly Extents all;
    private readonly Extents step;
    private Extents at;
    private bool more;

    /// <summary>Cuts the keys of a box.</summary>
    /// <param name="box">The queries.</param>
    /// <param name="most">Most keys of a key box.</param>
    public KeyBoxes(in QueryBox box, int most)
    {
        (AxisTiles z, AxisTiles y, AxisTiles x) = (box.Keys(0), box.Keys(1), box.Keys(2));
        first = new Extents(z.KeyBegin, y.KeyBegin, x.KeyBegin);
        all = new Extents(z.Count(1), y.Count(1), x.Count(1));
        int stepX = Part(all.X, most), stepY = Part(all.Y, most / stepX);
        step = new Extents(Part(all.Z, most / stepX / stepY), stepY, stepX);
        more = all.Volume > 0;
    }

    /// <summary>First keys of the box along the axes.</summary>
    public Extents First { get; private set; }

    /// <summary>Extents of the box.</summary>
    public Extents Count { get; private set; }

    /// <summary>Goes to the next box.</summary>
    /// <returns>Whether there is one.</returns>
    public bool MoveNext()
    {
        if (!more)
        {
            return false;
        }

        First = new Extents(first.Z + at.Z, first.Y + at.Y, first.X + at.X);
        Count = new Extents(Math.Min(step.Z, all.Z - at.Z), Math.Min(step.Y, all.Y - at.Y),
            Math.Min(step.X, all.X - at.X));
        at = at with { X = at.X + step.X };
        at = at.X < all.X ? at : new Extents(at.Z, at.Y + step.Y, 0);
        at = at.Y < all.Y ? at : new Extents(at.Z + step.Z, 0, 0);
        more = at.Z < all.Z;
        return true;
    }

    // The least step that cuts a length into as few parts as the most allows.
    private static int Part(int length, int most)
    {
        int parts = (Math.Max(length, 1) + Math.Max(most, 1) - 1) / Math.Max(most, 1);
        return (Math.Max(length, 1) + parts - 1) / parts;
    }
}
