using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The online softmax (arXiv 1805.02867) in base 2 on one row of scores, whose lanes are keys. The scores
/// carry scale * log2(e) already.
/// </summary>
internal static unsafe class RowSoftmax<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Turns scores into unnormalised probabilities and updates the state of the row.</summary>
    /// <param name="scores">The row; receives p = 2^(s - m).</param>
    /// <param name="keys">Its length: whole vectors, minus infinity where there is no key.</param>
    /// <param name="max">m: minus infinity before the first visible key.</param>
    /// <param name="sum">l, the sum of p.</param>
    /// <returns>2^(old m - m): the factor on what was accumulated so far.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Update(float* scores, int keys, ref float max, ref float sum)
    {
        float before = max;
        max = TWidth.MaxLane(Maximum(scores, keys, TWidth.Broadcast(before)));

        // A row that has seen no key yet: -inf - -inf would be NaN.
        float shift = float.IsNegativeInfinity(max) ? 0 : max;
        float alpha = WidthScalar.Exp2(before - shift);
        sum = (sum * alpha) + TWidth.SumLanes(Exponentials(scores, keys, TWidth.Broadcast(shift)));
        return alpha;
    }

    // Two chains hide the latency of the operation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Maximum(float* scores, nint keys, TVector start)
    {
        TVector even = start, odd = start;
        nint key = 0;
        for (; key + TWidth.Count < keys; key += 2 * TWidth.Count)
        {
            even = TWidth.Max(even, TWidth.Load(scores + key));
            odd = TWidth.Max(odd, TWidth.Load(scores + key + TWidth.Count));
        }

        return TWidth.Max(odd, key < keys ? TWidth.Max(even, TWidth.Load(scores + key)) : even);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Exponentials(float* scores, nint keys, TVector shift)
    {
        TVector even = TWidth.Zero, odd = TWidth.Zero;
        nint key = 0;
        for (; key + TWidth.Count < keys; key += 2 * TWidth.Count)
        {
            TVector p = TWidth.Exp2(TWidth.Subtract(TWidth.Load(scores + key), shift));
            TVector q = TWidth.Exp2(TWidth.Subtract(TWidth.Load(scores + key + TWidth.Count), shift));
            TWidth.Store(p, scores + key);
            TWidth.Store(q, scores + key + TWidth.Count);
            even = TWidth.Add(even, p);
            odd = TWidth.Add(odd, q);
        }

        if (key < keys)
        {
            TVector p = TWidth.Exp2(TWidth.Subtract(TWidth.Load(scores + key), shift));
            TWidth.Store(p, scores + key);
            even = TWidth.Add(even, p);
        }

        return TWidth.Add(even, odd);
    }
}
