namespace NativeAttention.Testing;

/// <summary>What attention over pairs reads; rows of vectors one after the other.</summary>
/// <param name="Pairs">The pairs.</param>
/// <param name="HeadDim">Elements of a query and of a key.</param>
/// <param name="ValueHeadDim">Elements of a value.</param>
/// <param name="Scale">Factor on the products.</param>
/// <param name="Query">Rows of queries.</param>
/// <param name="Key">Rows of keys.</param>
/// <param name="Value">Rows of values.</param>
/// <param name="Bias">Entries that are added to scaled scores; empty for none.</param>
public sealed record PairInputs(AttentionPairs Pairs, int HeadDim, int ValueHeadDim, double Scale, double[] Query,
    double[] Key, double[] Value, double[] Bias);

/// <summary>
/// Attention and its gradients from their definition, one pair at a time, in float64 or with every step rounded.
/// </summary>
/// <remarks>A row without keys has output 0, log-sum-exp minus infinity and no part in any gradient.</remarks>
public static class PairAttention
{
    /// <summary>Output and log-sum-exp, and the magnitudes that error bounds need.</summary>
    public static AttentionReference Forward<TPrecision>(PairInputs at, TPrecision precision)
        where TPrecision : struct, IPrecision
    {
        ArgumentNullException.ThrowIfNull(at);
        AttentionReference result = new(at.Pairs.QueryRows, at.ValueHeadDim);
        List<Pair> pairs = [];
        for (int row = 0; row < at.Pairs.QueryRows; row++)
        {
            pairs.Clear();
            at.Pairs.List(row, pairs);
            if (pairs.Count > 0)
            {
                Forward(at, row, pairs, result, precision);
            }
        }

        return result;
    }

    /// <summary>The gradients of a loss.</summary>
    /// <param name="at">What forward read.</param>
    /// <param name="output">What forward wrote, or the merged output when this is a part of a merge.</param>
    /// <param name="lse">Likewise.</param>
    /// <param name="outputGradient">Gradient of the output.</param>
    /// <param name="lseGradient">Gradient of the log-sum-exp.</param>
    /// <param name="precision">The precision.</param>
    public static PairGradients Backward<TPrecision>(PairInputs at, double[] output, double[] lse,
        double[] outputGradient, double[] lseGradient, TPrecision precision)
        where TPrecision : struct, IPrecision
    {
        ArgumentNullException.ThrowIfNull(at);
        ArgumentNullException.ThrowIfNull(lse);
        ArgumentNullException.ThrowIfNull(lseGradient);
        PairGradients result = new(at);
        List<Pair> pairs = [];
        int dv = at.ValueHeadDim;
        for (int row = 0; row < at.Pairs.QueryRows; row++)
        {
            pairs.Clear();
            at.Pairs.List(row, pairs);
            if (pairs.Count > 0)
            {
                Upstream upstream = new(row, lse[row], lseGradient[row], output.AsSpan(row * dv, dv),
                    outputGradient.AsSpan(row * dv, dv));
                Backward(at, upstream, pairs, result, precision);
            }
        }

        result.Finish(precision);
        return result;
    }

    // s_j = scale q . k_j + bias_j;  lse = ln sum exp s_j;  o = sum_j exp(s_j - lse) v_j
    private static void Forward<TPrecision>(PairInputs at, int row, List<Pair> pairs, AttentionReference result,
        TPrecision precision)
        where TPrecision : struct, IPrecision
    {
        double[] weights = new double[pairs.Count];
        double max = double.NegativeInfinity;
        for (int n = 0; n < weights.Length; n++)
        {
            weights[n] = Score(at, row, pairs[n], precision, out double magnitude);
            result.Saw(row, magnitude);
            max = Math.Max(max, weights[n]);
        }

        double sum = 0;
        for (int n = 0; n < weights.Length; n++)
        {
            weights[n] = precision.Result(Math.Exp(weights[n] - max));
            sum = precision.Result(sum + weights[n]);
        }

        result.Lse[row] = precision.Result(max + precision.Result(Math.Log(sum)));
        int dv = at.ValueHeadDim;
        Span<double> output = result.Output.AsSpan(row * dv, dv);
        for (int n = 0; n < weights.Length; n++)
        {
            double p = precision.Element(precision.Result(weights[n] / sum));
            Vectors.Add(p, at.Value.AsSpan(pairs[n].Key * dv, dv), output, result.AbsoluteOutput.AsSpan(row * dv, dv), p,
                precision);
        }

        for (int d = 0; d < dv; d++)
        {
            output[d] = precision.Element(output[d]);
        }
    }

    // p_j = exp(s_j - lse);  ds_j = p_j (do . v_j - do . o + g);  dv_j += p_j do;  dq += ds_j k_j;  dk_j += ds_j q
    private static void Backward<TPrecision>(PairInputs at, in Upstream up, List<Pair> pairs, PairGradients result,
        TPrecision precision)
        where TPrecision : struct, IPrecision
    {
        int d = at.HeadDim, dv = at.ValueHeadDim;
        Span<double> q = at.Query.AsSpan(up.Row * d, d);
        double dot = precision.Dot(up.OutputGradient, up.Output, out double deltaMagnitude);
        double delta = precision.Result(dot - up.LseGradient);
        deltaMagnitude += Math.Abs(up.LseGradient);
        foreach (Pair pair in pairs)
        {
            double score = Score(at, up.Row, pair, precision, out _);
            double p = precision.Result(Math.Exp(score - up.Lse));
            double dp = precision.Dot(up.OutputGradient, at.Value.AsSpan(pair.Key * dv, dv), out double magnitude);
            double ds = precision.Result(p * precision.Result(dp - delta));
            double absolute = p * (magnitude + deltaMagnitude);
            result.Value.Add(pair.Key, precision.Element(p), up.OutputGradient, p, precision);
            result.Key.Add(pair.Key, precision.Element(ds), q, absolute, precision);
            result.Query.Add(up.Row, precision.Element(ds), at.Key.AsSpan(pair.Key * d, d), absolute, precision);
            if (pair.Bias >= 0)
            {
                result.Bias.Add(pair.Bias, ds, [1.0], absolute, precision);
            }
        }
    }

    private static double Score<TPrecision>(PairInputs at, int row, Pair pair, TPrecision precision,
        out double magnitude)
        where TPrecision : struct, IPrecision
    {
        int d = at.HeadDim;
        double dot = precision.Dot(at.Query.AsSpan(row * d, d), at.Key.AsSpan(pair.Key * d, d), out magnitude);
        double bias = pair.Bias < 0 ? 0 : at.Bias[pair.Bias];
        magnitude = (Math.Abs(at.Scale) * magnitude) + Math.Abs(bias);
        return precision.Result(precision.Result(at.Scale * dot) + bias);
    }

    private readonly ref struct Upstream(int row, double lse, double lseGradient, ReadOnlySpan<double> output,
        ReadOnlySpan<double> outputGradient)
    {
        public readonly int Row = row;
        public readonly double Lse = lse;
        public readonly double LseGradient = lseGradient;
        public readonly ReadOnlySpan<double> Output = output;
        public readonly ReadOnlySpan<double> OutputGradient = outputGradient;
    }
}
