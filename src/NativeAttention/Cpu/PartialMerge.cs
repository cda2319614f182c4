using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Joins partial results of one query over disjoint sets of keys. A part is its output o[dim], a maximum m
/// and a sum l: o = sum of 2^(s - m) v and l = sum of 2^(s - m) over its keys. A normalised output with its
/// base-2 log-sum-exp is a part too: m is the log-sum-exp, and l is 1.
/// </summary>
/// <remarks>
/// M = max m, w = 2^(m - M), o = sum of w o, l = sum of w l: the same as one softmax over all keys, up to
/// rounding. Parts are added in their order, so the result does not depend on who computed them when. A part
/// of weight 0, such as an empty one (m = -infinity, l = 0), is skipped and its output not read; NaN in any
/// other part reaches the result.
/// </remarks>
internal static unsafe class PartialMerge<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Joins parts that lie at equal distances into the first of them.</summary>
    /// <param name="first">The first part: its output, then m, then l.</param>
    /// <param name="dim">Length of an output: whole vectors.</param>
    /// <param name="parts">Number of parts, at least 1.</param>
    /// <param name="stride">Floats from a part to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void IntoFirst(float* first, int dim, int parts, nint stride)
    {
        float* maxima = first + dim, sums = maxima + 1;
        float max = maxima[0];
        for (int part = 1; part < parts; part++)
        {
            max = WidthScalar.Max(maxima[part * stride], max);
        }

        float weight = Weight(maxima[0], sums[0], max), sum = weight * sums[0];
        Scale(first, weight, dim);
        for (int part = 1; part < parts; part++)
        {
            weight = Weight(maxima[part * stride], sums[part * stride], max);
            if (weight != 0)
            {
                Add(first, first + (part * stride), weight, dim);
                sum += weight * sums[part * stride];
            }
        }

        maxima[0] = max;
        sums[0] = sum;
    }

    /// <summary>Multiplies an output by its weight; with weight 0 it need not be a number.</summary>
    /// <param name="output">The output.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="dim">Its length: whole vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(float* output, float weight, int dim)
    {
        TVector factor = TWidth.Broadcast(weight);
        for (nint d = 0; d < dim; d += TWidth.Count)
        {
            TWidth.Store(
                weight == 0 ? TWidth.Zero : TWidth.Multiply(TWidth.Load(output + d), factor), output + d);
        }
    }

    /// <summary>output += weight * part</summary>
    /// <param name="output">A vector.</param>
    /// <param name="part">Another.</param>
    /// <param name="weight">Factor on it.</param>
    /// <param name="dim">Their length, of whole vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(float* output, float* part, float weight, int dim)
    {
        TVector factor = TWidth.Broadcast(weight);
        for (nint d = 0; d < dim; d += TWidth.Count)
        {
            TWidth.Store(
                TWidth.MultiplyAdd(factor, TWidth.Load(part + d), TWidth.Load(output + d)), output + d);
        }
    }

    // Without a maximum the sum is 0, where nothing was seen, or NaN, where nothing but NaN was seen: it is
    // its own weight. (And -inf - -inf would be NaN.)
    private static float Weight(float partMax, float partSum, float max) =>
        float.IsNegativeInfinity(partMax) ? partSum : WidthScalar.Exp2(partMax - max);
}
