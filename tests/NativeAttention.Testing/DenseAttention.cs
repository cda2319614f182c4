namespace NativeAttention.Testing;

/// <summary>
/// Plain dense attention in the precision of the inputs: float32 scores and softmax, P rounded to the element
/// type before the value product, float32 accumulation in index order, output rounded. Its error is the
/// yardstick: a fused kernel may be at most twice as far from float64.
/// </summary>
public static class DenseAttention
{
    /// <summary>
    /// Computes output and log-sum-exp; arguments as <see cref="ReferenceAttention.Compute"/>.
    /// </summary>
    public static (double[] Output, double[] Lse) Compute(ElementType type, AttentionShape shape,
        ReferenceAttention.Visibility visible, double scale, ReadOnlySpan<double> query,
        ReadOnlySpan<double> key, ReadOnlySpan<double> value)
    {
        float[] q = Narrow(query), k = Narrow(key), v = Narrow(value);
        int d = shape.HeadDim, dv = shape.ValueHeadDim, sk = shape.KeyLength;
        int group = shape.QueryHeads / shape.KeyValueHeads;
        int rows = shape.Batch * shape.QueryHeads * shape.QueryLength;
        double[] output = new double[rows * dv];
        double[] lse = new double[rows];
        float[] scores = new float[sk];
        for (int row = 0; row < rows; row++)
        {
            (int head, int i) = Math.DivRem(row, shape.QueryLength);
            int kvHead = head / group;
            Scores(q.AsSpan(row * d, d), k.AsSpan(kvHead * sk * d, sk * d), (float)scale, i, visible, scores);
            lse[row] = Softmax(scores);
            Multiply(type, scores, v.AsSpan(kvHead * sk * dv, sk * dv), i, visible,
                output.AsSpan(row * dv, dv));
        }

        return (output, lse);
    }

    private static float[] Narrow(ReadOnlySpan<double> values)
    {
        float[] narrow = new float[values.Length];
        for (int i = 0; i < narrow.Length; i++)
        {
            narrow[i] = (float)values[i]; // exact: the values are already rounded to the element type
        }

        return narrow;
    }

    private static void Scores(ReadOnlySpan<float> q, ReadOnlySpan<float> keys, float scale, int i,
        ReferenceAttention.Visibility visible, float[] scores)
    {
        for (int j = 0; j < scores.Length; j++)
        {
            float dot = 0;
            ReadOnlySpan<float> k = keys.Slice(j * q.Length, q.Length);
            for (int d = 0; d < q.Length; d++)
            {
                dot += q[d] * k[d];
            }

            scores[j] = visible(i, j) ? scale * dot : float.NegativeInfinity;
        }
    }

    // Turns scores into probabilities and returns their log-sum-exp.
    private static double Softmax(float[] scores)
    {
        float max = float.NegativeInfinity;
        foreach (float score in scores)
        {
            max = MathF.Max(max, score);
        }

        if (float.IsNegativeInfinity(max))
        {
            Array.Clear(scores);
            return double.NegativeInfinity;
        }

        float sum = 0;
        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = MathF.Exp(scores[j] - max);
            sum += scores[j];
        }

        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] /= sum;
        }

        return max + MathF.Log(sum);
    }

    private static void Multiply(ElementType type, float[] p, ReadOnlySpan<float> values, int i,
        ReferenceAttention.Visibility visible, Span<double> output)
    {
        Span<float> sums = stackalloc float[output.Length];
        sums.Clear();
        for (int j = 0; j < p.Length; j++)
        {
            if (!visible(i, j))
            {
                continue;
            }

            float weight = (float)Elements.Round(type, p[j]);
            ReadOnlySpan<float> v = values.Slice(j * output.Length, output.Length);
            for (int d = 0; d < sums.Length; d++)
            {
                sums[d] += weight * v[d];
            }
        }

        for (int d = 0; d < sums.Length; d++)
        {
            output[d] = Elements.Round(type, sums[d]);
        }
    }
}
