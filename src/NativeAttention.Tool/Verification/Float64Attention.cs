namespace NativeAttention.Tool.Verification;

/// <summary>
/// Attention in float64 straight from its definition: scores, softmax, weighted sum, one row at a time. It is
/// what every kernel is measured against, so it shares nothing with them: no tiles, no band, no running
/// maximum.
/// </summary>
/// <remarks>
/// Tensors are dense logical [batch, heads, sequence, dim] arrays. With the roundings of an element type it
/// becomes plain dense attention in that type, whose own error is the yardstick for the bound.
/// </remarks>
internal sealed class Float64Attention
{
    private readonly AttentionShape _shape;
    private readonly AttentionMask _mask;
    private readonly double _scale;
    private readonly ElementType? _rounding;
    private readonly IScoreModifiers? _modifiers;

    /// <summary>Makes the computation.</summary>
    /// <param name="shape">Lengths.</param>
    /// <param name="mask">Visible keys.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="rounding">Type to round probabilities and output to, with float32 scores; null for
    /// float64.</param>
    /// <param name="modifiers">What else changes the scores; the mask is then theirs. Null for
    /// nothing.</param>
    public Float64Attention(AttentionShape shape, AttentionMask mask, double scale,
        ElementType? rounding = null, IScoreModifiers? modifiers = null)
    {
        _modifiers = modifiers;
        _shape = shape;
        _mask = mask;
        _scale = scale;
        _rounding = rounding;
        int rows = checked(shape.Batch * shape.QueryHeads * shape.QueryLength);
        Output = new double[checked(rows * shape.ValueHeadDim)];
        AbsoluteOutput = new double[Output.Length];
        Lse = new double[rows];
        Array.Fill(Lse, double.NegativeInfinity);
    }

    /// <summary>Output, [batch, query heads, queries, value head dim].</summary>
    public double[] Output { get; }

    /// <summary>Sum of p |v| for every output.</summary>
    public double[] AbsoluteOutput { get; }

    /// <summary>
    /// Log-sum-exp, [batch, query heads, queries]; minus infinity for a row that sees nothing.
    /// </summary>
    public double[] Lse { get; }

    /// <summary>
    /// Receives the probabilities, [batch, query heads, queries, keys], 0 before; null when nobody wants them.
    /// </summary>
    public double[]? Probabilities { get; init; }

    /// <summary>Largest sum of |scale q k| over the dims of a visible pair.</summary>
    public double ScoreMagnitude { get; private set; }

    /// <summary>Computes.</summary>
    public Float64Attention Compute(double[] query, double[] key, double[] value)
    {
        double[] scores = new double[_shape.KeyLength];
        int group = _shape.QueryHeads / _shape.KeyValueHeads;
        for (int row = 0; row < Lse.Length; row++)
        {
            (int head, int i) = Math.DivRem(row, _shape.QueryLength);
            int firstKey = head / group * _shape.KeyLength;
            Score(query.AsSpan(row * _shape.HeadDim, _shape.HeadDim), key, firstKey, i, row, scores);
            double sink = _modifiers?.Sink(row) ?? double.NegativeInfinity;
            double max = scores.Append(sink).Max();
            if (!double.IsNegativeInfinity(max))
            {
                Accumulate(row, scores, max, sink, value, firstKey);
            }
        }

        return this;
    }

    // s[j] = scale * q . k[j], minus infinity where the query may not look
    private void Score(
        ReadOnlySpan<double> q, double[] key, int firstKey, int i, int row, double[] scores)
    {
        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = double.NegativeInfinity;
            if (!(_modifiers?.Sees(row, j) ?? Sees(i, j)))
            {
                continue;
            }

            double dot = Float64Vectors.Dot(q, key.AsSpan((firstKey + j) * q.Length, q.Length), out double magnitude);
            double score = _modifiers?.Score(row, j, _scale * dot) ?? _scale * dot;
            scores[j] = _rounding is null ? score : (float)score;
            double extra = Math.Abs(_modifiers?.Score(row, j, 0) ?? 0);
            ScoreMagnitude = Math.Max(ScoreMagnitude, (Math.Abs(_scale) * magnitude) + extra);
        }
    }

    // p = exp(s - max) / sum;  o = gate * sum_j p[j] v[j];  lse = max + ln sum, the sink included
    private void Accumulate(
        int row, double[] scores, double max, double sink, double[] value, int firstKey)
    {
        double sum = scores.Sum(s => Math.Exp(s - max)) + Math.Exp(sink - max);
        double gate = _modifiers?.Gate(row) ?? 1;
        Lse[row] = max + Math.Log(sum);
        int dim = _shape.ValueHeadDim;
        Span<double> output = Output.AsSpan(row * dim, dim), absolute = AbsoluteOutput.AsSpan(row * dim, dim);
        for (int j = 0; j < scores.Length; j++)
        {
            if (double.IsNegativeInfinity(scores[j]))
            {
                continue; // of a map that is most keys
            }

            double p = Round(Math.Exp(scores[j] - max) / sum);
            if (Probabilities is not null)
            {
                Probabilities[(row * scores.Length) + j] = p;
            }

            Float64Vectors.Add(p, value.AsSpan((firstKey + j) * dim, dim), output, gate * p, absolute);
        }

        for (int d = 0; d < dim; d++)
        {
            output[d] = Round(gate * output[d]);
        }
    }

    private bool Sees(int query, int key) =>
        _mask == AttentionMask.None
        || (_mask == AttentionMask.CausalTopLeft ? key <= query
            : _mask == AttentionMask.Causal ? key <= query + ((long)_shape.KeyLength - _shape.QueryLength)
            : throw new NotSupportedException($"The float64 reference does not know the mask '{_mask}'."));

    private double Round(double value) => _rounding is { } type ? Elements.Round(type, value) : value;
}
