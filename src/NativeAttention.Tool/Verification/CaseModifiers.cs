namespace NativeAttention.Tool.Verification;

/// <summary>
/// The modifiers of a case with random values, and what they mean for a score, straight from their definition.
/// </summary>
internal sealed class CaseModifiers : IScoreModifiers
{
    private readonly AttentionShape _shape;
    private readonly ModifierSet _set;
    private readonly float[]? _bias;
    private readonly bool[]? _mask;
    private readonly float[]? _slopes;
    private readonly float[]? _sinks;
    private readonly float[]? _temperatures;
    private readonly float[]? _weights;
    private readonly float[]? _gates;
    private readonly int[]? _lengths;

    /// <summary>Makes the values.</summary>
    public CaseModifiers(AttentionShape shape, ModifierSet set, int seed)
    {
        (_shape, _set) = (shape, set);
        Random random = new(seed);
        int rows = shape.Batch * shape.QueryHeads * shape.QueryLength;
        if (set.Matrices)
        {
            _bias = Draw(rows * shape.KeyLength, () => (random.NextSingle() * 4) - 2);
            _mask = [.. Draw(rows * shape.KeyLength, random.NextSingle).Select(x => x > 0.25f)];
        }

        if (set.Vectors)
        {
            _slopes = Draw(shape.QueryHeads, () => MathF.ScaleB(1, -random.Next(3, 9)));
            _sinks = Draw(shape.QueryHeads, () => (random.NextSingle() * 4) - 2);
            _temperatures = Draw(rows, () => random.NextSingle() + 0.5f);
            _weights = Draw(shape.Batch * shape.KeyValueHeads * shape.KeyLength,
                () => MathF.Log(random.Next(1, 9)));
            _gates = Draw(rows, () => (random.NextSingle() * 2) - 0.5f);
        }

        _lengths = set.KeyLengths
            ? [.. Enumerable.Range(0, shape.Batch).Select(_ => random.Next(shape.KeyLength + 1))]
            : null;
    }

    /// <summary>What the options of the library announce.</summary>
    public static AttentionOperands Announce(AttentionShape s, ModifierSet set)
    {
        var matrix = OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, s.KeyLength);
        var queries = OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, 1);
        return new AttentionOperands
        {
            Bias = set.Matrices ? new BiasForm(matrix, ElementType.Float32) : null,
            Mask = set.Matrices ? matrix : null,
            AlibiSlopes = set.Vectors ? OperandStrides.PerHead : null,
            Sinks = set.Vectors ? OperandStrides.PerHead : null,
            QueryTemperature = set.Vectors ? queries : null,
            KeyLogWeight = set.Vectors ? OperandStrides.Dense(s.Batch, s.KeyValueHeads, 1, s.KeyLength) : null,
            HeadGate = set.Vectors ? queries : null,
            KeyLengths = set.KeyLengths,
        };
    }

    /// <summary>Everything a run reads.</summary>
    public AttentionInputs<T> Inputs<T>(T[] query, T[] key, T[] value)
        where T : unmanaged => new(query, key, value)
        {
            Bias = _bias,
            Mask = _mask,
            AlibiSlopes = _slopes,
            Sinks = _sinks,
            QueryTemperature = _temperatures,
            KeyLogWeight = _weights,
            HeadGate = _gates,
            KeyLengths = _lengths,
        };

    /// <inheritdoc/>
    public bool Sees(int row, int j)
    {
        long place = row % _shape.QueryLength + Offset(row);
        return j < Keys(row)
            && (_set.Window is not { } window || (j >= place - window.Left && j <= place + window.Right))
            && (_mask is null || _mask[(row * _shape.KeyLength) + j]);
    }

    /// <inheritdoc/>
    public double Score(int row, int j, double scaled)
    {
        double score = scaled * (_temperatures?[row] ?? 1);
        score = _set.SoftCap is float cap ? cap * Math.Tanh(score / cap) : score;
        score += _bias?[(row * _shape.KeyLength) + j] ?? 0;
        int head = row / _shape.QueryLength; // of all sequences
        int keyHead = head / (_shape.QueryHeads / _shape.KeyValueHeads);
        score += _weights?[(keyHead * _shape.KeyLength) + j] ?? 0;
        return score - ((_slopes?[head % _shape.QueryHeads] ?? 0)
            * Math.Abs(row % _shape.QueryLength + Offset(row) - j));
    }

    /// <inheritdoc/>
    public double Sink(int row) =>
        _sinks?[row / _shape.QueryLength % _shape.QueryHeads] ?? double.NegativeInfinity;

    /// <inheritdoc/>
    public double Gate(int row) => _gates?[row] ?? 1;

    private int Keys(int row) => _lengths?[row / _shape.QueryLength / _shape.QueryHeads] ?? _shape.KeyLength;

    private long Offset(int row) => _set.DiagonalOffset ?? ((long)Keys(row) - _shape.QueryLength);

    private static float[] Draw(int count, Func<float> next) =>
        [.. Enumerable.Range(0, count).Select(_ => next())];
}
