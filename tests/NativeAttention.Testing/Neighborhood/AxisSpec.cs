namespace NativeAttention.Testing;

/// <summary>
/// What a pattern means along one axis, from its definition: the keys of one query, listed. Nothing here is
/// taken from the product, which knows intervals and tables.
/// </summary>
public abstract record AxisSpec
{
    /// <summary>Most keys of a query; a relative bias has 2 w - 1 entries.</summary>
    public abstract int Window { get; }

    /// <summary>The keys of a query, and key - query of each in units of the dilation, unrolled on a ring.</summary>
    /// <param name="query">Index of the query on its axis.</param>
    /// <param name="queries">Extent of the queries' map.</param>
    /// <param name="keys">Extent of the keys' map.</param>
    public abstract IEnumerable<(int Key, int Offset)> Keys(int query, int queries, int keys);

    /// <summary>The axis with its window cut to a map.</summary>
    /// <param name="keys">Extent of the keys' map.</param>
    public virtual AxisSpec Clamped(int keys) => this;

    /// <summary>The keys for which a predicate holds.</summary>
    protected static IEnumerable<(int Key, int Offset)> Where(int query, int keys, Func<int, bool> sees) =>
        Enumerable.Range(0, keys).Where(sees).Select(key => (key, key - query));
}

/// <summary>A window with stride, dilation, causality and edge mode.</summary>
/// <param name="Axis">The window.</param>
public sealed record WindowSpec(NeighborhoodAxis Axis) : AxisSpec
{
    /// <inheritdoc/>
    public override int Window => Axis.Window;

    /// <inheritdoc/>
    public override IEnumerable<(int Key, int Offset)> Keys(int query, int queries, int keys)
    {
        // In its class: tokens with equal index modulo the dilation.
        int residue = query % Axis.Dilation;
        int[] tokens = [.. Enumerable.Range(0, keys).Where(x => x % Axis.Dilation == residue)];
        long beside = queries == keys ? query / Axis.Dilation
            : Math.Min(((2L * query) + 1) * keys / (2L * queries), keys - 1);
        int at = (int)beside, w = Axis.Window, s = Axis.Stride;
        int leader = Math.Min(at - (at % s) + (Axis.Causal ? s - 1 : s / 2), tokens.Length - 1);
        int begin = Axis.Causal ? leader - w + 1 : leader - (w / 2), end = Axis.Causal ? at + 1 : begin + w;
        if (Axis is { Causal: false, Edge: EdgeMode.Shift })
        {
            int moved = begin < 0 ? -begin : Math.Min(0, tokens.Length - end);
            (begin, end) = (begin + moved, end + moved);
        }

        for (int k = begin; k < end; k++)
        {
            bool inside = k >= 0 && k < tokens.Length;
            if (inside || Axis.Edge == EdgeMode.Wrap)
            {
                yield return (tokens[(k + tokens.Length) % tokens.Length], k - at);
            }
        }
    }

    /// <inheritdoc/>
    public override AxisSpec Clamped(int keys)
    {
        int window = Math.Min(Axis.Window, keys / Axis.Dilation);
        return new WindowSpec(Axis with { Window = window, Stride = Math.Min(Axis.Stride, window) });
    }
}

/// <summary>Blocks with boundaries at the shift and every block after.</summary>
/// <param name="Block">Extent of a block.</param>
/// <param name="Shift">Where the second block begins, unless it is 0.</param>
public sealed record BlockSpec(int Block, int Shift) : AxisSpec
{
    /// <inheritdoc/>
    public override int Window => Block;

    /// <inheritdoc/>
    public override IEnumerable<(int Key, int Offset)> Keys(int query, int queries, int keys)
    {
        return Where(query, keys, key => BlockOf(key) == BlockOf(query));

        int BlockOf(int token) => (int)Math.Floor((token - Shift) / (double)Block);
    }
}

/// <summary>The block of a query and what lies around it.</summary>
/// <param name="Block">Extent of a block.</param>
/// <param name="Halo">Keys around it.</param>
/// <param name="Edge">What happens at the borders.</param>
public sealed record HaloSpec(int Block, int Halo, EdgeMode Edge) : AxisSpec
{
    /// <inheritdoc/>
    public override int Window => Block + (2 * Halo);

    /// <inheritdoc/>
    public override IEnumerable<(int Key, int Offset)> Keys(int query, int queries, int keys)
    {
        int begin = (query / Block * Block) - Halo;
        begin = Edge == EdgeMode.Shift ? Math.Max(0, Math.Min(begin, keys - Window)) : begin;
        return Enumerable.Range(begin, Window)
            .Where(key => Edge == EdgeMode.Wrap || (key >= 0 && key < keys))
            .Select(key => ((key + keys) % keys, key - query));
    }
}

/// <summary>Whole tiles around the tile of a query, moved inside at the borders.</summary>
/// <param name="Tile">Extent of a tile.</param>
/// <param name="Tiles">Tiles in the window.</param>
public sealed record SlidingTileSpec(int Tile, int Tiles) : AxisSpec
{
    /// <inheritdoc/>
    public override int Window => Tile * Tiles;

    /// <inheritdoc/>
    public override IEnumerable<(int Key, int Offset)> Keys(int query, int queries, int keys)
    {
        int reach = Tiles / 2;
        int centre = Math.Max(reach, Math.Min(query / Tile, (keys / Tile) - 1 - reach));
        return Where(query, keys, key => Math.Abs((key / Tile) - centre) <= reach);
    }
}

/// <summary>Keys at most so far before and after a query.</summary>
/// <param name="Left">Keys before it.</param>
/// <param name="Right">Keys after it.</param>
public sealed record ReachSpec(int Left, int Right) : AxisSpec
{
    /// <inheritdoc/>
    public override int Window => Left + 1 + Right;

    /// <inheritdoc/>
    public override IEnumerable<(int Key, int Offset)> Keys(int query, int queries, int keys) =>
        Where(query, keys, key => query - key <= Left && key - query <= Right);
}
