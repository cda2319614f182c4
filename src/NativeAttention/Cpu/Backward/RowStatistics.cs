using System.Runtime.CompilerServices;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Backward;

/// <summary>
/// What every query contributes to its gradients besides its vectors, computed once: the log-sum-exp in base 2,
/// and delta = dO . O - dLSE.
/// </summary>
/// <remarks>
/// They lie [batch, query heads, tokens], whatever the strides of the log-sum-exp. A query that saw nothing has
/// minus infinity; it becomes plus infinity, so that 2^(s - lse) is 0 for any finite s.
/// </remarks>
internal static unsafe class RowStatistics<T, TWidth, TVector>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const double Log2E = 1.4426950408889634;

    /// <summary>Tokens of a unit of work.</summary>
    public const int UnitTokens = 64;

    /// <summary>Computes them for some tokens of a head.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="tensors">Output, its gradient, log-sum-exp and its gradient.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Query head.</param>
    /// <param name="first">First token.</param>
    /// <param name="lse">Receives the log-sum-exp of the head's tokens.</param>
    /// <param name="delta">Receives the delta of the head's tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(MapProblem problem, in BackwardPointers<T> tensors, long batch, int head, long first,
        float* lse, float* delta)
    {
        TensorStrides strides = problem.Strides.Output;
        long end = Math.Min(first + UnitTokens, problem.QueryTokens);
        for (long token = first; token < end; token++)
        {
            long row = (batch * strides.Batch) + (token * strides.Sequence) + (head * strides.Head);
            long at = problem.LseOffset(batch, token, head);
            float upstream = tensors.LseGradient == null ? 0 : tensors.LseGradient[at];
            delta[token] = Dot(tensors.OutputGradient + row, tensors.Output + row, problem.ValueHeadDim) - upstream;
            float natural = tensors.Lse[at];
            lse[token] = float.IsNegativeInfinity(natural) ? float.PositiveInfinity : (float)(natural * Log2E);
        }
    }

    private static float Dot(T* a, T* b, int length)
    {
        TVector sum = TWidth.Zero;
        int d = 0;
        for (; d <= length - TWidth.Count; d += TWidth.Count)
        {
            sum = TWidth.MultiplyAdd(TWidth.Widen(a + d), TWidth.Widen(b + d), sum);
        }

        float dot = TWidth.SumLanes(sum);
        for (; d < length; d++)
        {
            dot += WidthScalar.Widen(a + d) * WidthScalar.Widen(b + d);
        }

        return dot;
    }
}
