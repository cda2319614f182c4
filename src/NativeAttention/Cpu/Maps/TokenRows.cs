using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// Rows of tokens between a tensor and scratch memory, where the rows of a box lie one after another as floats.
/// </summary>
/// <typeparam name="T">Element type of the tensor.</typeparam>
internal static unsafe class TokenRows<T>
    where T : unmanaged
{
    /// <summary>Reads the rows of a box.</summary>
    /// <param name="tokens">Row of token 0.</param>
    /// <param name="stride">Distance between the rows of neighbouring tokens.</param>
    /// <param name="runs">The box.</param>
    /// <param name="dim">Elements in a row.</param>
    /// <param name="target">Receives the rows, each <paramref name="dim"/> floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(T* tokens, long stride, BoxRuns runs, int dim, float* target)
    {
        while (runs.MoveNext())
        {
            Read(tokens + (runs.Token * stride), runs.Step * stride, runs.Length, dim,
                target + ((nint)runs.Row * dim));
        }
    }

    /// <summary>Reads rows that lie at one distance from each other.</summary>
    /// <param name="source">First row.</param>
    /// <param name="stride">Distance between rows.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="dim">Elements in a row.</param>
    /// <param name="target">Receives the rows, each <paramref name="dim"/> floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Read(T* source, long stride, int count, int dim, float* target)
    {
        if (typeof(T) != typeof(float))
        {
            ElementConvert.WidenRows(source, (nint)stride, count, dim, target);
            return;
        }

        for (int row = 0; row < count; row++)
        {
            new ReadOnlySpan<float>(source + (row * stride), dim).CopyTo(
                new Span<float>(target + ((nint)row * dim), dim));
        }
    }

    /// <summary>Writes the rows of a box, rounded to the element type.</summary>
    /// <param name="source">The rows, each <paramref name="dim"/> floats.</param>
    /// <param name="dim">Elements in a row.</param>
    /// <param name="runs">The box.</param>
    /// <param name="tokens">Row of token 0.</param>
    /// <param name="stride">Distance between the rows of neighbouring tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scatter(float* source, int dim, BoxRuns runs, T* tokens, long stride)
    {
        while (runs.MoveNext())
        {
            for (int n = 0; n < runs.Length; n++)
            {
                ElementConvert.Narrow(new ReadOnlySpan<float>(source + ((nint)(runs.Row + n) * dim), dim),
                    new Span<T>(tokens + ((runs.Token + (n * runs.Step)) * stride), dim));
            }
        }
    }
}
