using NativeAttention.Neighborhood;

namespace NativeAttention;

/// <summary>
/// Which keys of a map a query sees: a closed family with static constructors. Every member is a product of
/// intervals along the axes, so one kernel serves them all; <see cref="Circular"/> adds a distance.
/// </summary>
/// <remarks>A pattern that does not fit a map is refused when a problem is made of the two.</remarks>
public sealed record NeighborhoodPattern
{
    private readonly AxisPattern[] axes;

    private NeighborhoodPattern(string name, AxisPattern[] axes, int? mostDistance = null)
    {
        Name = name;
        this.axes = axes;
        MostDistance = mostDistance;
    }

    /// <summary>Number of axes of the maps that it fits.</summary>
    public int Rank => axes.Length;

    /// <summary>A name for messages.</summary>
    public string Name { get; }

    /// <summary>The rules of the axes.</summary>
    internal IReadOnlyList<AxisPattern> Axes => axes;

    /// <summary>Largest sum of squared distances between a query and a key; null for any.</summary>
    internal int? MostDistance { get; }

    /// <summary>
    /// Neighborhood attention (arXiv 2204.07143), dilated (2209.15001), strided (2504.16922), causal: each axis
    /// as it says.
    /// </summary>
    /// <param name="axes">One to three axes; a number stands for a window with nothing else.</param>
    /// <exception cref="ArgumentException">There are no axes or more than three.</exception>
    public static NeighborhoodPattern Windows(params ReadOnlySpan<NeighborhoodAxis> axes) =>
        new($"windows {Join(axes)}", [.. Map(axes, axis => new WindowAxis(axis))]);

    /// <summary>
    /// Blocked attention, Swin's W-MSA (arXiv 2103.14030): a query sees its block. Blocks must divide the map.
    /// </summary>
    /// <param name="block">Extents of a block.</param>
    /// <exception cref="ArgumentException">There are no axes or more than three.</exception>
    public static NeighborhoodPattern Blocks(params ReadOnlySpan<int> block) =>
        new($"blocks {Join(block)}", [.. Map(block, b => new ShiftedBlockAxis(b, 0))]);

    /// <summary>
    /// Shifted blocks, Swin's SW-MSA: blocks end at <paramref name="shift"/> and every block's extent after.
    /// The original rolls the map and adds -100 between regions; here such pairs are hidden.
    /// </summary>
    /// <param name="block">Extents of a block, which must divide the map.</param>
    /// <param name="shift">Shift of each axis, 0 to the block less one; Swin takes half the block.</param>
    /// <exception cref="ArgumentException">
    /// There are no axes or more than three, or not as many shifts as extents.
    /// </exception>
    public static NeighborhoodPattern ShiftedBlocks(ReadOnlySpan<int> block, ReadOnlySpan<int> shift)
    {
        int[] shifts = Same(block, shift, nameof(shift));
        return new($"blocks {Join(block)} shifted {Join(shift)}",
            [.. Map(block, (b, axis) => new ShiftedBlockAxis(b, shifts[axis]))]);
    }

    /// <summary>
    /// Blocked local attention with a halo (HaloNet, arXiv 2103.12731): the queries of a block see the block and
    /// <paramref name="halo"/> keys around it.
    /// </summary>
    /// <param name="block">Extents of a block, which must divide the map.</param>
    /// <param name="halo">Keys on each side.</param>
    /// <param name="edge">What the halo does at the borders: cut, as here by default, or shifted inside.</param>
    /// <exception cref="ArgumentException">
    /// There are no axes or more than three, or not as many halos as extents.
    /// </exception>
    public static NeighborhoodPattern Halo(ReadOnlySpan<int> block, ReadOnlySpan<int> halo,
        EdgeMode edge = EdgeMode.Clip)
    {
        int[] halos = Same(block, halo, nameof(halo));
        return new($"blocks {Join(block)} with halo {Join(halo)}",
            [.. Map(block, (b, axis) => Halo(b, halos[axis], edge))]);
    }

