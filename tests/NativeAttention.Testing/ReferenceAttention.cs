namespace NativeAttention.Testing;

/// <summary>
/// Attention in float64, straight from its definition, one row at a time: what everything else is compared
/// with. Tensors are dense logical [batch, heads, sequence, dim] arrays.
/// </summary>
/// <remarks>
/// A row that sees no key, or whose visible scores are all minus infinity, has output 0 and LSE minus
/// infinity. A NaN or plus infinity among a row's visible scores makes its output and LSE NaN. Keys a row may
/// not see are not read. This class has no code in common with the product: its masks are predicates, not
/// bands.
/// </remarks>
public static class ReferenceAttention
{
    /// <summary>Whether query i may see key j.</summary>
    public delegate bool Visibility(int query, int key);

    /// <summary>The meaning of a mask for sequences of the lengths of a shape.</summary>
    public static Visibility Visible(AttentionMask mask, AttentionShape shape) => Visible(
        mask, mask == AttentionMask.CausalTopLeft ? 0 : (long)shape.KeyLength - shape.QueryLength);

    /// <summary>
    /// The meaning of a mask with a diagonal offset, from its definition. Windows and prefixes are taken as the
    /// product lowers them, which has exhaustive tests of its own.
    /// </summary>
    public static Visibility Visible(AttentionMask mask, long offset)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return mask == AttentionMask.None ? (_, _) => true
            : mask == AttentionMask.Causal || mask == AttentionMask.CausalTopLeft ? (i, j) => j <= i + offset
            : mask is BandMask band ? (i, j) => j >= i + band.Left && j <= i + band.Right
            : (i, j) => mask.Lower(offset).Sees(i, j);
    }

    /// <summary>Computes output and log-sum-exp with nothing but a mask and a scale.</summary>
    /// <param name="shape">The lengths.</param>
    /// <param name="visible">Which keys each query may see.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="query">[batch, query heads, queries, head dim]</param>
    /// <param name="key">[batch, key heads, keys, head dim]</param>
    /// <param name="value">[batch, value heads, keys, value head dim]</param>
    public static AttentionReference Compute(AttentionShape shape, Visibility visible, double scale,
        ReadOnlySpan<double> query, ReadOnlySpan<double> key, ReadOnlySpan<double> value) =>
        Compute(shape, new ScoreRule(shape, visible, scale), query, key, value);

    /// <summary>Computes output and log-sum-exp. Rows that are not there have output 0.</summary>
    /// <param name="shape">The lengths.</param>
    /// <param name="rule">How a score is formed.</param>
    /// <param name="query">[batch, query heads, queries, head dim]</param>
    /// <param name="key">[batch, key heads, keys, head dim]</param>
    /// <param name="value">[batch, value heads, keys, value head dim]</param>
    public static AttentionReference Compute(AttentionShape shape, ScoreRule rule, ReadOnlySpan<double> query,
        ReadOnlySpan<double> key, ReadOnlySpan<double> value)
    {
        ArgumentNullException.ThrowIfNull(rule);
        int d = shape.HeadDim, dv = shape.ValueHeadDim, sk = shape.KeyLength;
        int rows = shape.Batch * shape.QueryHeads * shape.QueryLength;
        AttentionReference result = new(rows, dv);
        double[] scores = new double[sk];
        for (int row = 0; row < rows; row++)
        {
            (int head, int i) = Math.DivRem(row, shape.QueryLength); // head counts through the batch
            (int b, int h) = Math.DivRem(head, shape.QueryHeads);
            if (!rule.HasRow(b, i))
            {
                continue;
            }

            int keyHead = head / (shape.QueryHeads / shape.KeyValueHeads);
            int valueHead = head / (shape.QueryHeads / shape.ValueHeads);
            Row(new Place(b, h, i, row), rule, query.Slice(row * d, d), key.Slice(keyHead * sk * d, sk * d),
                value.Slice(valueHead * sk * dv, sk * dv), scores, result);
        }

        return result;
    }

    // s[j] = rule(q . k[j]);  p = softmax(s and the sink);  o = gate * sum_j p[j] v[j];  lse = ln sum exp s
    private static void Row(in Place at, ScoreRule rule, ReadOnlySpan<double> q, ReadOnlySpan<double> keys,
        ReadOnlySpan<double> values, double[] scores, AttentionReference result)
    {
        double max = rule.Sink(at.Head);
        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = double.NegativeInfinity;
            if (rule.Sees(at.Batch, at.Head, at.Query, j))
            {
                double dot = Vectors.Dot(q, keys.Slice(j * q.Length, q.Length), out double magnitude);
                scores[j] = rule.Score(at.Batch, at.Head, at.Query, j, dot, x => x);
                result.Saw(at.Row, (Math.Abs(rule.Scale) * magnitude)
                    + rule.ExtraMagnitude(at.Batch, at.Head, at.Query, j));
            }

            max = Math.Max(max, scores[j]); // carries NaN
        }

        if (double.IsNegativeInfinity(max))
        {
            return;
        }

        double sum = Math.Exp(rule.Sink(at.Head) - max);
        foreach (double score in scores)
        {
            sum += Math.Exp(score - max);
        }

        result.Lse[at.Row] = max + Math.Log(sum);
        double gate = rule.Gate(at.Batch, at.Head, at.Query);
        int dv = result.Output.Length / result.Lse.Length;
        for (int j = 0; j < scores.Length; j++)
        {
            if (!double.IsNegativeInfinity(scores[j]))
            {
                double p = gate * Math.Exp(scores[j] - max) / sum;
                Vectors.Add(p, values.Slice(j * dv, dv), result.Output.AsSpan(at.Row * dv, dv),
                    result.AbsoluteOutput.AsSpan(at.Row * dv, dv), p, default(FullPrecision));
            }
        }
    }

    private readonly record struct Place(int Batch, int Head, int Query, int Row);
}
