namespace NativeAttention.Benchmarks.Problems;

/// <summary>
/// A map whose tokens see a window along each axis: the problem, and from the definition what it shows.
/// </summary>
/// <param name="Grid">The map.</param>
/// <param name="Axes">The window along each of its axes: shifted inside at the borders, not causal.</param>
internal record WindowedMap(GridShape Grid, IReadOnlyList<NeighborhoodAxis> Axes)
{
    /// <summary>Dense pairs over pairs: the speed over dense attention that fewer operations allow.</summary>
    public double Bound => Grid.Tokens / Axes.Aggregate(1.0, (keys, axis) => keys * axis.Window);

    /// <summary>The options of the problem.</summary>
    public NeighborhoodOptions Options => new(NeighborhoodPattern.Windows([.. Axes]));

    /// <summary>The shape of the problem.</summary>
    /// <param name="tokens">Dense attention of the same tokens.</param>
    public NeighborhoodShape Shape(AttentionShape tokens) => new(tokens.Batch, Grid, tokens.QueryHeads,
        tokens.KeyValueHeads, tokens.HeadDim, tokens.ValueHeadDim);

    /// <summary>Whether grid and windows are the same.</summary>
    /// <param name="other">Another map.</param>
    public virtual bool Equals(WindowedMap? other) => other is not null && EqualityContract == other.EqualityContract
        && Grid == other.Grid && Axes.SequenceEqual(other.Axes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Grid, Axes[0], Axes.Count);

    /// <summary>The tokens that a token sees, from the definition.</summary>
    public int[] Keys(int query)
    {
        int[] keys = [0];
        int inner = (int)Grid.Tokens;
        for (int axis = 0; axis < Grid.Rank; axis++)
        {
            inner /= Grid[axis];
            int[] along = [.. KeysAlong(query / inner % Grid[axis], Grid[axis], Axes[axis])];
            keys = [.. keys.SelectMany(key => along.Select(k => key + (k * inner)))];
        }

        return keys;
    }

    // A whole window in the class of the query, as near to the middle of its stride group as the borders allow.
    private static IEnumerable<int> KeysAlong(int query, int extent, NeighborhoodAxis axis)
    {
        int residue = query % axis.Dilation, length = (extent - residue + axis.Dilation - 1) / axis.Dilation;
        int at = query / axis.Dilation;
        int middle = Math.Min(at - (at % axis.Stride) + (axis.Stride / 2), length - 1);
        int first = Math.Clamp(middle - (axis.Window / 2), 0, length - axis.Window);
        return Enumerable.Range(first, axis.Window).Select(k => (k * axis.Dilation) + residue);
    }
}
