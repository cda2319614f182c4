using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// What modifiers do to a transposed tile of scores s[key][lane], in vectors: lanes are queries. Scores are in
/// base-2 units.
/// </summary>
internal static unsafe class TileTerms<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const float TwoLog2E = 2.8853900817779268f;

    /// <summary>Below this, tanh is a polynomial: 1 - t would lose digits.</summary>
    private const float SmallTanh = 0.25f;

    /// <summary>s = cap * tanh(s / cap)</summary>
    /// <param name="scores">The tile.</param>
    /// <param name="count">Scores in it, a whole number of vectors.</param>
    /// <param name="cap">The cap, in the units of the scores.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SoftCap(float* scores, int count, float cap)
    {
        TVector factor = TWidth.Broadcast(cap), inverse = TWidth.Broadcast(1 / cap);
        for (int i = 0; i < count; i += TWidth.Count)
        {
            TVector x = TWidth.Multiply(TWidth.Load(scores + i), inverse);
            TWidth.Store(TWidth.Multiply(factor, Tanh(x)), scores + i);
        }
    }

    /// <summary>s[key][lane] += terms[key]</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddKeys(float* scores, int keys, int lanes, float* terms)
    {
        for (int key = 0; key < keys; key++)
        {
            TVector term = TWidth.Broadcast(terms[key]);
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                TWidth.Store(TWidth.Add(TWidth.Load(scores + lane), term), scores + lane);
            }

            scores += lanes;
        }
    }

    /// <summary>s[key][lane] += panel[key][lane], where panel rows are <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddPanel(float* scores, int keys, int lanes, float* panel, int stride)
    {
        for (int key = 0; key < keys; key++)
        {
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                TWidth.Store(TWidth.Add(TWidth.Load(scores + lane), TWidth.Load(panel + lane)), scores + lane);
            }

            scores += lanes;
            panel += stride;
        }
    }

    /// <summary>s[key][lane] -= slope * |lane + distance - key|</summary>
    /// <param name="scores">The tile.</param>
    /// <param name="keys">Keys in it.</param>
    /// <param name="lanes">Lanes in a row.</param>
    /// <param name="slope">The slope, in base-2 units.</param>
    /// <param name="distance">How far lane 0 stands right of key 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Alibi(float* scores, int keys, int lanes, float slope, long distance)
    {
        TVector falling = TWidth.Broadcast(-slope);
        for (int key = 0; key < keys; key++)
        {
            TVector first = TWidth.Broadcast(distance - key);
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                TVector apart = TWidth.Add(TWidth.Add(TWidth.Broadcast(lane), TWidth.Indices), first);
                TWidth.Store(TWidth.MultiplyAdd(falling, TWidth.Abs(apart), TWidth.Load(scores + lane)),
                    scores + lane);
            }

            scores += lanes;
        }
    }

    /// <summary>s[key][lane] = -inf where panel[key][lane] is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hide(float* scores, int keys, int lanes, float* panel, int stride)
    {
        TVector hidden = TWidth.Broadcast(float.NegativeInfinity);
        for (int key = 0; key < keys; key++)
        {
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                TWidth.Store(TWidth.SelectBetween(TWidth.Load(panel + lane), TWidth.Zero, TWidth.Zero, hidden,
                    TWidth.Load(scores + lane)), scores + lane);
            }

            scores += lanes;
            panel += stride;
        }
    }

    /// <summary>s[key][...] = -inf where visible[key] is 0.</summary>
    public static void HideKeys(float* scores, int keys, int lanes, float* visible)
    {
        for (int key = 0; key < keys; key++)
        {
            if (visible[key] == 0)
            {
                new Span<float>(scores + ((nint)key * lanes), lanes).Fill(float.NegativeInfinity);
            }
        }
    }

    /// <summary>
    /// s[key][lane] = -inf where neither the band nor the prefix of a schedule shows the key to the lane.
    /// </summary>
    /// <param name="scores">The tile.</param>
    /// <param name="keys">Keys in it.</param>
    /// <param name="lanes">Lanes in a row.</param>
    /// <param name="schedule">Band and prefix.</param>
    /// <param name="firstKey">Key 0 of the tile.</param>
    /// <param name="firstRow">Query of lane 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void HideOutside(float* scores, int keys, int lanes, in TileSchedule schedule, long firstKey,
        long firstRow)
    {
        TVector hidden = TWidth.Broadcast(float.NegativeInfinity), last = TWidth.Broadcast(lanes);
        for (int key = 0; key < keys; key++)
        {
            long diagonal = firstKey + key - firstRow;
            bool inPrefix = firstKey + key < schedule.PrefixKeys;
            TVector least = Limit(diagonal - schedule.Band.Right, lanes);
            TVector greatest = Limit(diagonal - schedule.Band.Left, lanes);
            TVector prefix = Limit(inPrefix ? diagonal - schedule.PrefixRight : lanes, lanes);
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                TVector index = TWidth.Add(TWidth.Broadcast(lane), TWidth.Indices);
                TVector score = TWidth.Load(scores + lane);
                TVector outside = TWidth.SelectBetween(index, prefix, last, score, hidden);
                TWidth.Store(TWidth.SelectBetween(index, least, greatest, score, outside), scores + lane);
            }

            scores += lanes;
        }
    }

    /// <summary>panel[row][lane] *= factor[lane]</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* panel, int rows, int lanes, float* factor)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int lane = 0; lane < lanes; lane += TWidth.Count)
            {
                TWidth.Store(TWidth.Multiply(TWidth.Load(panel + lane), TWidth.Load(factor + lane)),
                    panel + lane);
            }

            panel += lanes;
        }
    }

    // (1 - t) / (1 + t) with t = e^-2|x|, and the Taylor polynomial where that loses digits. Largest error
    // 1.5e-7, relative; infinite x gives +-1 and NaN gives NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh(TVector x)
    {
        TVector magnitude = TWidth.Abs(x);
        TVector one = TWidth.Broadcast(1);
        TVector t = TWidth.Exp2(TWidth.Multiply(magnitude, TWidth.Broadcast(-TwoLog2E)));
        TVector large = TWidth.Divide(TWidth.Subtract(one, t), TWidth.Add(one, t));
        large = TWidth.CopySign(large, x);
        TVector square = TWidth.Multiply(x, x);
        TVector p = TWidth.Broadcast(62f / 2835);
        p = TWidth.MultiplyAdd(p, square, TWidth.Broadcast(-17f / 315));
        p = TWidth.MultiplyAdd(p, square, TWidth.Broadcast(2f / 15));
        p = TWidth.MultiplyAdd(p, square, TWidth.Broadcast(-1f / 3));
        TVector small = TWidth.MultiplyAdd(TWidth.Multiply(p, square), x, x);
        return TWidth.SelectBetween(magnitude, TWidth.Zero, TWidth.Broadcast(SmallTanh), small, large);
    }

    // Lanes are small numbers, exact as floats; limits beyond them may be clamped.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Limit(long lane, int lanes) => TWidth.Broadcast(Math.Clamp(lane, -1, lanes));
}
