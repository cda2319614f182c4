using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Problems;

/// <summary>
/// What the options and operands of a problem make of one row and the keys that it sees, in float64 and straight
/// from the definitions of <see cref="AttentionOptions"/> and <see cref="AttentionOperands"/>.
/// </summary>
/// <remarks>Operands that a packed layout indexes by token are not known: no case has any.</remarks>
internal sealed class RowScores : IScoreModifiers
{
    private readonly AttentionProblem _problem;
    private readonly OperandValues _operands;
    private readonly (int Batch, int Head, int KeyHead, int Query) _row;
    private readonly long _diagonal;

    /// <summary>The row of a query.</summary>
    public RowScores(DenseProblem problem, OperandValues operands, int batch, int head, int query)
    {
        AttentionShape s = problem.Shape;
        _problem = problem.Problem;
        _operands = operands;
        _row = (batch, head, head / (s.QueryHeads / s.KeyValueHeads), query);
        (int queries, int keys) = problem.Lengths(batch);
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

    private AttentionOperands Forms => _problem.Options.Operands;

    /// <inheritdoc/>
    public bool Sees(int row, int j) => true;

    /// <inheritdoc/>
    public double Score(int row, int j, double scaled)
    {
        int key = Keys[j];
        double score = _problem.Options.SoftCap is { } cap ? cap * Math.Tanh(scaled / cap) : scaled;
        score += Forms.Bias is { } bias ? _operands.Bias[At(bias.Strides, key: key)] : 0;
        score += Forms.KeyLogWeight is { } w ? _operands.KeyLogWeight[At(w, _row.KeyHead, key)] : 0;
        return score - (Forms.AlibiSlopes is { } slopes
            ? _operands.AlibiSlopes[At(slopes)] * Math.Abs((double)(_diagonal - key))
            : 0);
    }

    /// <inheritdoc/>
    public double Sink(int row) =>
        Forms.Sinks is { } sinks ? _operands.Sinks[At(sinks)] : double.NegativeInfinity;

    /// <inheritdoc/>
    public double Gate(int row) => Forms.HeadGate is { } gate ? _operands.HeadGate[At(gate)] : 1;

    private long At(OperandStrides strides, int? head = null, int key = 0) =>
        (_row.Batch * strides.Batch) + ((head ?? _row.Head) * strides.Head) + (_row.Query * strides.Query)
            + (key * strides.Key);
}
