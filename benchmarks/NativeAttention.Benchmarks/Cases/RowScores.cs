namespace NativeAttention.Benchmarks.Cases;

/// <summary>
/// What the options and operands of a case make of the scores of one row, in float64 and straight from the
/// definitions of <see cref="AttentionOptions"/> and <see cref="AttentionOperands"/>.
/// </summary>
/// <remarks>Operands of a packed case are not known: none has any beside its lengths.</remarks>
internal sealed class RowScores
{
    private readonly AttentionProblem _problem;
    private readonly OptionalOperands _operands;
    private readonly (int Batch, int Head, int KeyHead, int Query) _row;
    private readonly long _diagonal;

    /// <summary>The row of a query.</summary>
    public RowScores(BenchCase @case, OptionalOperands operands, int batch, int head, int query)
    {
        AttentionShape s = @case.Shape;
        _problem = AttentionProblem.Create(@case.Type, s, @case.Options);
        _operands = operands;
        _row = (batch, head, head / (s.QueryHeads / s.KeyValueHeads), query);
        (int queries, int keys) = @case.Lengths(batch);
        _diagonal = query + _problem.DiagonalOffset(queries, keys);
        KeyVisibility visible = _problem.Visibility(queries, keys);
        Keys = [.. Enumerable.Range(0, keys).Where(j => visible.Sees(query, j)
            && (Forms.Mask is not { } mask || _operands.Mask[At(mask, key: j)]))];
    }

    /// <summary>The keys that it sees.</summary>
    public int[] Keys { get; }

    /// <summary>Factor on the products of query and key.</summary>
    public double Scale => (double)_problem.Scale
        * (Forms.QueryTemperature is { } t ? _operands.Temperature[At(t)] : 1);

    /// <summary>Factor on the output.</summary>
    public double Gate => Forms.HeadGate is { } gate ? _operands.HeadGate[At(gate)] : 1;

    /// <summary>One more logit, which has no value; null for none.</summary>
    public double? Sink => Forms.Sinks is { } sinks ? _operands.Sinks[At(sinks)] : null;

    private AttentionOperands Forms => _problem.Options.Operands;

    /// <summary>A score after all that changes it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="score">Its product with the query, times <see cref="Scale"/>.</param>
    public double Modify(int key, double score)
    {
        double modified = _problem.Options.SoftCap is { } cap ? cap * Math.Tanh(score / cap) : score;
        modified += Forms.Bias is { } bias ? _operands.Bias[At(bias.Strides, key: key)] : 0;
        modified += Forms.KeyLogWeight is { } w ? _operands.KeyLogWeight[At(w, _row.KeyHead, key)] : 0;
        return modified - (Forms.AlibiSlopes is { } slopes
            ? _operands.AlibiSlopes[At(slopes)] * Math.Abs((double)(_diagonal - key))
            : 0);
    }

    private long At(OperandStrides strides, int? head = null, int key = 0) =>
        (_row.Batch * strides.Batch) + ((head ?? _row.Head) * strides.Head) + (_row.Query * strides.Query)
            + (key * strides.Key);
}
