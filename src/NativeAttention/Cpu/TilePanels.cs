namespace NativeAttention.Cpu;

/// <summary>
/// Where the panels of one thread lie in its scratch memory, in floats: first, for every query tile of a task,
/// its own; then those that they share. Every panel begins a cache line.
/// </summary>
internal sealed class TilePanels : ScratchLayout
{
    /// <summary>Lays out the panels.</summary>
    /// <param name="lanes">Queries of a tile, padded to a whole number of vectors.</param>
    /// <param name="keys">Keys of a tile.</param>
    /// <param name="headDim">Length of a query or key vector.</param>
    /// <param name="valueHeadDim">Length of a value vector.</param>
    /// <param name="spareRows">Rows that a product may overwrite after its result.</param>
    /// <param name="queryTiles">Query tiles of a task.</param>
    /// <param name="widen">Whether keys and values must be widened to float.</param>
    public TilePanels(int lanes, int keys, int headDim, int valueHeadDim, int spareRows, int queryTiles,
        bool widen)
    {
        Lanes = lanes;
        HeadDim = headDim;
        ValueHeadDim = valueHeadDim;
        Query = Take((long)headDim * lanes);
        Output = Take((long)(valueHeadDim + spareRows) * lanes);
        Maxima = Take(lanes);
        Sums = Take(lanes);
        OwnFloats = Total;
        Take((long)OwnFloats * (queryTiles - 1));
        Scores = Take((long)(keys + spareRows) * lanes);
        Rescale = Take(lanes);
        Rows = Take((long)Transposition.Rows * Math.Max(headDim, valueHeadDim));
        Keys = Take(widen ? (long)keys * headDim : 0);
        Values = Take(widen ? (long)keys * valueHeadDim : 0);
    }

    /// <summary>Lanes of every panel.</summary>
    public int Lanes { get; }

    /// <summary>Length of a query or key vector.</summary>
    public int HeadDim { get; }

    /// <summary>Length of a value vector.</summary>
    public int ValueHeadDim { get; }

    /// <summary>Floats from the panels of a query tile to those of the next.</summary>
    public int OwnFloats { get; }

    /// <summary>Of a query tile: Q^T, [head dim][lane].</summary>
    public int Query { get; }

    /// <summary>Of a query tile: O^T, [value dim][lane], not yet divided by the sums.</summary>
    public int Output { get; }

    /// <summary>Of a query tile: m of every lane.</summary>
    public int Maxima { get; }

    /// <summary>Of a query tile: l of every lane.</summary>
    public int Sums { get; }

    /// <summary>S^T and then P^T, [key][lane].</summary>
    public int Scores { get; }

    /// <summary>Factor on the old accumulators, of every lane.</summary>
    public int Rescale { get; }

    /// <summary>Some query or output vectors, for conversion.</summary>
    public int Rows { get; }

    /// <summary>A tile of keys as floats.</summary>
    public int Keys { get; }

    /// <summary>A tile of values as floats.</summary>
    public int Values { get; }
}
