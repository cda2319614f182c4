namespace NativeAttention.Tool.Verification;

/// <summary>
/// A map of tokens and the windows of its axes, from the definition: a pair is seen when every axis sees it. For
/// verification, so it shares nothing with the library's tables of intervals. Extra keys follow those of the map.
/// </summary>
/// <param name="Grid">Extents of the map.</param>
/// <param name="Axes">A window for each axis, with shifted borders.</param>
internal sealed record MapPattern(GridShape Grid, params NeighborhoodAxis[] Axes) : IScoreModifiers
{
    /// <summary>Keys beside the map that every query sees.</summary>
    public int ExtraKeys { get; init; }

    /// <summary>Whether scores have a relative position bias.</summary>
    public bool HasBias { get; init; }

    /// <summary>Its values, [query heads, entries]; none before they are drawn.</summary>
    public float[] Bias { get; private init; } = [];

    private int BiasEntries => Axes.Aggregate(1, (entries, axis) => entries * ((2 * axis.Window) - 1));

    /// <summary>The same with random values of the bias, if it has one.</summary>
    public MapPattern Draw(int queryHeads, int seed)
    {
        Random random = new(seed);
        return !HasBias ? this : this with
        {
            Bias = [.. Enumerable.Range(0, queryHeads * BiasEntries).Select(_ => (random.NextSingle() * 4) - 2)],
        };
    }

    /// <summary>The shape of the library for lengths of a sequence of the map's tokens.</summary>
    public NeighborhoodShape ToShape(AttentionShape s) =>
        new(s.Batch, Grid, s.QueryHeads, s.KeyValueHeads, s.HeadDim, s.ValueHeadDim) { ExtraKeys = ExtraKeys };

    /// <summary>The options of the library, asking for a rung.</summary>
    public NeighborhoodOptions ToOptions(VerificationCase problem, string rung) =>
        new(NeighborhoodPattern.Windows(Axes))
        {
            Scale = problem.Scale,
            RelativeBias = HasBias,
            Tuning = new TuningHints { Rung = rung },
        };

    /// <summary>The entry of the bias on a pair that is seen; -1 where there is none.</summary>
    public int BiasEntry(int row, int j)
    {
        if (!HasBias || j >= Grid.Tokens)
        {
            return -1;
        }

        (int head, int query) = Math.DivRem(row, (int)Grid.Tokens); // head counts through the batch
        int key = j, entry = 0, entries = 1;
        for (int axis = Grid.Rank - 1; axis >= 0; axis--)
        {
            (query, int q) = Math.DivRem(query, Grid[axis]);
            (key, int k) = Math.DivRem(key, Grid[axis]);
            entry += entries * (((k - q) / Axes[axis].Dilation) + Axes[axis].Window - 1);
            entries *= (2 * Axes[axis].Window) - 1;
        }

        return (head % (Bias.Length / entries) * entries) + entry;
    }

    /// <inheritdoc/>
    public bool Sees(int row, int j)
    {
        if (j >= Grid.Tokens)
        {
            return true;
        }

        int query = row % (int)Grid.Tokens, key = j;
        for (int axis = Grid.Rank - 1; axis >= 0; axis--)
        {
            (query, int q) = Math.DivRem(query, Grid[axis]);
            (key, int k) = Math.DivRem(key, Grid[axis]);
            if (!Sees(Axes[axis], q, k, Grid[axis]))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public double Score(int row, int j, double scaled) => scaled + (BiasEntry(row, j) is >= 0 and var entry ? Bias[entry] : 0);

    /// <inheritdoc/>
    public double Sink(int row) => double.NegativeInfinity;

    /// <inheritdoc/>
    public double Gate(int row) => 1;

    /// <summary>The map and its windows.</summary>
    public override string ToString() => $"map {Grid} windows {string.Join(" x ", Axes)}"
        + (ExtraKeys == 0 ? "" : $" {ExtraKeys} extra keys") + (HasBias ? " bias" : "");

    // Query and key must be of one class; then the window of the query's group, within the class, holds the key.
    private static bool Sees(NeighborhoodAxis a, int query, int key, int extent)
    {
        int residue = query % a.Dilation;
        if (key % a.Dilation != residue)
        {
            return false;
        }

        int length = (extent - residue + a.Dilation - 1) / a.Dilation;
        int i = query / a.Dilation, j = key / a.Dilation, group = i / a.Stride * a.Stride;
        int leader = Math.Min(group + (a.Causal ? a.Stride - 1 : a.Stride / 2), length - 1);
        int begin = a.Causal
            ? leader - a.Window + 1
            : Math.Clamp(leader - (a.Window / 2), 0, length - a.Window);
        return j >= begin && j < (a.Causal ? i + 1 : begin + a.Window);
    }
}
