namespace NativeAttention;

/// <summary>
/// The lengths of one neighborhood attention problem. Tensors are dense and heads-last, with the map's axes
/// between batch and heads: query and output [batch, map of queries, query heads, dim], key and value [batch,
/// map of keys, key/value heads, dim], log-sum-exp [batch, map of queries, query heads].
/// </summary>
/// <remarks>
/// Query heads are split evenly over key/value heads: query head h reads head h / (QueryHeads /
/// KeyValueHeads). The shape is a plain value; it is checked when a problem is made of it.
/// </remarks>
public sealed record NeighborhoodShape
{
    /// <summary>Makes a shape of one map for the whole batch.</summary>
    /// <param name="batch">Number of maps.</param>
    /// <param name="grid">The map.</param>
    /// <param name="queryHeads">Heads of query and output; a multiple of <paramref name="keyValueHeads"/>.</param>
    /// <param name="keyValueHeads">Heads of key and value.</param>
    /// <param name="headDim">Length of one query or key vector.</param>
    /// <param name="valueHeadDim">Length of one value or output vector; null for the head dim.</param>
    public NeighborhoodShape(int batch, GridShape grid, int queryHeads, int keyValueHeads, int headDim,
        int? valueHeadDim = null)
    {
        Batch = batch;
        Grid = grid;
        QueryHeads = queryHeads;
        KeyValueHeads = keyValueHeads;
        HeadDim = headDim;
        ValueHeadDim = valueHeadDim ?? headDim;
    }

    /// <summary>Number of maps; of a ragged batch the number of <see cref="RaggedGrids"/>.</summary>
    public int Batch { get; init; }

    /// <summary>The map of the queries, and of the keys unless <see cref="KeyGrid"/> is set.</summary>
    public GridShape Grid { get; init; }

    /// <summary>
    /// The map of the keys where it is another than that of the queries; null for the same. Query i of extent Lq
    /// then stands beside key min((2i + 1) Lk / (2 Lq), Lk - 1) of extent Lk.
    /// </summary>
    public GridShape? KeyGrid { get; init; }

    /// <summary>
    /// Maps of different sizes in one batch, whose tokens lie one map after the other without padding: query
    /// and output are [tokens, query heads, dim] and so on. Null for equal maps. <see cref="Grid"/> is not used
    /// then, and <see cref="KeyGrid"/> may not be set.
    /// </summary>
    public IReadOnlyList<GridShape>? RaggedGrids { get; init; }

    /// <summary>Heads of query and output.</summary>
    public int QueryHeads { get; init; }

    /// <summary>Heads of key and value.</summary>
    public int KeyValueHeads { get; init; }

    /// <summary>Length of one query or key vector.</summary>
    public int HeadDim { get; init; }

    /// <summary>Length of one value or output vector.</summary>
    public int ValueHeadDim { get; init; }

    /// <summary>
    /// Additional keys and values that every query of a map sees (text, registers): [batch, extra keys,
    /// key/value heads, dim]; 0 for none.
    /// </summary>
    public int ExtraKeys { get; init; }

    /// <summary>A shape of maps of different sizes.</summary>
    /// <param name="grids">The maps, all of one rank.</param>
    /// <param name="queryHeads">Heads of query and output.</param>
    /// <param name="keyValueHeads">Heads of key and value.</param>
    /// <param name="headDim">Length of one query or key vector.</param>
    /// <param name="valueHeadDim">Length of one value or output vector; null for the head dim.</param>
    public static NeighborhoodShape Ragged(IReadOnlyList<GridShape> grids, int queryHeads, int keyValueHeads,
        int headDim, int? valueHeadDim = null)
    {
        ArgumentNullException.ThrowIfNull(grids);
        return new NeighborhoodShape(grids.Count, default, queryHeads, keyValueHeads, headDim, valueHeadDim)
        {
            RaggedGrids = [.. grids],
        };
    }

    /// <summary>All lengths, for messages.</summary>
    public override string ToString() => $"batch {Batch}, map "
        + (RaggedGrids is null ? $"{Grid}" : $"of {RaggedGrids.Count} sizes")
        + (KeyGrid is GridShape keys ? $" on {keys}" : "")
        + $", heads {QueryHeads}/{KeyValueHeads}, head dims {HeadDim}/{ValueHeadDim}"
        + (ExtraKeys == 0 ? "" : $", {ExtraKeys} extra keys");

    /// <summary>The maps of queries: one for the whole batch, or one for each sample of a ragged batch.</summary>
    internal IReadOnlyList<GridShape> QueryGrids => RaggedGrids ?? [Grid];

    /// <summary>The map of keys beside one of queries.</summary>
    internal GridShape KeyGridOf(GridShape queries) => KeyGrid ?? queries;

    /// <summary>Maps that differ only in their batch index: the whole batch, or 1 for a ragged one.</summary>
    internal int UniformBatch => RaggedGrids is null ? Batch : 1;

    /// <summary>Query tokens of one batch index.</summary>
    internal long QueryTokens => QueryGrids.Sum(grid => grid.Tokens);

    /// <summary>Key tokens of one batch index.</summary>
    internal long KeyTokens => QueryGrids.Sum(grid => KeyGridOf(grid).Tokens);
}
