namespace NativeAttention.Testing;

/// <summary>Scores and statistics of a case in float64, straight from their definitions.</summary>
public sealed class ScoreReference
{
    private readonly AttentionCase _case;
    private readonly ScoreRule _rule;
    private readonly double[] _query;
    private readonly double[] _key;

    /// <summary>Takes a case.</summary>
    public ScoreReference(AttentionCase c)
    {
        ArgumentNullException.ThrowIfNull(c);
        _case = c;
        double scale = c.Options.Scale ?? (float)(1 / Math.Sqrt(c.Shape.HeadDim));
        _rule = new ScoreRule(c.Shape, c.Options, c.Operands, scale);
        var views = TensorView.Of(c.Shape, c.Options.Layout, c.Operands);
        (_query, _key) = c.ElementType switch
        {
            ElementType.Float32 => Inputs<float>(c, views.Query, views.Key),
            ElementType.Float16 => Inputs<Half>(c, views.Query, views.Key),
            _ => Inputs<BFloat16>(c, views.Query, views.Key),
        };
    }

    /// <summary>
    /// Largest |scale| * sum |q||k| of any pair, visible or not, with what is added: the scale of the error of a
    /// score, since the first stages return those of hidden keys too.
    /// </summary>
    public double Magnitude { get; private set; }

    /// <summary>One score, of any stage.</summary>
    public double Score(ScoreStage stage, int b, int h, int i, int j)
    {
        AttentionShape s = _case.Shape;
        int row = ((b * s.QueryHeads) + h) * s.QueryLength;
        int keyHead = (b * s.KeyValueHeads) + (h / (s.QueryHeads / s.KeyValueHeads));
        double dot = Vectors.Dot(_query.AsSpan((row + i) * s.HeadDim, s.HeadDim),
            _key.AsSpan(((keyHead * s.KeyLength) + j) * s.HeadDim, s.HeadDim), out double magnitude);
        if (double.IsFinite(magnitude))
        {
            Magnitude = Math.Max(Magnitude, (Math.Abs(_rule.Scale) * magnitude) + _rule.ExtraMagnitude(b, h, i, j));
        }

        // Keys that do not count are hidden at every stage.
        bool exists = j < _case.Operands.KeyLengthOf(b);
        if (stage is ScoreStage.Scaled or ScoreStage.SoftCapped)
        {
            return exists ? Early(stage, b, h, i, dot) : double.NegativeInfinity;
        }

        double score = _rule.Sees(b, h, i, j)
            ? _rule.Score(b, h, i, j, dot, x => x)
            : double.NegativeInfinity;
        double lse = _case.Reference.Lse[row + i];
        return stage == ScoreStage.Masked ? score
            : double.IsNegativeInfinity(score) ? 0
            : Math.Exp(score - lse);
    }

    private double Early(ScoreStage stage, int b, int h, int i, double dot)
    {
        double score = _rule.Scale * dot;
        if (_case.Options.Operands.QueryTemperature is OperandStrides t)
        {
            score *= _case.Operands.QueryTemperature![(b * t.Batch) + (h * t.Head) + (i * t.Query)];
        }

        return stage == ScoreStage.SoftCapped && _case.Options.SoftCap is float cap
            ? cap * Math.Tanh(score / cap)
            : score;
    }

    private static (double[] Query, double[] Key) Inputs<T>(AttentionCase c, TensorView query, TensorView key)
        where T : unmanaged
    {
        AttentionBuffers<T> buffers = c.Allocate<T>();
        return (query.Gather<T>(buffers.Query), key.Gather<T>(buffers.Key));
    }
}
