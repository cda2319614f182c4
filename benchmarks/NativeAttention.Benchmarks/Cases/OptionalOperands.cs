namespace NativeAttention.Benchmarks.Cases;

/// <summary>The optional operands of a case; those that its options do not announce are empty.</summary>
internal sealed record OptionalOperands(float[] Bias, bool[] Mask, float[] AlibiSlopes, float[] Sinks,
    float[] Temperature, float[] KeyLogWeight, float[] HeadGate, int[] KeyLengths,
    int[] CumulativeQueryLengths, int[] CumulativeKeyLengths)
{
    /// <summary>No operand.</summary>
    public static OptionalOperands None { get; } = new([], [], [], [], [], [], [], [], [], []);

    /// <summary>
    /// The operands of a case: the same in every process. Terms are uniform from -0.5 to 0.5, factors from 0.5
    /// to 1.5; slopes fall from head to head as those of ALiBi do.
    /// </summary>
    public static OptionalOperands Of(BenchCase @case)
    {
        OperandLengths lengths = OperandLengths.Of(@case);
        (int Queries, int Keys)[] sequences = [.. Enumerable.Range(0, @case.Shape.Batch).Select(@case.Lengths)];
        return new OptionalOperands(
            Terms(lengths.Bias),
            [.. Terms(lengths.Mask).Select(t => t < 0)],
            [.. Enumerable.Range(1, (int)lengths.AlibiSlopes)
                .Select(h => (float)Math.Pow(2, -8.0 * h / lengths.AlibiSlopes))],
            Terms(lengths.Sinks),
            Factors(lengths.Temperature),
            Terms(lengths.KeyLogWeight),
            Factors(lengths.HeadGate),
            lengths.KeyLengths == 0 ? [] : [.. sequences.Select(s => s.Keys)],
            lengths.Cumulative == 0 ? [] : Sums(sequences.Select(s => s.Queries)),
            lengths.Cumulative == 0 ? [] : Sums(sequences.Select(s => s.Keys)));
    }

    private static float[] Terms(long count) => Operands<float>.Draw(count);

    private static float[] Factors(long count)
    {
        float[] values = Terms(count);
        foreach (ref float value in values.AsSpan())
        {
            value += 1;
        }

        return values;
    }

    private static int[] Sums(IEnumerable<int> lengths)
    {
        int sum = 0;
        return [0, .. lengths.Select(length => sum += length)];
    }
}
