namespace NativeAttention.Testing;

/// <summary>One test case of neighborhood attention, forward and backward.</summary>
/// <param name="elementType">Element type.</param>
/// <param name="shape">Lengths.</param>
/// <param name="pattern">The pattern of all heads.</param>
/// <param name="seed">Seed of the inputs.</param>
public sealed class NeighborhoodCase(ElementType elementType, NeighborhoodShape shape, PatternSpec pattern,
    int seed = 1) : PairCase(elementType, seed)
{
    /// <summary>Lengths.</summary>
    public NeighborhoodShape Shape => shape;

    /// <summary>The pattern of all heads.</summary>
    public PatternSpec Pattern => pattern;

    /// <summary>A pattern for each query head instead.</summary>
    public IReadOnlyList<PatternSpec>? HeadPatterns { get; init; }

    /// <summary>Factor on the scores.</summary>
    public float? Scale { get; init; }

    /// <summary>Whether there is a relative bias.</summary>
    public bool RelativeBias { get; init; }

    /// <summary>Whether windows are cut to the map.</summary>
    public bool ClampWindow { get; init; }

    /// <summary>Hints, for example a rung.</summary>
    public TuningHints Tuning { get; init; } = TuningHints.None;

    /// <summary>The problem.</summary>
    public NeighborhoodProblem Problem => NeighborhoodProblem.Create(ElementType, shape,
        new NeighborhoodOptions(pattern.Pattern)
        {
            HeadPatterns = HeadPatterns?.Select(p => p.Pattern).ToArray(),
            Scale = Scale,
            RelativeBias = RelativeBias,
            ClampWindow = ClampWindow,
            Tuning = Tuning,
        });

    /// <inheritdoc/>
    public override PairViews Views
    {
        get
        {
            NeighborhoodPairs pairs = Pairs;
            int extra = shape.Batch * shape.ExtraKeys;
            return new PairViews(Heads(shape.QueryHeads, pairs.QueryTokens, shape.HeadDim),
                Heads(shape.KeyValueHeads, pairs.KeyTokens, shape.HeadDim),
                Heads(shape.KeyValueHeads, pairs.KeyTokens, shape.ValueHeadDim),
                Heads(shape.QueryHeads, pairs.QueryTokens, shape.ValueHeadDim),
                Heads(shape.QueryHeads, pairs.QueryTokens, 1),
                extra == 0 ? default : Heads(shape.KeyValueHeads, extra, shape.HeadDim),
                extra == 0 ? default : Heads(shape.KeyValueHeads, extra, shape.ValueHeadDim),
                RelativeBias ? new(1, shape.QueryHeads, BiasEntries, 1, new(0, 1, BiasEntries)) : default);
        }
    }

    /// <summary>The pairs of the case, from the definition.</summary>
    public NeighborhoodPairs Pairs => new(shape, HeadSpecs, RelativeBias);

    private PatternSpec[] HeadSpecs =>
        [.. (HeadPatterns ?? Enumerable.Repeat(pattern, shape.QueryHeads)).Select(Clamped)];

    private int BiasEntries => HeadSpecs[0].BiasEntries;

    /// <inheritdoc/>
    public override string ToString() => $"{ElementType} {shape}"
        + (shape.RaggedGrids is { } grids ? $" ({string.Join(", ", grids)})" : "")
        + $", {(HeadPatterns is null ? $"{pattern}" : string.Join(" | ", HeadPatterns))}"
        + (Scale is float s ? $", scale {s:R}" : "") + (RelativeBias ? ", bias" : "") + (ClampWindow ? ", clamped" : "")
        + (LseGradient ? ", LSE gradient" : "") + (QueryFactor == 1 ? "" : $", queries times {QueryFactor}")
        + (GradientFactor == 1 ? "" : $", dO times {GradientFactor}") + (Tuning.Rung is string r ? $", {r}" : "")
        + $", seed {Seed}";

    private protected override PairInputs MakeInputs()
    {
        NeighborhoodPairs pairs = Pairs;
        float scale = Scale ?? (float)(1 / Math.Sqrt(shape.HeadDim));
        return new PairInputs(pairs, shape.HeadDim, shape.ValueHeadDim, scale,
            Random(ElementType, pairs.QueryRows * shape.HeadDim, 1, QueryFactor),
            Random(ElementType, pairs.KeyRows * shape.HeadDim, 2),
            Random(ElementType, pairs.KeyRows * shape.ValueHeadDim, 3),
            RelativeBias ? Random(ElementType.Float32, shape.QueryHeads * BiasEntries, 4) : []);
    }

    private protected override bool TryForward<T>(AttentionBackend backend, PairBuffers<T> buffers, bool withLse)
    {
        if (!backend.CanRun(Problem, out _))
        {
            return false;
        }

        using HostNeighborhoodPlan<T> plan = backend.PlanNeighborhood<T>(Problem);
        plan.Run(buffers.Inputs, buffers.Output, withLse ? buffers.Lse : default(Span<float>));
        return true;
    }

    private protected override HostBackwardPlan<T> PlanBackward<T>(AttentionBackend backend) =>
        backend.PlanBackward<T>(Problem);

    private PatternSpec Clamped(PatternSpec spec) => !ClampWindow ? spec
        : (shape.RaggedGrids ?? [shape.KeyGrid ?? shape.Grid]).Aggregate(spec, (p, grid) => p.Clamped(grid));

    // Heads-last: [tokens, heads, dim].
    private static TensorView Heads(int heads, int tokens, int dim) =>
        new(1, heads, tokens, dim, new TensorStrides(0, (long)heads * dim, dim));
}
