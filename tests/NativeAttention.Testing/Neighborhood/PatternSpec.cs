namespace NativeAttention.Testing;

/// <summary>
/// A pattern as tests describe it: the product's pattern, and beside it what it means, from its definition.
/// </summary>
public sealed class PatternSpec
{
    private PatternSpec(NeighborhoodPattern pattern, AxisSpec[] axes, double radius = double.PositiveInfinity)
    {
        Pattern = pattern;
        Axes = axes;
        Radius = radius;
    }

    /// <summary>The pattern of the product.</summary>
    public NeighborhoodPattern Pattern { get; }

    /// <summary>What each axis means.</summary>
    public IReadOnlyList<AxisSpec> Axes { get; }

    /// <summary>Keys must be nearer than this.</summary>
    public double Radius { get; }

    /// <summary>Entries of a relative bias of one head.</summary>
    public int BiasEntries => Axes.Aggregate(1, (entries, axis) => entries * ((2 * axis.Window) - 1));

    /// <summary>As <see cref="NeighborhoodPattern.Windows"/>.</summary>
    public static PatternSpec Windows(params NeighborhoodAxis[] axes) =>
        new(NeighborhoodPattern.Windows(axes), [.. axes.Select(axis => new WindowSpec(axis))]);

    /// <summary>As <see cref="NeighborhoodPattern.Blocks"/>.</summary>
    public static PatternSpec Blocks(params int[] block) =>
        new(NeighborhoodPattern.Blocks(block), [.. block.Select(b => new BlockSpec(b, 0))]);

    /// <summary>As <see cref="NeighborhoodPattern.ShiftedBlocks"/>.</summary>
    public static PatternSpec ShiftedBlocks(int[] block, int[] shift) => new(
        NeighborhoodPattern.ShiftedBlocks(block, shift), [.. block.Zip(shift, (b, s) => new BlockSpec(b, s))]);

    /// <summary>As <see cref="NeighborhoodPattern.Halo"/>.</summary>
    public static PatternSpec Halo(int[] block, int[] halo, EdgeMode edge = EdgeMode.Clip) => new(
        NeighborhoodPattern.Halo(block, halo, edge), [.. block.Zip(halo, (b, h) => new HaloSpec(b, h, edge))]);

    /// <summary>As <see cref="NeighborhoodPattern.SlidingTiles"/>.</summary>
    public static PatternSpec SlidingTiles(int[] tile, int[] tiles) => new(
        NeighborhoodPattern.SlidingTiles(tile, tiles), [.. tile.Zip(tiles, (t, n) => new SlidingTileSpec(t, n))]);

    /// <summary>As <see cref="NeighborhoodPattern.Circular"/>.</summary>
    public static PatternSpec Circular(double radius)
    {
        ReachSpec axis = new((int)Math.Ceiling(radius) - 1, (int)Math.Ceiling(radius) - 1);
        return new(NeighborhoodPattern.Circular(radius), [axis, axis], radius);
    }

    /// <summary>As <see cref="NeighborhoodPattern.SlidingWindow"/>.</summary>
    public static PatternSpec SlidingWindow(int left, int right) =>
        new(NeighborhoodPattern.SlidingWindow(left, right), [new ReachSpec(left, right)]);

    /// <summary>The pattern with its windows cut to a map; the product's own stays as it is.</summary>
    public PatternSpec Clamped(GridShape keys) =>
        new(Pattern, [.. Axes.Select((axis, a) => axis.Clamped(keys[a]))], Radius);

    /// <summary>
    /// The keys of a query as numbers of tokens of its map, and the entry of the bias that belongs to each.
    /// </summary>
    /// <param name="query">Number of the query in its map.</param>
    /// <param name="queries">The queries' map.</param>
    /// <param name="keys">The keys' map.</param>
    public IEnumerable<(int Key, int Entry)> Keys(int query, GridShape queries, GridShape keys)
    {
        int[] at = new int[Axes.Count];
        for (int a = at.Length - 1; a >= 0; a--)
        {
            (query, at[a]) = Math.DivRem(query, queries[a]);
        }

        List<(int Key, int Entry, int Squares)> seen = [(0, 0, 0)];
        for (int a = 0; a < at.Length; a++)
        {
            int extent = keys[a], w = Axes[a].Window;
            (int Key, int Offset)[] line = [.. Axes[a].Keys(at[a], queries[a], extent)];
            seen = [.. seen.SelectMany(p => line, (p, k) => ((p.Key * extent) + k.Key,
                (p.Entry * ((2 * w) - 1)) + k.Offset + w - 1, p.Squares + (k.Offset * k.Offset)))];
        }

        return seen.Where(p => p.Squares < Radius * Radius).Select(p => (p.Key, p.Entry));
    }

    /// <inheritdoc/>
    public override string ToString() => Pattern.ToString();
}
