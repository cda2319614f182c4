using NativeAttention.Cpu;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>The inputs of a case, in the default layout.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed record Operands<T>(T[] Query, T[] Key, T[] Value)
    where T : unmanaged
{
    private const int Seed = 20261120;

    // A prime: rows and heads, whose lengths it shares no divisor with, differ.
    private const int PoolLength = 1_000_003;

    private static readonly T[] Pool = MakePool();

    /// <summary>
    /// Uniform numbers from -0.5 to 0.5, out of a pool of random ones: the same for the same shape in every
    /// process.
    /// </summary>
    public static Operands<T> Of(AttentionShape s)
    {
        long from = 0;
        return new Operands<T>(
            Take((long)s.Batch * s.QueryLength * s.QueryHeads * s.HeadDim, ref from),
            Take((long)s.Batch * s.KeyLength * s.KeyValueHeads * s.HeadDim, ref from),
            Take((long)s.Batch * s.KeyLength * s.KeyValueHeads * s.ValueHeadDim, ref from));
    }

    /// <summary>Optional operands of the case.</summary>
    public OptionalOperands Optional { get; init; } = OptionalOperands.None;

    /// <summary>Everything that a run reads.</summary>
    public AttentionInputs<T> Inputs => new(Query, Key, Value)
    {
        Bias = Optional.Bias,
        Mask = Optional.Mask,
        AlibiSlopes = Optional.AlibiSlopes,
        Sinks = Optional.Sinks,
        QueryTemperature = Optional.Temperature,
        KeyLogWeight = Optional.KeyLogWeight,
        HeadGate = Optional.HeadGate,
        KeyLengths = Optional.KeyLengths,
        CumulativeQueryLengths = Optional.CumulativeQueryLengths,
        CumulativeKeyLengths = Optional.CumulativeKeyLengths,
    };

    /// <summary>Numbers of an optional operand, out of the same pool.</summary>
    public static T[] Draw(long count)
    {
        long from = PoolLength / 2;
        return Take(count, ref from);
    }

    private static T[] Take(long count, ref long from)
    {
        T[] values = new T[count];
        for (Span<T> rest = values; rest.Length > 0;)
        {
            int start = (int)(from % PoolLength), part = Math.Min(rest.Length, PoolLength - start);
            Pool.AsSpan(start, part).CopyTo(rest);
            rest = rest[part..];
            from += part;
        }

        return values;
    }

    private static T[] MakePool()
    {
        Random random = new(Seed);
        float[] drawn = new float[PoolLength];
        for (int i = 0; i < drawn.Length; i++)
        {
            drawn[i] = random.NextSingle() - 0.5f;
        }

        T[] values = new T[PoolLength];
        ElementConvert.Narrow<T>(drawn, values);
        return values;
    }
}
