using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The online softmax (arXiv 1805.02867) in base 2, on a transposed tile of scores s[key][lane]: lanes are
/// queries, so maxima and sums over keys are operations between vectors. The scores carry scale * log2(e)
/// already.
/// </summary>
/// <remarks>
/// State for every lane: m (minus infinity before the first visible key) and the sum l. m is a score that was the
/// largest once: it is raised only where a score exceeds it by more than <see cref="Slack"/>, so that what was
/// accumulated is seldom rescaled; p is 256 at most then. (The idea is that of FlashAttention-4.) NaN needs no care in
/// the maximum: the exponential of its score is NaN whatever m is, and reaches l and through P the output.
/// </remarks>
internal static unsafe class OnlineSoftmax<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>How much larger than m a score may be, in base 2.</summary>
    private const float Slack = 8;

    /// <summary>
    /// Hides what is outside a band: s[key][lane] = -inf unless low &lt;= lane - key &lt;= high. Blocks of
    /// lanes that lie wholly before the band belong to no strip and are left alone.
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
            int least = (int)Math.Clamp(low + key, -1, lanes);
            int greatest = (int)Math.Clamp(high + key, -1, lanes);
            int first = Math.Max(least, 0) / KeyStrips.BlockLanes * KeyStrips.BlockLanes;
            for (int lane = first; lane < lanes; lane += TWidth.Count)
            {
                if (lane >= least && lane + TWidth.Count - 1 <= greatest)
                {
                    continue;
                }

                TVector index = TWidth.Add(TWidth.Broadcast(lane), TWidth.Indices);
                TVector score = TWidth.Load(scores + lane);
                TWidth.Store(TWidth.SelectBetween(index, TWidth.Broadcast(least), TWidth.Broadcast(greatest),
                    score, hidden), scores + lane);
            }

            scores += lanes;
        }
    }

    /// <summary>Turns scores into unnormalised probabilities and updates the state.</summary>
    /// <param name="scores">The tile; receives p = 2^(s - m).</param>
    /// <param name="strips">The keys that each lane may see: the others are left alone.</param>
    /// <param name="lanes">Lanes in a row.</param>
    /// <param name="maxima">m of every lane.</param>
    /// <param name="sums">l of every lane.</param>
    /// <param name="rescale">Receives 2^(old m - m): the factor on what was accumulated so far.</param>
    /// <returns>Whether some factor is not 1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Update(float* scores, in KeyStrips strips, int lanes, float* maxima, float* sums,
        float* rescale)
    {
        bool raised = false;
        for (int lane = 0; lane < lanes; lane += TWidth.Count)
        {
            raised |= UpdateVector(scores + lane, strips.End(lane / KeyStrips.BlockLanes), lanes, maxima + lane,
                sums + lane, rescale + lane);
        }

        return raised;
    }

    /// <summary>As <see cref="Update"/>, for the lanes of one vector.</summary>
    /// <param name="scores">First key's scores of these lanes; receives p = 2^(s - m).</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="stride">Distance between keys.</param>
    /// <param name="maxima">m of the lanes.</param>
    /// <param name="sums">l of the lanes.</param>
    /// <param name="rescale">Receives 2^(old m - m).</param>
    /// <returns>Whether some factor is not 1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool UpdateVector(float* scores, int keys, nint stride, float* maxima, float* sums, float* rescale)
    {
        TVector before = TWidth.Load(maxima), m = before, alpha = TWidth.Broadcast(1);
        TVector max = Maximum(scores, keys, stride, before), most = TWidth.Add(before, TWidth.Broadcast(Slack));
        bool raised = TWidth.AnyGreater(max, most);
        if (raised)
        {
            m = TWidth.SelectBetween(max, TWidth.Broadcast(float.NegativeInfinity), most, before, max);
            TWidth.Store(m, maxima);
            alpha = Factor(before, m);
        }

        TWidth.Store(alpha, rescale);
        TVector sum = Exponentials(scores, keys, stride, Shift(m));
        TWidth.Store(TWidth.MultiplyAdd(TWidth.Load(sums), alpha, sum), sums);
        return raised;
    }

    // A lane that has seen no key yet: -inf - -inf would be NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Shift(TVector m) => TWidth.ReplaceNegativeInfinity(m, TWidth.Zero);

    // Exactly 1 where m stays: the polynomial is an ulp off there, and every tile counts.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Factor(TVector before, TVector m) => TWidth.SelectBetween(
        before, m, m, TWidth.Broadcast(1), TWidth.Exp2(TWidth.Subtract(before, Shift(m))));

    // Four chains hide the latency of the operation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Maximum(float* scores, int keys, nint lanes, TVector start)
    {
        TVector a = start, b = start, c = start, d = start;
        int key = 0;
        for (; key + 3 < keys; key += 4)
        {
            a = TWidth.Max(a, TWidth.Load(scores));
            b = TWidth.Max(b, TWidth.Load(scores + lanes));
            c = TWidth.Max(c, TWidth.Load(scores + (2 * lanes)));
            d = TWidth.Max(d, TWidth.Load(scores + (3 * lanes)));
            scores += 4 * lanes;
        }

        for (; key < keys; key++)
        {
            a = TWidth.Max(a, TWidth.Load(scores));
            scores += lanes;
        }

        return TWidth.Max(TWidth.Max(a, b), TWidth.Max(c, d));
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
