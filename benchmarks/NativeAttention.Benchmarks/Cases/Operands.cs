namespace NativeAttention.Benchmarks.Cases;

/// <summary>The inputs of a case, in the default layout.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed record Operands<T>(T[] Query, T[] Key, T[] Value)
    where T : unmanaged
{
    private const int Seed = 20261120;

    /// <summary>Uniform numbers from -0.5 to 0.5, the same for the same shape in every process.</summary>
    public static Operands<T> Draw(AttentionShape s)
    {
        Random random = new(Seed);
        return new Operands<T>(
            Draw(random, (long)s.Batch * s.QueryLength * s.QueryHeads * s.HeadDim),
            Draw(random, (long)s.Batch * s.KeyLength * s.KeyValueHeads * s.HeadDim),
            Draw(random, (long)s.Batch * s.KeyLength * s.KeyValueHeads * s.ValueHeadDim));
    }

    private static T[] Draw(Random random, long count)
    {
        T[] values = new T[count];
        Span<float> drawn = stackalloc float[1024];
        for (int from = 0; from < values.Length; from += drawn.Length)
        {
            Span<T> part = values.AsSpan(from, Math.Min(drawn.Length, values.Length - from));
            for (int i = 0; i < part.Length; i++)
            {
                drawn[i] = random.NextSingle() - 0.5f;
            }

            ElementConvert.Narrow<T>(drawn[..part.Length], part);
        }

        return values;
    }
}
