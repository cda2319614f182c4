namespace NativeAttention.Benchmarks.Problems;

/// <summary>
/// Tensors are filled from pools of random numbers, from some place on and beginning again at their end:
/// drawing every element anew would take longer than measuring.
/// </summary>
internal static class NumberPool
{
    // A prime: rows and heads, whose lengths it shares no divisor with, differ.
    private const int UniformCount = 1_000_003;

    private const int Seed = 20261120;

    /// <summary>Uniform numbers from -0.5 to 0.5, the same in every process.</summary>
    public static float[] Uniform { get; } = MakeUniform();

    /// <summary>Elements out of a pool.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="from">The place to begin at, which may lie beyond its end.</param>
    /// <param name="count">How many.</param>
    public static T[] Take<T>(ReadOnlySpan<T> pool, long from, long count)
    {
        T[] values = new T[count];
        int start = (int)(from % pool.Length);
        for (Span<T> rest = values; rest.Length > 0; start = 0)
        {
            int run = Math.Min(rest.Length, pool.Length - start);
            pool.Slice(start, run).CopyTo(rest);
            rest = rest[run..];
        }

        return values;
    }

    private static float[] MakeUniform()
    {
        Random random = new(Seed);
        float[] drawn = new float[UniformCount];
        for (int i = 0; i < drawn.Length; i++)
        {
            drawn[i] = random.NextSingle() - 0.5f;
        }

        return drawn;
    }
}
