namespace NativeAttention.Tool.Verification;

/// <summary>
/// A map of tokens and the windows of its axes, from the definition: a pair is seen when every axis sees it. For
/// verification, so it shares nothing with the library's tables of intervals.
/// </summary>
/// <param name="Grid">Extents of the map.</param>
/// <param name="Axes">A window for each axis, with shifted borders.</param>
internal sealed record MapPattern(GridShape Grid, params NeighborhoodAxis[] Axes) : IScoreModifiers
{
    /// <summary>The shape of the library for lengths of a sequence of the map's tokens.</summary>
    public NeighborhoodShape ToShape(AttentionShape s) =>
        new(s.Batch, Grid, s.QueryHeads, s.KeyValueHeads, s.HeadDim, s.ValueHeadDim);

    /// <summary>The options of the library, asking for a rung.</summary>
    public NeighborhoodOptions ToOptions(VerificationCase problem, string rung) =>
        new(NeighborhoodPattern.Windows(Axes)) { Scale = problem.Scale, Tuning = new TuningHints { Rung = rung } };

    /// <inheritdoc/>
    public bool Sees(int row, int j)
    {
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
    public double Score(int row, int j, double scaled) => scaled;

    /// <inheritdoc/>
    public double Sink(int row) => double.NegativeInfinity;

    /// <inheritdoc/>
    public double Gate(int row) => 1;

    /// <summary>The map and its windows.</summary>
    public override string ToString() => $"map {Grid} windows {string.Join(" x ", Axes)}";

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
