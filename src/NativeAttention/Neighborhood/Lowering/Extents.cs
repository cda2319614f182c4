namespace NativeAttention.Neighborhood;

/// <summary>
/// Three numbers, one for each axis of a map, the slowest first: maps of fewer axes have 1 in front, so that
/// kernels know maps of three axes only.
/// </summary>
internal readonly record struct Extents(int Z, int Y, int X)
{
    /// <summary>Number of axes.</summary>
    public const int Axes = 3;

    /// <summary>The product of the three.</summary>
    public long Volume => (long)Z * Y * X;

    /// <summary>The number of an axis: 0 is the slowest.</summary>
    public int this[int axis] => axis == 0 ? Z : axis == 1 ? Y : X;

    /// <summary>The three numbers that a function gives for the axes.</summary>
    public static Extents Each(Func<int, int> of) => new(of(0), of(1), of(2));

    /// <summary>The extents of a map.</summary>
    public static Extents Of(GridShape grid) =>
        Each(axis => axis < Axes - grid.Rank ? 1 : grid[axis - (Axes - grid.Rank)]);

    /// <summary>The coordinates of a number that counts through the extents, the last axis fastest.</summary>
    public Extents Coordinates(long index)
    {
        (long rest, long x) = Math.DivRem(index, (long)X);
        (long z, long y) = Math.DivRem(rest, (long)Y);
        return new Extents((int)z, (int)y, (int)x);
    }

    /// <summary>The extents with <c>x</c> between them.</summary>
    public override string ToString() => $"{Z}x{Y}x{X}";
}
