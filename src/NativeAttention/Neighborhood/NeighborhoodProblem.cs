using NativeAttention.Neighborhood;

namespace NativeAttention;

/// <summary>
/// One validated and lowered neighborhood attention problem: what a backend plans from. It can only be made by
/// <see cref="Create"/>, so whoever holds one need not check shapes and patterns again.
/// </summary>
/// <remarks>Immutable, and so safe to share between threads.</remarks>
public sealed class NeighborhoodProblem
{
    private NeighborhoodProblem(NeighborhoodShape shape, NeighborhoodOptions options, MapProblem lowered)
    {
        Shape = shape;
        Options = options;
        Lowered = lowered;
    }

    /// <summary>Element type of query, key, value and output.</summary>
    public ElementType ElementType => Lowered.ElementType;

    /// <summary>The lengths.</summary>
    public NeighborhoodShape Shape { get; }

    /// <summary>The options as given.</summary>
    public NeighborhoodOptions Options { get; }

    /// <summary>The factor on every score: the given scale, or 1/sqrt(head dim).</summary>
    public float Scale => Lowered.Scale;

    /// <summary>Elements of the query.</summary>
    public long QueryLength => Tokens(Lowered.QueryTokens) * Shape.QueryHeads * Shape.HeadDim;

    /// <summary>Elements of the key.</summary>
    public long KeyLength => Tokens(Lowered.KeyTokens) * Shape.KeyValueHeads * Shape.HeadDim;

    /// <summary>Elements of the value.</summary>
    public long ValueLength => Tokens(Lowered.KeyTokens) * Shape.KeyValueHeads * Shape.ValueHeadDim;

    /// <summary>Elements of the output.</summary>
    public long OutputLength => Tokens(Lowered.QueryTokens) * Shape.QueryHeads * Shape.ValueHeadDim;

    /// <summary>Elements of the log-sum-exp.</summary>
    public long LseLength => Tokens(Lowered.QueryTokens) * Shape.QueryHeads;

    /// <summary>Elements of the extra keys.</summary>
    public long ExtraKeyLength => (long)Shape.Batch * Shape.ExtraKeys * Shape.KeyValueHeads * Shape.HeadDim;

    /// <summary>Elements of the extra values.</summary>
    public long ExtraValueLength => (long)Shape.Batch * Shape.ExtraKeys * Shape.KeyValueHeads * Shape.ValueHeadDim;

    /// <summary>Elements of the relative position bias; 0 when there is none.</summary>
    public long RelativeBiasLength => Lowered.BiasEntries * Shape.QueryHeads;

    /// <summary>
    /// Extents of the relative position bias of one head, 2 * window - 1 for each axis of the map; all 1 when there is
    /// none.
    /// </summary>
    public IReadOnlyList<int> BiasExtents
    {
        get
        {
            int rank = Shape.QueryGrids[0].Rank;
            Extents windows = Lowered.HasBias ? Lowered.Maps[0].Windows : new Extents(1, 1, 1);
            return [.. Enumerable.Range(Extents.Axes - rank, rank).Select(axis => (2 * windows[axis]) - 1)];
        }
    }

    /// <summary>Pairs of a query and a key that it sees, extra keys included, over batch and heads.</summary>
    public double Pairs => Lowered.Pairs;

    /// <summary>The problem as kernels see it.</summary>
    internal MapProblem Lowered { get; }

    /// <summary>Checks everything that can be checked without tensors, and lowers the patterns.</summary>
    /// <param name="elementType">Element type of query, key, value and output.</param>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">Pattern, scale and the rest.</param>
    /// <exception cref="ArgumentNullException">An argument or a member that is needed is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The element type is none; batch, extra keys, heads, a head dim or an extent is too small.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// Query heads are no multiple of key/value heads; a pattern has another rank than a map, or breaks a rule of
    /// the map (the message names axis, value and rule); there are not as many patterns as heads; the scale is not
    /// finite; a bias where windows differ; a tensor would have more than 2^63 bytes.
    /// </exception>
    public static NeighborhoodProblem Create(ElementType elementType, NeighborhoodShape shape,
        NeighborhoodOptions options)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(options);
        NeighborhoodRules.Check(elementType, shape, options);
        return new NeighborhoodProblem(shape, options, Lower(elementType, shape, options));
    }

    private long Tokens(long ofOneIndex) => Lowered.Batch * ofOneIndex;

    private static MapProblem Lower(ElementType elementType, NeighborhoodShape shape, NeighborhoodOptions options)
    {
        long queries = shape.QueryTokens, keys = shape.KeyTokens;
        return new MapProblem
        {
            ElementType = elementType,
            Batch = shape.UniformBatch,
            Samples = shape.Batch,
            QueryTokens = queries,
            KeyTokens = keys,
            QueryHeads = shape.QueryHeads,
            KeyValueHeads = shape.KeyValueHeads,
            HeadDim = shape.HeadDim,
            ValueHeadDim = shape.ValueHeadDim,
            ExtraKeys = shape.ExtraKeys,
            Scale = options.Scale ?? (float)(1.0 / Math.Sqrt(shape.HeadDim)),
            HasBias = options.RelativeBias,
            Strides = new LayoutStrides(Rows(queries, shape.QueryHeads, shape.HeadDim),
                Rows(keys, shape.KeyValueHeads, shape.HeadDim), Rows(keys, shape.KeyValueHeads, shape.ValueHeadDim),
                Rows(queries, shape.QueryHeads, shape.ValueHeadDim)),
            LseStrides = Rows(queries, shape.QueryHeads, 1),
            Maps = [.. NeighborhoodRules.PatternsOfHeads(shape, options).Select((pattern, head) => (pattern, head))
                .GroupBy(each => each.pattern, each => each.head)
                .Select(heads => NeighborhoodMap.Create(heads.Key, shape, [.. heads]))],
            Tuning = options.Tuning,
        };
    }

    private static TensorStrides Rows(long tokens, int heads, int dim) =>
        new(checked(tokens * heads * dim), (long)heads * dim, dim);
}
