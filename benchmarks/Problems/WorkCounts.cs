namespace NativeAttention.Benchmarks.Problems;

/// <summary>
/// What a problem costs at least: useful operations and unavoidable bytes, as benchmarks/schema.md says.
/// </summary>
internal static class WorkCounts
{
    /// <summary>
    /// Operations on the pairs that lengths, band and prefix show. What a boolean mask hides is counted too:
    /// it is known only when the scores are there.
    /// </summary>
    public static double Flops(DenseProblem p) => 2.0 * p.Shape.QueryHeads * VisiblePairs(p)
        * (p.Shape.HeadDim + p.Shape.ValueHeadDim);

    /// <summary>Bytes of all inputs, optional operands too, and of the output.</summary>
    public static double Bytes(DenseProblem p)
    {
        double rows = 0;
        for (int batch = 0; batch < p.Shape.Batch; batch++)
        {
            (int queries, int keys) = p.Lengths(batch);
            rows += ((double)queries * p.Shape.QueryHeads) + ((double)keys * p.Shape.KeyValueHeads);
        }

        return (rows * (p.Shape.HeadDim + p.Shape.ValueHeadDim) * ElementTypes.SizeInBytes(p.Problem.ElementType))
            + OperandLengths.Of(p).Bytes;
    }

    /// <summary>
    /// Bytes of backward without modifiers: what forward reads and writes, the log-sum-exp, the gradient of the output,
    /// and the gradients that are written.
    /// </summary>
    public static double BackwardBytes(DenseProblem p)
    {
        AttentionShape s = p.Shape;
        double queries = (double)s.Batch * s.QueryLength * s.QueryHeads, keys = (double)s.Batch * s.KeyLength * s.KeyValueHeads;
        double elements = (queries * ((2 * s.HeadDim) + (2 * s.ValueHeadDim))) + (2 * keys * (s.HeadDim + s.ValueHeadDim));
        return (elements * ElementTypes.SizeInBytes(p.Problem.ElementType)) + (queries * sizeof(float));
    }

    /// <summary>Visible pairs over all pairs of the shape.</summary>
    public static double VisibleShare(DenseProblem p) =>
        (double)VisiblePairs(p) / ((long)p.Shape.Batch * p.Shape.QueryLength * p.Shape.KeyLength);

    private static long VisiblePairs(DenseProblem p)
    {
        long pairs = 0;
        for (int batch = 0; batch < p.Shape.Batch; batch++)
        {
            (int queries, int keys) = p.Lengths(batch);
            KeyVisibility visible = p.Problem.Visibility(queries, keys);
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
