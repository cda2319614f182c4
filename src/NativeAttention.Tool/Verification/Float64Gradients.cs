namespace NativeAttention.Tool.Verification;

/// <summary>One gradient, and beside each element the magnitude of what was added up in it.</summary>
/// <param name="Values">The elements, in logical order.</param>
/// <param name="Absolute">The magnitudes; 0 where nothing was added.</param>
internal sealed record Float64Gradient(double[] Values, double[] Absolute);

/// <summary>
/// The gradients of attention in float64 straight from their definition, one pair after another: beside
/// <see cref="Float64Attention"/>, and as it of dense logical [batch, heads, sequence, dim] arrays.
/// </summary>
/// <remarks>
/// With the roundings of an element type (float32 steps, P and dS rounded before the second product, results rounded)
/// its own error is the yardstick for the bound.
/// </remarks>
internal sealed class Float64Gradients
{
    private readonly AttentionShape _shape;
    private readonly double _scale;
    private readonly ElementType? _rounding;
    private readonly MapPattern? _map;

    /// <summary>Makes the computation.</summary>
    /// <param name="shape">Lengths.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="rounding">Type to round to; null for float64.</param>
    /// <param name="map">The map of the tokens, whose bias has a gradient; null for none.</param>
    public Float64Gradients(AttentionShape shape, double scale, ElementType? rounding = null, MapPattern? map = null)
    {
        (_shape, _scale, _rounding, _map) = (shape, scale, rounding, map);
        Query = Make(shape.Batch * shape.QueryHeads * shape.QueryLength * shape.HeadDim);
        Key = Make(shape.Batch * shape.KeyValueHeads * shape.KeyLength * shape.HeadDim);
        Value = Make(shape.Batch * shape.KeyValueHeads * shape.KeyLength * shape.ValueHeadDim);
        Bias = Make(map?.Bias.Length ?? 0);
    }

    /// <summary>Gradient of the queries.</summary>
    public Float64Gradient Query { get; }

    /// <summary>Gradient of the keys.</summary>
    public Float64Gradient Key { get; }

    /// <summary>Gradient of the values.</summary>
    public Float64Gradient Value { get; }

    /// <summary>Gradient of the relative position bias, which is float32 whatever the element type.</summary>
    public Float64Gradient Bias { get; }

    /// <summary>Computes.</summary>
    /// <param name="query">Queries.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values.</param>
    /// <param name="forward">Attention of those in float64, with its probabilities.</param>
    /// <param name="outputGradient">Gradient of the output.</param>
    /// <param name="lseGradient">Gradient of the log-sum-exp; null for 0.</param>
    public Float64Gradients Compute(double[] query, double[] key, double[] value, Float64Attention forward,
        double[] outputGradient, double[]? lseGradient = null)
    {
        int keys = _shape.KeyLength, dim = _shape.HeadDim, valueDim = _shape.ValueHeadDim;
        int group = _shape.QueryHeads / _shape.KeyValueHeads;
        double[] output = [.. forward.Output.Select(Element)];
        for (int row = 0; row < forward.Lse.Length; row++)
        {
            int firstKey = row / _shape.QueryLength / group * keys;
            ReadOnlySpan<double> q = query.AsSpan(row * dim, dim), g = outputGradient.AsSpan(row * valueDim, valueDim);
            double delta = Dot(g, output.AsSpan(row * valueDim, valueDim), out double deltaMagnitude);
            double above = lseGradient?[row] ?? 0;
            (delta, deltaMagnitude) = (Step(delta - above), deltaMagnitude + Math.Abs(above));
            for (int j = 0; j < keys; j++)
            {
                double p = Step(forward.Probabilities![(row * keys) + j]);
                if (p == 0)
                {
                    continue;
                }

                // dv_j += p_j do;  ds_j = p_j (do . v_j - do . o + dlse);  dk_j += ds_j q;  dq += ds_j k_j;  dbias += ds_j
                int at = firstKey + j;
                double dp = Dot(g, value.AsSpan(at * valueDim, valueDim), out double magnitude);
                double ds = Step(p * Step(dp - delta));
                magnitude = p * (magnitude + deltaMagnitude);
                Add(Value, at, Element(p), g, p);
                Add(Key, at, Element(ds), q, magnitude);
                Add(Query, row, Element(ds), key.AsSpan(at * dim, dim), magnitude);
                if (_map?.BiasEntry(row, j) is >= 0 and int entry)
                {
                    Add(Bias, entry, ds, [1], magnitude);
                }
            }
        }

        Finish(Query, _scale, Element);
        Finish(Key, _scale, Element);
        Finish(Value, 1, Element);
        Finish(Bias, 1, Step);
        return this;
    }

    private static Float64Gradient Make(int length) => new(new double[length], new double[length]);

    private void Add(Float64Gradient sums, int row, double weight, ReadOnlySpan<double> vector, double magnitude)
    {
        Span<double> values = sums.Values.AsSpan(row * vector.Length, vector.Length);
        Span<double> absolute = sums.Absolute.AsSpan(row * vector.Length, vector.Length);
        if (_rounding is null)
        {
            Float64Vectors.Add(weight, vector, values, magnitude, absolute);
            return;
        }

        for (int d = 0; d < vector.Length; d++)
        {
            values[d] = Step(values[d] + (weight * vector[d]));
            absolute[d] += Math.Abs(magnitude * vector[d]);
        }
    }

    private static void Finish(Float64Gradient sums, double scale, Func<double, double> round)
    {
        for (int i = 0; i < sums.Values.Length; i++)
        {
            sums.Values[i] = round(sums.Values[i] * scale);
            sums.Absolute[i] *= Math.Abs(scale);
        }
    }

    private double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b, out double magnitude)
    {
        if (_rounding is null)
        {
            return Float64Vectors.Dot(a, b, out magnitude);
        }

        double dot = 0;
        magnitude = 0;
        for (int d = 0; d < a.Length; d++)
        {
            dot = Step(dot + (a[d] * b[d]));
            magnitude += Math.Abs(a[d] * b[d]);
        }

        return dot;
    }

    private double Step(double value) => _rounding is null ? value : (float)value;

    private double Element(double value) => _rounding is { } type ? Elements.Round(type, value) : value;
}
