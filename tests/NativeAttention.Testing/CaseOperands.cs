namespace NativeAttention.Testing;

/// <summary>
/// The optional operands of one case, reproducible from its seed, in storage as the options describe it, and
/// the lengths of its sequences.
/// </summary>
public sealed class CaseOperands
{
    private readonly AttentionShape shape;
    private readonly AttentionOptions options;

    /// <summary>Makes every operand that the options announce.</summary>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">What is announced.</param>
    /// <param name="seed">Seed of all values.</param>
    public CaseOperands(AttentionShape shape, AttentionOptions options, int seed)
    {
        this.shape = shape;
        this.options = options;
        AttentionOperands operands = options.Operands;
        Random random = new(seed);
        QueryStarts = Starts(shape.QueryLength, Tokens()?.Queries, random);
        KeyStarts = Starts(shape.KeyLength, Tokens()?.Keys, random);
        KeyLengths = operands.KeyLengths ? Lengths(random) : null;
        int rows = Tokens()?.Queries ?? shape.QueryLength, keys = Tokens()?.Keys ?? shape.KeyLength;
        Bias = operands.Bias is BiasForm form
            ? Values(Matrix(form.Strides), () => Elements.Round(form.ElementType, random.NextDouble() * 4 - 2))
            : null;
        Mask = operands.Mask is OperandStrides m
            ? [.. Values(Matrix(m), () => random.Next(4) > 0 ? 1.0 : 0).Select(x => x != 0)]
            : null;
        AlibiSlopes = Floats(operands.AlibiSlopes, shape.Batch, 1, 1, () => Math.ScaleB(1, -random.Next(1, 9)));
        Sinks = Floats(operands.Sinks, 1, 1, 1, () => random.NextDouble() * 4 - 2);
        QueryTemperature = Floats(operands.QueryTemperature, Batches(), rows, 1, () => random.NextDouble() + 0.5);
        KeyLogWeight = Floats(operands.KeyLogWeight, Batches(), 1, keys, () => Math.Log(random.Next(1, 9)));
        HeadGate = Floats(operands.HeadGate, Batches(), rows, 1, () => random.NextDouble() * 2 - 0.5);
    }

    /// <summary>Where the queries of each sequence begin, and where the last ends; null when not packed.</summary>
    public int[]? QueryStarts { get; }

    /// <summary>Where the keys of each sequence begin, and where the last ends; null when not packed.</summary>
    public int[]? KeyStarts { get; }

    /// <summary>Keys that count, [batch]; null when all do.</summary>
    public int[]? KeyLengths { get; }

    /// <summary>Bias, rounded to its element type.</summary>
    public double[]? Bias { get; }

    /// <summary>Boolean mask.</summary>
    public bool[]? Mask { get; }

    /// <summary>ALiBi slopes.</summary>
    public float[]? AlibiSlopes { get; }

    /// <summary>Sinks.</summary>
    public float[]? Sinks { get; }

    /// <summary>Temperatures.</summary>
    public float[]? QueryTemperature { get; }

    /// <summary>Log-weights.</summary>
    public float[]? KeyLogWeight { get; }

    /// <summary>Gates.</summary>
    public float[]? HeadGate { get; }

    /// <summary>Queries of a sequence.</summary>
    public int QueryLengthOf(int batch) =>
        QueryStarts is null ? shape.QueryLength : QueryStarts[batch + 1] - QueryStarts[batch];

    /// <summary>Keys of a sequence that count.</summary>
    public int KeyLengthOf(int batch) => KeyLengths is not null ? KeyLengths[batch]
        : KeyStarts is not null ? KeyStarts[batch + 1] - KeyStarts[batch]
        : shape.KeyLength;

    /// <summary>Everything a run reads.</summary>
    public AttentionInputs<T> Inputs<T>(AttentionBuffers<T> buffers)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(buffers);
        return new AttentionInputs<T>(buffers.Query, buffers.Key, buffers.Value)
        {
            Bias = BiasElements(),
            Mask = Mask,
            AlibiSlopes = AlibiSlopes,
            Sinks = Sinks,
            QueryTemperature = QueryTemperature,
            KeyLogWeight = KeyLogWeight,
            HeadGate = HeadGate,
            KeyLengths = KeyLengths,
            CumulativeQueryLengths = QueryStarts,
            CumulativeKeyLengths = KeyStarts,
        };
    }

    /// <summary>The bias in its element type; empty when there is none.</summary>
    public ElementSpan BiasElements() => options.Operands.Bias?.ElementType switch
    {
        null => default,
        ElementType.Float32 => Converted<float>(),
        ElementType.Float16 => Converted<Half>(),
        _ => Converted<BFloat16>(),
    };

    private ElementSpan Converted<TBias>()
        where TBias : unmanaged =>
        ElementSpan.FromSpan<TBias>(Bias!.Select(Elements.FromDouble<TBias>).ToArray());

    private PackedTokens? Tokens() => options.Layout.Resolve(shape).Packed;

    private int Batches() => Tokens() is null ? shape.Batch : 1;

    private OperandExtentLike Matrix(OperandStrides strides) =>
        new(shape.Batch, shape.QueryHeads, shape.QueryLength, shape.KeyLength, strides);

    private float[]? Floats(OperandStrides? strides, int batch, int queries, int keys, Func<double> next) =>
        strides is OperandStrides s
            ? [.. Values(new(batch, shape.QueryHeads, queries, keys, s), next).Select(x => (float)x)]
            : null;

    private static double[] Values(OperandExtentLike extent, Func<double> next) =>
        [.. Enumerable.Range(0, extent.Length).Select(_ => next())];

    // Sequences of random lengths, an empty one among them, that fit.
    private int[]? Starts(int longest, int? tokens, Random random)
    {
        if (tokens is not int all)
        {
            return null;
        }

        int[] starts = new int[shape.Batch + 1];
        for (int b = 0; b < shape.Batch; b++)
        {
            int length = b == 1 ? 0 : random.Next(1, Math.Max(1, longest) + 1);
            starts[b + 1] = Math.Min(all, starts[b] + Math.Min(longest, length));
        }

        return starts;
    }

    // Full, empty, and anything between.
    private int[] Lengths(Random random) => [.. Enumerable.Range(0, shape.Batch).Select(b =>
        b == 0 ? random.Next(shape.KeyLength + 1) : b == 1 ? 0 : b == 2 ? shape.KeyLength
        : random.Next(shape.KeyLength + 1))];

    private readonly record struct OperandExtentLike(
        int Batch, int Heads, int Queries, int Keys, OperandStrides Strides)
    {
        public int Length => Batch == 0 || Heads == 0 || Queries == 0 || Keys == 0 ? 0
            : checked((int)(((Batch - 1) * Strides.Batch) + ((Heads - 1) * Strides.Head)
                + ((Queries - 1) * Strides.Query) + ((Keys - 1) * Strides.Key) + 1));
    }
}
