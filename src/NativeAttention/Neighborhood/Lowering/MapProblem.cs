namespace NativeAttention.Neighborhood;

/// <summary>
/// A validated problem as kernels of maps see it, whether it began as neighborhood or as dense attention: lengths,
/// strides, and one map for each set of heads that share a pattern.
/// </summary>
/// <remarks>
/// The strides of a token's axis are those of the sequence in <see cref="TensorStrides"/>: a token of number n of
/// a section lies n sequence strides behind the first.
/// </remarks>
internal sealed record MapProblem
{
    public required ElementType ElementType { get; init; }

    /// <summary>Batch indices, each with all sections.</summary>
    public required int Batch { get; init; }

    /// <summary>Query tokens of one batch index.</summary>
    public required long QueryTokens { get; init; }

    /// <summary>Key tokens of one batch index.</summary>
    public required long KeyTokens { get; init; }

    public required int QueryHeads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadDim { get; init; }

    public required int ValueHeadDim { get; init; }

    /// <summary>Additional keys of every sample.</summary>
    public int ExtraKeys { get; init; }

    /// <summary>Samples of all batch indices: extra keys are [samples, extra keys, key/value heads, dim].</summary>
    public required int Samples { get; init; }

    /// <summary>Samples of one batch index: several where the batch is ragged, otherwise 1.</summary>
    public int SamplesOfIndex => Batch == 0 ? 1 : Samples / Batch;

    public required float Scale { get; init; }

    /// <summary>Whether there is a bias [query heads, <see cref="BiasEntries"/>].</summary>
    public bool HasBias { get; init; }

    public required LayoutStrides Strides { get; init; }

    /// <summary>Strides of the log-sum-exp, Sequence being that of a token.</summary>
    public required TensorStrides LseStrides { get; init; }

    /// <summary>One map for each set of heads of equal pattern; every head is in one.</summary>
    public required IReadOnlyList<NeighborhoodMap> Maps { get; init; }

    public TuningHints Tuning { get; init; } = TuningHints.None;

    /// <summary>Query heads of one key/value head.</summary>
    public int Group => QueryHeads / KeyValueHeads;

    /// <summary>Entries of the bias of one head: the product of 2 w - 1 over the axes.</summary>
    public long BiasEntries => HasBias
        ? ((2L * Maps[0].Windows.Z) - 1) * ((2L * Maps[0].Windows.Y) - 1) * ((2L * Maps[0].Windows.X) - 1)
        : 0;

    /// <summary>Pairs of a query and a key over batch and heads, extra keys included.</summary>
    public double Pairs => (double)Batch * Maps.Sum(map => (double)map.Pairs * map.Heads.Length)
        + ((double)Batch * QueryHeads * QueryTokens * ExtraKeys);

    /// <summary>Where a query token's log-sum-exp lies.</summary>
    public long LseOffset(long batch, long token, long head) =>
        (batch * LseStrides.Batch) + (token * LseStrides.Sequence) + (head * LseStrides.Head);

    /// <summary>Dense attention without modifiers, as a map of one line.</summary>
    /// <param name="problem">A plain problem.</param>
    public static MapProblem Of(AttentionProblem problem)
    {
        AttentionShape s = problem.Shape;
        return new MapProblem
        {
            ElementType = problem.ElementType,
            Batch = s.Batch,
            Samples = s.Batch,
            QueryTokens = s.QueryLength,
            KeyTokens = s.KeyLength,
            QueryHeads = s.QueryHeads,
            KeyValueHeads = s.KeyValueHeads,
            HeadDim = s.HeadDim,
            ValueHeadDim = s.ValueHeadDim,
            Scale = problem.Scale,
            Strides = problem.Strides,
            LseStrides = new TensorStrides((long)s.QueryHeads * s.QueryLength, 1, s.QueryLength),
            Maps = [NeighborhoodMap.Dense(s.QueryLength, s.KeyLength, problem.Band, s.QueryHeads)],
            Tuning = problem.Options.Tuning,
        };
    }
}
