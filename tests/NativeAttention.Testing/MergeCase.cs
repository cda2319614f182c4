namespace NativeAttention.Testing;

/// <summary>
/// Random partial results, their merge in float64 from its definition, and a check of what somebody made of
/// them. Some parts are empty, with a NaN for output; some rows have no part that is not.
/// </summary>
/// <param name="parts">Number of parts.</param>
/// <param name="batch">Sequences.</param>
/// <param name="length">Queries of one sequence.</param>
/// <param name="heads">Heads.</param>
/// <param name="dim">Head dim.</param>
/// <param name="headsFirst">Whether tensors are BHSD instead of BSHD.</param>
/// <param name="seed">Seed of the numbers.</param>
/// <param name="padding">Elements of a gap after each vector.</param>
/// <param name="offset">Elements of a gap before each vector.</param>
public sealed class MergeCase(int parts, int batch, int length, int heads, int dim, bool headsFirst, int seed,
    int padding = 0, int offset = 0)
{
    private readonly Random random = new(seed);

    /// <summary>The layout.</summary>
    public AttentionLayout Layout => headsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd;

    /// <summary>Number of rows.</summary>
    public int Rows => batch * heads * length;

    /// <summary>The log-sum-exps, [parts, batch, heads, sequence].</summary>
    public float[] Lses { get; private set; } = [];

    /// <summary>Lengths of the log-sum-exp.</summary>
    public int[] LseLengths => [batch, heads, length];

    /// <inheritdoc/>
    public override string ToString() => $"{parts} parts, batch {batch}, {length} queries, "
        + $"{heads} heads of {dim}, {Layout}, gaps {offset} and {padding}, seed {seed}";

    /// <summary>Makes the partial outputs, and with them the log-sum-exps.</summary>
    /// <param name="spread">Factor on the log-sum-exps, which are normal.</param>
    public PaddedTensor<T> MakeParts<T>(double spread = 3)
        where T : unmanaged
    {
        int count = parts * Rows;
        Lses = [.. RandomTensor.Normal(ElementType.Float32, count, seed, spread).Select(l => (float)l)];
        for (int i = 0; i < count; i++)
        {
            bool rowIsEmpty = (i % Rows) % 7 == 5;
            Lses[i] = rowIsEmpty || random.Next(4) == 0 ? float.NegativeInfinity : Lses[i];
        }

        double[] values = RandomTensor.Normal(ElementTypes.Of<T>(), count * dim, seed + 1);
        PaddedTensor<T> outputs = new([parts, .. Lengths()], offset, padding);
        for (int i = 0; i < values.Length; i++)
        {
            int part = i / Math.Max(Rows * dim, 1);
            values[i] = float.IsNegativeInfinity(Lses[(part * Rows) + RowOf(i)]) ? double.NaN : values[i];
        }

        outputs.Values = values;
        return outputs;
    }

    /// <summary>A tensor for the output, full of poison.</summary>
    public PaddedTensor<T> MakeOutput<T>()
        where T : unmanaged => new(Lengths(), offset, padding);

    /// <summary>
    /// Checks a result. Weights carry the error of a float32 exponential, 2^-22 and the rounding of its
    /// argument; 2^-20 of the sum of weighted magnitudes bounds that and the summation of some parts, to
    /// which the rounding of the output comes. The log-sum-exp has the same absolute error and its own
    /// rounding.
    /// </summary>
    public void Check<TPart, T>(double[] partials, PaddedTensor<T> output, float[]? lse)
        where TPart : unmanaged
        where T : unmanaged
    {
        double[] actual = output.Values;
        double roundoff = Elements.UnitRoundoff(ElementTypes.Of<T>());
        for (int i = 0; i < actual.Length; i++)
        {
            (double[] weights, _) = Weigh(RowOf(i));
            double expected = 0, magnitude = 0;
            for (int k = 0; k < parts; k++)
            {
                double term = weights[k] == 0 ? 0 : weights[k] * partials[(k * Rows * dim) + i];
                expected += term;
                magnitude += Math.Abs(term);
            }

            Require($"output {i}", actual[i], expected,
                Math.ScaleB(magnitude, -20) + (roundoff * Math.Abs(expected)) + Math.ScaleB(1, -25));
        }

        for (int row = 0; lse is not null && row < Rows; row++)
        {
            double expected = Weigh(row).Lse;
            Require($"lse {row}", lse[row], expected,
                Math.ScaleB(1, -20) + Math.ScaleB(Math.Abs(expected), -23));
        }

        output.CheckGaps();
    }

    private int[] Lengths() => headsFirst ? [batch, heads, length, dim] : [batch, length, heads, dim];

    // The row, [batch, heads, sequence], of an element of a part.
    private int RowOf(int index)
    {
        (int b, int rest) = Math.DivRem(index / dim % Rows, length * heads);
        (int outer, int inner) = Math.DivRem(rest, headsFirst ? length : heads);
        return (b * length * heads) + (headsFirst ? rest : (inner * length) + outer);
    }

    private (double[] Weights, double Lse) Weigh(int row)
    {
        double[] l = [.. Enumerable.Range(0, parts).Select(k => (double)Lses[(k * Rows) + row])];
        double largest = l.Max();
        if (double.IsNegativeInfinity(largest))
        {
            return (new double[parts], largest);
        }

        double sum = l.Sum(x => Math.Exp(x - largest));
        return ([.. l.Select(x => Math.Exp(x - largest) / sum)], largest + Math.Log(sum));
    }

    private void Require(string what, double actual, double expected, double bound)
    {
        if (!(Math.Abs(actual - expected) <= bound) && !actual.Equals(expected))
        {
            throw new AttentionMismatchException(
                $"{what} is {actual:G9}, expected {expected:G9}, allowed {bound:G3}. Case: {this}");
        }
    }
}
