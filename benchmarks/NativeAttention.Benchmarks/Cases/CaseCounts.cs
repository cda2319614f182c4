namespace NativeAttention.Benchmarks.Cases;

/// <summary>What a case costs at least: useful operations and unavoidable bytes, as benchmarks/schema.md says.</summary>
internal static class CaseCounts
{
    /// <summary>
    /// Operations on the pairs that lengths, band and prefix show. What a boolean mask hides is counted too:
    /// it is known only when the scores are there.
    /// </summary>
    public static double Flops(BenchCase c) => 2.0 * c.Shape.QueryHeads * VisiblePairs(c)
        * (c.Shape.HeadDim + c.Shape.ValueHeadDim);

    /// <summary>Bytes of all inputs, optional operands too, and of the output.</summary>
    public static double Bytes(BenchCase c)
    {
        double rows = 0;
        for (int batch = 0; batch < c.Shape.Batch; batch++)
        {
            (int queries, int keys) = c.Lengths(batch);
            rows += ((double)queries * c.Shape.QueryHeads) + ((double)keys * c.Shape.KeyValueHeads);
        }

        return (rows * (c.Shape.HeadDim + c.Shape.ValueHeadDim) * ElementTypes.SizeInBytes(c.Type))
            + OperandLengths.Of(c).Bytes;
    }

    /// <summary>Visible pairs over all pairs of the shape.</summary>
    public static double VisibleShare(BenchCase c) =>
        (double)VisiblePairs(c) / ((long)c.Shape.Batch * c.Shape.QueryLength * c.Shape.KeyLength);

    private static long VisiblePairs(BenchCase c)
    {
        if (c.Map is { } map)
        {
            return (long)NeighborhoodProblem.Create(c.Type, map.Shape(c.Shape), map.Options).Pairs / c.Shape.QueryHeads;
        }

        AttentionProblem problem = AttentionProblem.Create(c.Type, c.Shape, c.Options);
        long pairs = 0;
        for (int batch = 0; batch < c.Shape.Batch; batch++)
        {
            (int queries, int keys) = c.Lengths(batch);
            KeyVisibility visible = problem.Visibility(queries, keys);
            for (long i = 0; i < queries; i++)
            {
                pairs += Visible(visible, i, keys);
            }
        }

        return pairs;
    }

    // The prefix, and what of the band lies after it.
    private static long Visible(KeyVisibility v, long i, int keys)
    {
        long prefix = Math.Clamp(Math.Min(v.PrefixKeys, i + v.PrefixRight + 1), 0, keys);
        long begin = Math.Max(i + v.Band.Left, prefix), end = Math.Min(i + v.Band.Right + 1, keys);
        return prefix + Math.Max(0, end - begin);
    }
}
