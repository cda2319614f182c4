using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The online softmax (arXiv 1805.02867) in base 2, on a transposed tile of scores s[key][lane]: lanes are
/// queries, so maxima and sums over keys are operations between vectors. The scores carry scale * log2(e)
/// already.
/// </summary>
/// <remarks>
/// State for every lane: the maximum m (minus infinity before the first visible key) and the sum l. NaN needs
/// no care in the maximum: the exponential of its score is NaN whatever the maximum is, and reaches l and
/// through P the output.
/// </remarks>
internal static unsafe class OnlineSoftmax<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>
    /// Hides what is outside a band: s[key][lane] = -inf unless low &lt;= lane - key &lt;= high.
    /// </summary>
    /// <param name="scores">The tile.</param>
    /// <param name="keys">Keys in it.</param>
    /// <param name="lanes">Lanes in a row.</param>
    /// <param name="low">Least visible lane of key 0.</param>
    /// <param name="high">Greatest visible lane of key 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Mask(float* scores, int keys, int lanes, long low, long high)
    {
        TVector hidden = TWidth.Broadcast(float.NegativeInfinity);
        for (int key = 0; key < keys; key++)
        {
            // Lanes are small numbers, exact as floats; limits beyond them may be clamped.
            TVector least = TWidth.Broadcast(Math.Clamp(low + key, -1, lanes));
            TVector greatest = TWidth.Broadcast(Math.Clamp(high + key, -1, lanes));
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                TVector index = TWidth.Add(TWidth.Broadcast(lane), TWidth.Indices);
                TVector score = TWidth.Load(scores + lane);
                TWidth.Store(TWidth.SelectBetween(index, least, greatest, score, hidden), scores + lane);
            }

            scores += lanes;
        }
    }

    /// <summary>Turns scores into unnormalised probabilities and updates the state.</summary>
    /// <param name="scores">The tile; receives p = 2^(s - m).</param>
    /// <param name="keys">Keys in it.</param>
    /// <param name="lanes">Lanes in a row.</param>
    /// <param name="maxima">m of every lane.</param>
    /// <param name="sums">l of every lane.</param>
    /// <param name="rescale">Receives 2^(old m - m): the factor on what was accumulated so far.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Update(float* scores, int keys, int lanes, float* maxima, float* sums, float* rescale)
    {
        for (int lane = 0; lane < lanes; lane += TWidth.Count)
        {
            TVector before = TWidth.Load(maxima + lane);
            TVector max = Maximum(scores + lane, keys, lanes, before);
            TWidth.Store(max, maxima + lane);

            // A lane that has seen no key yet: -inf - -inf would be NaN.
            TVector shift = TWidth.ReplaceNegativeInfinity(max, TWidth.Zero);
            TVector alpha = TWidth.Exp2(TWidth.Subtract(before, shift));
            TWidth.Store(alpha, rescale + lane);
            TVector sum = Exponentials(scores + lane, keys, lanes, shift);
            TWidth.Store(TWidth.MultiplyAdd(TWidth.Load(sums + lane), alpha, sum), sums + lane);
        }
    }

    // Two chains hide the latency of the operation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Maximum(float* scores, int keys, nint lanes, TVector start)
    {
        TVector even = start, odd = start;
        int key = 0;
        for (; key + 1 < keys; key += 2)
        {
            even = TWidth.Max(even, TWidth.Load(scores));
            odd = TWidth.Max(odd, TWidth.Load(scores + lanes));
            scores += 2 * lanes;
        }

        return TWidth.Max(odd, key < keys ? TWidth.Max(even, TWidth.Load(scores)) : even);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Exponentials(float* scores, int keys, nint lanes, TVector shift)
    {
        TVector even = TWidth.Zero, odd = TWidth.Zero;
        int key = 0;
        for (; key + 1 < keys; key += 2)
        {
            TVector p = TWidth.Exp2(TWidth.Subtract(TWidth.Load(scores), shift));
            TVector q = TWidth.Exp2(TWidth.Subtract(TWidth.Load(scores + lanes), shift));
            TWidth.Store(p, scores);
            TWidth.Store(q, scores + lanes);
            even = TWidth.Add(even, p);
            odd = TWidth.Add(odd, q);
            scores += 2 * lanes;
        }

        if (key < keys)
        {
            TVector p = TWidth.Exp2(TWidth.Subtract(TWidth.Load(scores), shift));
            TWidth.Store(p, scores);
            even = TWidth.Add(even, p);
        }

        return TWidth.Add(even, odd);
    }
}