    /// <summary>
    /// Sliding Tile Attention (arXiv 2502.04507): the queries of a tile see a window of whole tiles around it.
    /// </summary>
    /// <param name="tile">Extents of a tile, which must divide the map.</param>
    /// <param name="tiles">Tiles in the window along each axis: odd.</param>
    /// <exception cref="ArgumentException">
    /// There are no axes or more than three, or not as many windows as extents.
    /// </exception>
    public static NeighborhoodPattern SlidingTiles(ReadOnlySpan<int> tile, ReadOnlySpan<int> tiles)
    {
        int[] windows = Same(tile, tiles, nameof(tiles));
        return new($"sliding tiles {Join(tile)}, {Join(tiles)} in a window",
            [.. Map(tile, (t, axis) => SlidingTile(t, windows[axis]))]);
    }

    /// <summary>
    /// Circular windows (CLEAR, arXiv 2412.16112): a query of a picture sees the keys nearer than a radius, dy^2 +
    /// dx^2 &lt; radius^2, cut at the borders.
    /// </summary>
    /// <param name="radius">The radius, above 0 and at most 16384; 1 sees the query's own key alone.</param>
    /// <exception cref="ArgumentOutOfRangeException">The radius is out of range.</exception>
    public static NeighborhoodPattern Circular(double radius)
    {
        if (!(radius > 0 && radius <= 16384))
        {
            throw new ArgumentOutOfRangeException(
                nameof(radius), radius, "A radius must be above 0 and at most 16384.");
        }

        int reach = (int)Math.Ceiling(radius) - 1;
        ReachAxis axis = new(reach, reach);
        return new($"circular {radius}", [axis, axis], (int)Math.Ceiling(radius * radius) - 1);
    }

    /// <summary>
    /// The sliding window of other libraries on a line of tokens: query i sees keys i - left to i + right, cut at
    /// the borders.
    /// </summary>
    /// <param name="left">Keys before the query.</param>
    /// <param name="right">Keys after the query; 0 for a causal window.</param>
    /// <exception cref="ArgumentOutOfRangeException">A width is negative.</exception>
    public static NeighborhoodPattern SlidingWindow(int left, int right)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(left);
        ArgumentOutOfRangeException.ThrowIfNegative(right);
        return new($"sliding window {left},{right}", [new ReachAxis(left, right)]);
    }

    /// <summary>Whether another pattern means the same by construction.</summary>
    /// <param name="other">The other.</param>
    public bool Equals(NeighborhoodPattern? other) =>
        other is not null && MostDistance == other.MostDistance && axes.AsSpan().SequenceEqual(other.axes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(axes.Length, axes[0], axes[^1]);

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    /// <summary>The pattern with its windows cut to what the map holds.</summary>
    internal NeighborhoodPattern Clamped(GridShape keys) =>
        new(Name, [.. axes.Select((axis, a) => axis.Clamped(keys[a]))], MostDistance);

    private static AxisPattern Halo(int block, int halo, EdgeMode edge) => edge == EdgeMode.Clip
        ? new ReachAxis(halo, halo, block)
        : new DividedAxis(new WindowAxis(new NeighborhoodAxis(block + (2 * halo), block, Edge: edge)), block);

    private static DividedAxis SlidingTile(int tile, int tiles) => tiles % 2 == 1
        ? new(new WindowAxis(new NeighborhoodAxis(tile * tiles, tile)), tile)
        : throw new ArgumentException(
            $"There are {tiles} tiles in a window: the number must be odd and above 0.", nameof(tiles));

    private static T[] Map<TIn, T>(ReadOnlySpan<TIn> axes, Func<TIn, T> make) => Map(axes, (axis, _) => make(axis));

    private static T[] Map<TIn, T>(ReadOnlySpan<TIn> axes, Func<TIn, int, T> make)
    {
        if (axes.Length is < 1 or > GridShape.MostAxes)
        {
            throw new ArgumentException(
                $"There are {axes.Length} axes: a map has 1 to {GridShape.MostAxes}.", nameof(axes));
        }

        T[] made = new T[axes.Length];
        for (int a = 0; a < made.Length; a++)
        {
            made[a] = make(axes[a], a);
        }

        return made;
    }

    private static int[] Same(ReadOnlySpan<int> first, ReadOnlySpan<int> second, string argument) =>
        first.Length == second.Length ? second.ToArray() : throw new ArgumentException(
            $"There are {second.Length} values for {first.Length} axes: one for each axis is needed.", argument);

    private static string Join<T>(ReadOnlySpan<T> values) => string.Join(" x ", values.ToArray());
}
