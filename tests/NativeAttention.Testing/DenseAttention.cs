using System.Numerics;
using System.Runtime.InteropServices;

namespace NativeAttention.Testing;

/// <summary>
/// Plain dense attention in the precision of the inputs: float32 scores and softmax, P rounded to the element
/// type before the value product, float32 accumulation in index order, output rounded. Its error is the
/// yardstick: a fused kernel may be at most twice as far from float64.
/// </summary>
public static class DenseAttention
{
    /// <summary>
    /// Computes output and log-sum-exp; arguments as those of <see cref="ReferenceAttention"/>.
    /// </summary>
    public static (double[] Output, double[] Lse) Compute(ElementType type, AttentionShape shape,
        ReferenceAttention.Visibility visible, double scale, ReadOnlySpan<double> query,
        ReadOnlySpan<double> key, ReadOnlySpan<double> value) =>
        Compute(type, shape, new ScoreRule(shape, visible, (float)scale), query, key, value);

    /// <summary>As the other overload, with any rule.</summary>
    public static (double[] Output, double[] Lse) Compute(ElementType type, AttentionShape shape,
        ScoreRule rule, ReadOnlySpan<double> query, ReadOnlySpan<double> key, ReadOnlySpan<double> value)
    {
        ArgumentNullException.ThrowIfNull(rule);
        float[] q = Narrow(query), k = Narrow(key), v = Narrow(value);
        int d = shape.HeadDim, dv = shape.ValueHeadDim, sk = shape.KeyLength;
        int rows = shape.Batch * shape.QueryHeads * shape.QueryLength;
        double[] output = new double[rows * dv];
        double[] lse = new double[rows];
        float[] scores = new float[sk], columns = new float[sk * d];
        int columnsOf = -1;
        for (int row = 0; row < rows; row++)
        {
            (int head, int i) = Math.DivRem(row, shape.QueryLength);
            (int b, int h) = Math.DivRem(head, shape.QueryHeads);
            if (!rule.HasRow(b, i))
            {
                continue;
            }

            int keyHead = head / (shape.QueryHeads / shape.KeyValueHeads);
            int valueHead = head / (shape.QueryHeads / shape.ValueHeads);
            if (columnsOf != keyHead)
            {
                Transpose(k.AsSpan(keyHead * sk * d, sk * d), columns, d);
                columnsOf = keyHead;
            }

            Scores(q.AsSpan(row * d, d), columns, rule, (b, h, i), scores);
            lse[row] = Softmax(scores, (float)rule.Sink(h));
            Multiply(type, scores, v.AsSpan(valueHead * sk * dv, sk * dv), (float)rule.Gate(b, h, i),
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

    // [keys, dim] to [dim, keys].
    private static void Transpose(ReadOnlySpan<float> keys, float[] columns, int dim)
    {
        int count = dim == 0 ? 0 : keys.Length / dim;
        for (int n = 0; n < keys.Length; n++)
        {
            (int j, int d) = Math.DivRem(n, dim);
            columns[(d * count) + j] = keys[n];
        }
    }

    // Each score in the order of the head dim; all keys at once, for speed.
    private static void Scores(ReadOnlySpan<float> q, ReadOnlySpan<float> columns, ScoreRule rule,
        (int Batch, int Head, int Query) at, float[] scores)
    {
        Array.Clear(scores);
        for (int d = 0; d < q.Length; d++)
        {
            Add(q[d], columns.Slice(d * scores.Length, scores.Length), scores);
        }

        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = rule.Sees(at.Batch, at.Head, at.Query, j)
                ? (float)rule.Score(at.Batch, at.Head, at.Query, j, scores[j], x => (float)x)
                : float.NegativeInfinity;
        }
    }

    // Turns scores into probabilities and returns their log-sum-exp. A key that is not seen gets minus infinity,
    // so that it can be told from one whose probability is merely 0.
    private static double Softmax(float[] scores, float sink)
    {
        float max = sink;
        foreach (float score in scores)
        {
            max = MathF.Max(max, score);
        }

        if (float.IsNegativeInfinity(max))
        {
            return double.NegativeInfinity;
        }

        float sum = MathF.Exp(sink - max);
        foreach (float score in scores)
        {
            sum += MathF.Exp(score - max);
        }

        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = float.IsNegativeInfinity(scores[j]) ? scores[j] : MathF.Exp(scores[j] - max) / sum;
        }

        return max + MathF.Log(sum);
    }

    private static void Multiply(ElementType type, float[] p, ReadOnlySpan<float> values, float gate,
        Span<double> output)
    {
        Span<float> sums = stackalloc float[output.Length];
        sums.Clear();
        for (int j = 0; j < p.Length; j++)
        {
            if (float.IsNegativeInfinity(p[j]))
            {
                continue;
            }

            float weight = (float)Elements.Round(type, p[j]);
            Add(weight, values.Slice(j * output.Length, output.Length), sums);
        }

        for (int d = 0; d < sums.Length; d++)
        {
            output[d] = Elements.Round(type, sums[d] * gate);
        }
    }

    private static void Add(float weight, ReadOnlySpan<float> vector, Span<float> sums)
    {
        ReadOnlySpan<Vector<float>> from = MemoryMarshal.Cast<float, Vector<float>>(vector);
        Span<Vector<float>> to = MemoryMarshal.Cast<float, Vector<float>>(sums);
        Vector<float> weights = new(weight);
        for (int n = 0; n < from.Length; n++)
        {
            to[n] += weights * from[n];
        }

        for (int n = from.Length * Vector<float>.Count; n < vector.Length; n++)
        {
            sums[n] += weight * vector[n];
        }
    }
}
