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

    /// <summary>The meaning of a mask, from its definition.</summary>
    public static Visibility Visible(AttentionMask mask, AttentionShape shape)
    {
        long offset = (long)shape.KeyLength - shape.QueryLength;
        return mask == AttentionMask.None ? (_, _) => true
            : mask == AttentionMask.Causal ? (i, j) => j <= i + offset
            : mask == AttentionMask.CausalTopLeft ? (i, j) => j <= i
            : mask is BandMask band ? (i, j) => j >= i + band.Left && j <= i + band.Right
            : throw new NotSupportedException($"The reference does not know the mask '{mask}' yet.");
    }

    /// <summary>Computes output and log-sum-exp.</summary>
    /// <param name="shape">The lengths.</param>
    /// <param name="visible">Which keys each query may see.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="query">[batch, query heads, queries, head dim]</param>
    /// <param name="key">[batch, key/value heads, keys, head dim]</param>
    /// <param name="value">[batch, key/value heads, keys, value head dim]</param>
    public static AttentionReference Compute(AttentionShape shape, Visibility visible, double scale,
        ReadOnlySpan<double> query, ReadOnlySpan<double> key, ReadOnlySpan<double> value)
    {
        int d = shape.HeadDim, dv = shape.ValueHeadDim, sk = shape.KeyLength;
        int group = shape.QueryHeads / shape.KeyValueHeads;
        int rows = shape.Batch * shape.QueryHeads * shape.QueryLength;
        AttentionReference result = new(rows, dv);
        double[] scores = new double[sk];
        for (int row = 0; row < rows; row++)
        {
            (int head, int i) = Math.DivRem(row, shape.QueryLength); // head counts through the batch
            int kvHead = head / group;
            ReadOnlySpan<double> keys = key.Slice(kvHead * sk * d, sk * d);
            ReadOnlySpan<double> values = value.Slice(kvHead * sk * dv, sk * dv);
            Row(i, visible, scale, query.Slice(row * d, d), keys, values, scores, result, row);
        }

        return result;
    }

    // s[j] = scale * q . k[j];  p = softmax(s);  o = sum_j p[j] v[j];  lse = ln sum_j exp s[j]
    private static void Row(int i, Visibility visible, double scale, ReadOnlySpan<double> q,
        ReadOnlySpan<double> keys, ReadOnlySpan<double> values, double[] scores, AttentionReference result,
        int row)
    {
        double max = double.NegativeInfinity;
        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = double.NegativeInfinity;
            if (visible(i, j))
            {
                scores[j] = scale * Dot(q, keys.Slice(j * q.Length, q.Length), out double magnitude);
                result.Saw(row, Math.Abs(scale) * magnitude);
            }

            max = Math.Max(max, scores[j]); // carries NaN
        }

        if (double.IsNegativeInfinity(max))
        {
            return;
        }

        double sum = 0;
        foreach (double score in scores)
        {
            sum += Math.Exp(score - max);
        }

        result.Lse[row] = max + Math.Log(sum);
        int dv = result.Output.Length / result.Lse.Length;
        Span<double> output = result.Output.AsSpan(row * dv, dv);
        for (int j = 0; j < scores.Length; j++)
        {
            if (visible(i, j))
            {
                AddWeighted(Math.Exp(scores[j] - max) / sum, values.Slice(j * dv, dv), output,
                    result.AbsoluteOutput.AsSpan(row * dv, dv));
            }
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b, out double magnitude)
    {
        double dot = 0;
        magnitude = 0;
        for (int d = 0; d < a.Length; d++)
        {
            double product = a[d] * b[d];
            dot += product;
            magnitude += Math.Abs(product);
        }

        return dot;
    }

    private static void AddWeighted(double p, ReadOnlySpan<double> v, Span<double> output,
        Span<double> absolute)
    {
        for (int d = 0; d < v.Length; d++)
        {
            output[d] += p * v[d];
            absolute[d] += p * Math.Abs(v[d]);
        }
    }
}
