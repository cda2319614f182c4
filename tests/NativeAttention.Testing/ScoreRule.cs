namespace NativeAttention.Testing;

/// <summary>
/// How a score comes from the product of a query and a key, straight from the definition, in float64 or rounded
/// to float32 after every step: masks, soft cap, bias, log-weight, ALiBi, sink and gate.
/// </summary>
/// <remarks>Rows are (batch, head, i).</remarks>
public sealed class ScoreRule
{
    private readonly AttentionShape shape;
    private readonly AttentionOptions options;
    private readonly CaseOperands operands;
    private readonly ReferenceAttention.Visibility[] visible; // of each sequence

    /// <summary>The rule of a case.</summary>
    public ScoreRule(AttentionShape shape, AttentionOptions options, CaseOperands operands, double scale)
    {
        this.shape = shape;
        this.options = options;
        this.operands = operands;
        Scale = scale;
        visible = [.. Enumerable.Range(0, shape.Batch).Select(b =>
            ReferenceAttention.Visible(options.Mask, Offset(b)))];
    }

    /// <summary>Nothing but a scale and a mask.</summary>
    public ScoreRule(AttentionShape shape, ReferenceAttention.Visibility visible, double scale)
        : this(shape, AttentionOptions.Default, new CaseOperands(shape, AttentionOptions.Default, 0), scale) =>
        Array.Fill(this.visible, visible);

    /// <summary>Factor on the products.</summary>
    public double Scale { get; }

    /// <summary>Whether the row exists in its sequence.</summary>
    public bool HasRow(int b, int i) => i < operands.QueryLengthOf(b);

    /// <summary>Whether the row sees key j.</summary>
    public bool Sees(int b, int h, int i, int j) => j < operands.KeyLengthOf(b) && visible[b](i, j)
        && (options.Operands.Mask is not OperandStrides s || operands.Mask![At(s, b, h, i, j)]);

    /// <summary>The score of a visible key, in natural units.</summary>
    /// <param name="b">Sequence.</param>
    /// <param name="h">Query head.</param>
    /// <param name="i">Query.</param>
    /// <param name="j">Key.</param>
    /// <param name="dot">Product of query and key.</param>
    /// <param name="round">Applied to every intermediate result.</param>
    public double Score(int b, int h, int i, int j, double dot, Func<double, double> round)
    {
        AttentionOperands form = options.Operands;
        int row = (operands.QueryStarts?[b] ?? 0) + i, key = (operands.KeyStarts?[b] ?? 0) + j;
        double score = round(Scale * dot);
        if (form.QueryTemperature is OperandStrides t)
        {
            score = round(score * operands.QueryTemperature![At(t, b, h, row, 0)]);
        }

        if (options.SoftCap is float cap)
        {
            score = round(cap * round(Math.Tanh(round(score / cap))));
        }

        if (form.Bias is BiasForm bias)
        {
            score = round(score + operands.Bias![At(bias.Strides, b, h, i, j)]);
        }

        if (form.KeyLogWeight is OperandStrides w)
        {
            int keyHead = h / (shape.QueryHeads / shape.KeyValueHeads);
            score = round(score + operands.KeyLogWeight![At(w, b, keyHead, 0, key)]);
        }

        return form.AlibiSlopes is OperandStrides s
            ? round(score - round(operands.AlibiSlopes![At(s, b, h, 0, 0)] * Math.Abs(i + Offset(b) - j)))
            : score;
    }

    /// <summary>What the row's scores may differ by in magnitude beyond scale * |q||k|.</summary>
    public double ExtraMagnitude(int b, int h, int i, int j)
    {
        double zero = Score(b, h, i, j, 0, x => x);
        return double.IsFinite(zero) ? Math.Abs(zero) : 0;
    }

    /// <summary>The row's extra logit; minus infinity when there is none.</summary>
    public double Sink(int h) => options.Operands.Sinks is OperandStrides s
        ? operands.Sinks![At(s, 0, h, 0, 0)]
        : double.NegativeInfinity;

    /// <summary>The factor on the row's output.</summary>
    public double Gate(int b, int h, int i) => options.Operands.HeadGate is OperandStrides s
        ? operands.HeadGate![At(s, b, h, (operands.QueryStarts?[b] ?? 0) + i, 0)]
        : 1;

    private long Offset(int b) => options.DiagonalOffset
        ?? (options.Mask == AttentionMask.CausalTopLeft
            ? 0 : operands.KeyLengthOf(b) - operands.QueryLengthOf(b));

    private static long At(OperandStrides s, int b, int h, int i, int j) =>
        (b * s.Batch) + (h * s.Head) + (i * s.Query) + (j * s.Key);
}
