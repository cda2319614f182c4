namespace NativeAttention.Benchmarks.Problems;

/// <summary>The optional operands of a problem; those that its options do not announce are empty.</summary>
internal sealed record OperandValues(float[] Bias, bool[] Mask, float[] AlibiSlopes, float[] Sinks,
    float[] Temperature, float[] KeyLogWeight, float[] HeadGate, int[] KeyLengths,
    int[] CumulativeQueryLengths, int[] CumulativeKeyLengths)
{
    /// <summary>No operand.</summary>
    public static OperandValues None { get; } = new([], [], [], [], [], [], [], [], [], []);

    /// <summary>
    /// The operands of a problem: the same in every process. Terms are uniform from -0.5 to 0.5, factors from
    /// 0.5 to 1.5, half of a mask hides; slopes fall from head to head as those of ALiBi do; a sink weighs
    /// about as much as all keys together, or its absence would not show.
    /// </summary>
    public static OperandValues Of(DenseProblem problem)
    {
        OperandLengths lengths = OperandLengths.Of(problem);
        int[] keys = [.. Enumerable.Range(0, problem.Shape.Batch).Select(b => problem.Lengths(b).Keys)];
        return new OperandValues(
            Terms(lengths.Bias),
            Array.ConvertAll(Terms(lengths.Mask), t => t < 0),
            [.. Enumerable.Range(1, (int)lengths.AlibiSlopes)
                .Select(h => (float)Math.Pow(2, -8.0 * h / lengths.AlibiSlopes))],
            Moved(Terms(lengths.Sinks), MathF.Log(Math.Max(problem.Shape.KeyLength, 1))),
            Moved(Terms(lengths.Temperature), 1),
            Terms(lengths.KeyLogWeight),
            Moved(Terms(lengths.HeadGate), 1),
            lengths.KeyLengths == 0 ? [] : keys,
            lengths.Cumulative == 0 ? [] : [.. problem.Starts.Select(s => s.Query)],
            lengths.Cumulative == 0 ? [] : [.. problem.Starts.Select(s => s.Key)]);
    }

    /// <summary>Everything that a run reads.</summary>
    public AttentionInputs<T> With<T>(T[] query, T[] key, T[] value)
        where T : unmanaged => new(query, key, value)
        {
            Bias = Bias,
            Mask = Mask,
            AlibiSlopes = AlibiSlopes,
            Sinks = Sinks,
            QueryTemperature = Temperature,
            KeyLogWeight = KeyLogWeight,
            HeadGate = HeadGate,
            KeyLengths = KeyLengths,
            CumulativeQueryLengths = CumulativeQueryLengths,
            CumulativeKeyLengths = CumulativeKeyLengths,
        };

    private static float[] Terms(long count) =>
        NumberPool.Take<float>(NumberPool.Uniform, NumberPool.Uniform.Length / 2, count);

    private static float[] Moved(float[] values, float by)
    {
        foreach (ref float value in values.AsSpan())
        {
            value += by;
        }

        return values;
    }
}
