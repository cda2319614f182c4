namespace NativeAttention.Testing;

/// <summary>How a case says where its tokens are.</summary>
public enum PositionKind
{
    /// <summary>Not at all: token t is at t.</summary>
    Default,

    /// <summary>By one number.</summary>
    From,

    /// <summary>By a number for each sequence.</summary>
    PerSequence,

    /// <summary>By 32-bit ids.</summary>
    Ids,

    /// <summary>By 64-bit ids.</summary>
    WideIds,

    /// <summary>By caches with a row for every token.</summary>
    RowPerToken,
}

/// <summary>
/// Random tensors and caches (which need not be cosines and sines of anything), their rotation in float64
/// from its definition, and a check of what somebody made of them.
/// </summary>
/// <param name="batch">Sequences.</param>
/// <param name="length">Tokens of one sequence.</param>
/// <param name="heads">Heads.</param>
/// <param name="dim">Head dim.</param>
/// <param name="half">Pairs of a row.</param>
/// <param name="kind">How positions are given.</param>
/// <param name="interleaved">Whether pairs are neighbours.</param>
/// <param name="headsFirst">Whether tensors are BHSD instead of BSHD.</param>
/// <param name="seed">Seed of the numbers.</param>
/// <param name="padding">Elements of a gap after each vector.</param>
/// <param name="offset">Elements of a gap before each vector.</param>
public sealed class RotaryCase(int batch, int length, int heads, int dim, int half, PositionKind kind,
    bool interleaved, bool headsFirst, int seed, int padding = 0, int offset = 0)
{
    private const int Slack = 11;

    /// <summary>How positions are given.</summary>
    public PositionKind Kind => kind;

    /// <summary>Sequences.</summary>
    public int Batch => batch;

    /// <summary>Tokens of one sequence.</summary>
    public int Length => length;

    /// <summary>Pairing and layout.</summary>
    public RotaryOptions Options => new()
    {
        Interleaved = interleaved,
        Layout = headsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd,
    };

    /// <summary>Lengths of the caches.</summary>
    public int[] CacheLengths => kind == PositionKind.RowPerToken ? [batch, length, half] : [length + Slack,
        half];

    /// <summary>Cosines, or what stands for them.</summary>
    public float[] Cos => Cache(seed + 1);

    /// <summary>Sines, or what stands for them.</summary>
    public float[] Sin => Cache(seed + 2);

    /// <summary>Position of the first token of each sequence, for the kinds that have it.</summary>
    public int[] Offsets => [.. Enumerable.Range(0, batch).Select(b =>
        kind == PositionKind.PerSequence ? (seed + (5 * b)) % Slack : kind == PositionKind.From ? Slack : 0)];

    /// <summary>Position of every token.</summary>
    public int[] Positions
    {
        get
        {
            Random random = new(seed + 3);
            int[] offsets = Offsets;
            return [.. Enumerable.Range(0, batch * length).Select(i =>
                kind is PositionKind.Ids or PositionKind.WideIds
                ? random.Next(length + Slack)
                : offsets[i / length] + (i % length))];
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"batch {batch}, {length} tokens, {heads} heads of {dim}, "
        + $"{half} pairs, {kind}, {(interleaved ? "neighbours" : "halves")}, {Options.Layout}, "
        + $"gaps {offset}+{padding}, seed {seed}";

    /// <summary>The input.</summary>
    public PaddedTensor<T> MakeInput<T>()
        where T : unmanaged
    {
        PaddedTensor<T> input = MakeOutput<T>();
        input.Values = RandomTensor.Normal(ElementTypes.Of<T>(), input.Count, seed);
        return input;
    }

    /// <summary>A tensor for the output, full of poison.</summary>
    public PaddedTensor<T> MakeOutput<T>()
        where T : unmanaged =>
        new(headsFirst ? [batch, heads, length, dim] : [batch, length, heads, dim], offset, padding);

    /// <summary>
    /// Checks a result. Two float32 products and their sum err by 2^-23 of their magnitudes at most (2^-22
    /// leaves room for an order of fusing), to which the rounding of the output comes; what is not rotated
    /// is the same to the bit.
    /// </summary>
    public void Check<T>(double[] input, PaddedTensor<T> output)
        where T : unmanaged
    {
        float[] cos = Cos, sin = Sin;
        int[] positions = Positions;
        double[] actual = output.Values;
        double roundoff = Elements.UnitRoundoff(ElementTypes.Of<T>());
        for (int i = 0; i < actual.Length; i++)
        {
            (int row, int d) = Math.DivRem(i, dim);
            (double expected, double bound) = (input[i], 0);
            if (d < 2 * half)
            {
                int token = TokenOf(row);
                int angle = (kind == PositionKind.RowPerToken ? token : positions[token]) * half;
                int u = interleaved ? d / 2 : d % half;
                bool isFirst = interleaved ? d % 2 == 0 : d < half;
                int first = row * dim;
                double x = input[first + (interleaved ? 2 * u : u)];
                double y = input[first + (interleaved ? (2 * u) + 1 : u + half)];
                (double c, double s) = (cos[angle + u], sin[angle + u]);
                expected = isFirst ? (x * c) - (y * s) : (y * c) + (x * s);
                double magnitude = Math.Abs(isFirst ? x * c : y * c) + Math.Abs(isFirst ? y * s : x * s);
                bound = Math.ScaleB(magnitude, -22) + (roundoff * Math.Abs(expected)) + Math.ScaleB(1, -25);
            }

            if (!(Math.Abs(actual[i] - expected) <= bound))
            {
                throw new AttentionMismatchException(
                    $"Element {i} is {actual[i]:G9}, expected {expected:G9}, "
                    + $"allowed {bound:G3}. Case: {this}");
            }
        }

        output.CheckGaps();
    }

    private int TokenOf(int row)
    {
        (int b, int rest) = Math.DivRem(row, heads * length);
        return (b * length) + (headsFirst ? rest % length : rest / heads);
    }

    private float[] Cache(int of) =>
        [.. RandomTensor.Normal(ElementType.Float32, CacheLengths.Aggregate(1, (a, b) => a * b),
        of).Select(x => (float)x)];

    /// <summary>Cases of every kind, with and without alignment, and every remainder of loops over
    /// pairs.</summary>
    public static IEnumerable<RotaryCase> All(int seed)
    {
        yield return new(2, 5, 3, 64, 32, PositionKind.Ids, false, false, seed);
        yield return new(2, 5, 3, 64, 32, PositionKind.WideIds, true, true, seed + 1);
        yield return new(3, 7, 2, 40, 16, PositionKind.PerSequence, false, true, seed + 2, padding: 8,
            offset: 8);
        yield return new(3, 4, 2, 48, 8, PositionKind.PerSequence, true, false, seed + 3);
        yield return new(1, 9, 2, 37, 13, PositionKind.From, false, false, seed + 4, padding: 3, offset: 2);
        yield return new(2, 9, 1, 35, 17, PositionKind.Default, true, false, seed + 5);
        yield return new(2, 3, 4, 8, 4, PositionKind.RowPerToken, false, true, seed + 6);
        yield return new(2, 3, 4, 8, 2, PositionKind.RowPerToken, true, true, seed + 7);
        yield return new(1, 2, 1, 1200, 599, PositionKind.From, false, false, seed + 8);
        yield return new(1, 2, 1, 1200, 600, PositionKind.From, true, false, seed + 9);
        yield return new(2, 3, 2, 5, 0, PositionKind.Default, false, false, seed + 10);
        yield return new(1, 3, 2, 7, 3, PositionKind.WideIds, false, false, seed + 13);
        yield return new(0, 3, 2, 8, 4, PositionKind.Ids, false, false, seed + 11);
        yield return new(2, 0, 2, 8, 4, PositionKind.PerSequence, false, false, seed + 12);
    }
}
