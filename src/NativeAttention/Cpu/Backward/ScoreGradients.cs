using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu.Backward;

/// <summary>
/// From scores to their gradients on a tile [row][lane], in base 2: p = 2^(s - lse) in place of the scores, and
/// ds = p (dp - delta) in place of dp = dO . v.
/// </summary>
/// <remarks>
/// s - lse is at most 0 but for rounding, since the log-sum-exp is no less than any score. Scores of 1e8 and more
/// round by more than 1, and then the difference might say anything: it is cut at 0, so that p is at most 1 and no
/// gradient overflows. Which operand of the maximum comes second matters: a NaN must come through.
/// </remarks>
internal static unsafe class ScoreGradients<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Rows are queries.</summary>
    /// <param name="scores">s; receives p.</param>
    /// <param name="slopes">dp; receives ds.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="lanes">Lanes in a row.</param>
    /// <param name="lse">Log-sum-exp of each row, in base 2.</param>
    /// <param name="delta">Delta of each row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OfQueryRows(float* scores, float* slopes, int rows, int lanes, float* lse, float* delta)
    {
        for (int row = 0; row < rows; row++)
        {
            TVector shift = TWidth.Broadcast(lse[row]), less = TWidth.Broadcast(delta[row]);
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                Pair(scores + lane, slopes + lane, shift, less);
            }

            scores += lanes;
            slopes += lanes;
        }
    }

    /// <summary>Lanes are queries.</summary>
    /// <param name="scores">s; receives p.</param>
    /// <param name="slopes">dp; receives ds.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="lanes">Lanes in a row.</param>
    /// <param name="lse">Log-sum-exp of each lane, in base 2.</param>
    /// <param name="delta">Delta of each lane.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OfQueryLanes(float* scores, float* slopes, int rows, int lanes, float* lse, float* delta)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                Pair(scores + lane, slopes + lane, TWidth.Load(lse + lane), TWidth.Load(delta + lane));
            }

            scores += lanes;
            slopes += lanes;
        }
    }

    /// <summary>
    /// Sets what lanes do not see to 0, whatever it was: lane l sees the rows from low[l] to high[l].
    /// </summary>
    /// <param name="panel">First row of a run.</param>
    /// <param name="rows">Rows of the run, which are numbered from 0.</param>
    /// <param name="lanes">Lanes in a row.</param>
    /// <param name="low">First row that each lane sees.</param>
    /// <param name="high">Last row that each lane sees; below the first when it sees none.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hide(float* panel, int rows, int lanes, float* low, float* high)
    {
        for (int row = 0; row < rows; row++)
        {
            TVector index = TWidth.Broadcast(row);
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                TWidth.Store(TWidth.SelectBetween(index, TWidth.Load(low + lane), TWidth.Load(high + lane),
                    TWidth.Load(panel + lane), TWidth.Zero), panel + lane);
            }

            panel += lanes;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(float* score, float* slope, TVector lse, TVector delta)
    {
        TVector below = TWidth.Max(TWidth.Zero, TWidth.Subtract(lse, TWidth.Load(score)));
        TVector p = TWidth.Exp2(TWidth.Subtract(TWidth.Zero, below));
        TWidth.Store(p, score);
        TWidth.Store(TWidth.Multiply(p, TWidth.Subtract(TWidth.Load(slope), delta)), slope);
    }
}
