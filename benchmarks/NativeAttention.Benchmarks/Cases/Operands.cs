using NativeAttention.Benchmarks.Problems;
using NativeAttention.Cpu;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>The inputs of a case, in the default layout.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed record Operands<T>(T[] Query, T[] Key, T[] Value)
    where T : unmanaged
{
    private static readonly T[] Pool = MakePool();

    /// <summary>
    /// Uniform numbers from -0.5 to 0.5, out of a pool of random ones: the same for the same shape in every
    /// process.
    /// </summary>
    public static Operands<T> Of(AttentionShape s)
    {
        long query = (long)s.Batch * s.QueryLength * s.QueryHeads * s.HeadDim;
        long key = (long)s.Batch * s.KeyLength * s.KeyValueHeads * s.HeadDim;
        long value = (long)s.Batch * s.KeyLength * s.KeyValueHeads * s.ValueHeadDim;
        return new Operands<T>(NumberPool.Take<T>(Pool, 0, query), NumberPool.Take<T>(Pool, query, key),
            NumberPool.Take<T>(Pool, query + key, value));
    }

    /// <summary>Optional operands of the case.</summary>
    public OperandValues Optional { get; init; } = OperandValues.None;

    /// <summary>Everything that a run reads.</summary>
    public AttentionInputs<T> Inputs => Optional.With(Query, Key, Value);

    /// <summary>A gradient of the output: out of the pool behind the inputs, times a factor.</summary>
    public T[] OutputGradient(int count, float factor)
    {
        float[] drawn = NumberPool.Take<float>(NumberPool.Uniform, Query.LongLength + Key.Length + Value.Length, count);
        T[] gradient = new T[count];
        ElementConvert.Narrow<T>([.. drawn.Select(x => x * factor)], gradient);
        return gradient;
    }

    /// <summary>Compares some rows of an output with float64.</summary>
    /// <typeparam name="TOutput">Element type of the output.</typeparam>
    /// <param name="case">The case.</param>
    /// <param name="output">Its output, in the default layout.</param>
    public Accuracy Check<TOutput>(BenchCase @case, ReadOnlySpan<TOutput> output)
        where TOutput : unmanaged => new RowReferences(@case.Problem, Optional, i => Elements.ToDouble(Query[i]),
            i => Elements.ToDouble(Key[i]), i => Elements.ToDouble(Value[i]),
            @case.Map is { } map ? map.Keys : null).Compare(output);

    private static T[] MakePool()
    {
        T[] values = new T[NumberPool.Uniform.Length];
        ElementConvert.Narrow<T>(NumberPool.Uniform, values);
        return values;
    }
}
