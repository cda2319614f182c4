using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The two products of the decode kernel, for up to four rows (queries) and a strip of keys. Both read each
/// element of K or V once, along the head dim, as the caller's memory has it, and widen it in a register.
/// </summary>
/// <remarks>
/// While a strip is read, the one that will be read next is asked for: the products are bound by memory, and
/// what the processor prefetches by itself stops at every page and knows nothing of strides.
/// </remarks>
internal static unsafe class DecodeProducts<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Keys that the score product takes at a time: it writes up to 3 scores beyond the last.</summary>
    public const int KeyBlock = 4;

    /// <summary>
    /// scores[row][key] = q[row] . k[key]. Four keys at a time, so that 4 x 4 accumulators stay in registers
    /// and four sums over lanes become one vector.
    /// </summary>
    /// <param name="scores">First score of the first row.</param>
    /// <param name="scoreStride">Floats from a row of scores to the next.</param>
    /// <param name="queries">Queries, packed [vector][row][lane].</param>
    /// <param name="keys">The strip.</param>
    /// <param name="dim">Head dim, at least a vector.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scores<T, TRows>(float* scores, nint scoreStride, float* queries, in ReadStrip<T> keys,
        nint dim)
        where T : unmanaged
        where TRows : struct, IRowCount
    {
        nint last = keys.Count - 1, ahead = keys.Ahead;
        T* row = keys.Rows;
        for (nint key = 0; key <= last; key += KeyBlock)
        {
            // Keys beyond the last repeat it: their scores are never used.
            T* k0 = row;
            T* k1 = row + (Math.Min(1, last - key) * keys.Stride);
            T* k2 = row + (Math.Min(2, last - key) * keys.Stride);
            T* k3 = row + (Math.Min(3, last - key) * keys.Stride);
            row += KeyBlock * keys.Stride;
            KeyDots<TWidth, TVector> r0 = default, r1 = default, r2 = default, r3 = default;
            float* q = queries;
            nint d = 0;
            for (; d <= dim - TWidth.Count; d += TWidth.Count)
            {
                CachePrefetch.Line(k0 + d + ahead);
                CachePrefetch.Line(k1 + d + ahead);
                CachePrefetch.Line(k2 + d + ahead);
                CachePrefetch.Line(k3 + d + ahead);
                TVector v0 = TWidth.Widen(k0 + d), v1 = TWidth.Widen(k1 + d);
                TVector v2 = TWidth.Widen(k2 + d), v3 = TWidth.Widen(k3 + d);
                Add<TRows>(q, v0, v1, v2, v3, ref r0, ref r1, ref r2, ref r3);
                q += TRows.Count * TWidth.Count;
            }

            if (d < dim)
            {
                // The last vector overlaps the one before: lanes that have been counted become zero.
                d = dim - TWidth.Count;
                TVector v0 = Tail(k0 + d, dim), v1 = Tail(k1 + d, dim);
                TVector v2 = Tail(k2 + d, dim), v3 = Tail(k3 + d, dim);
                Add<TRows>(q, v0, v1, v2, v3, ref r0, ref r1, ref r2, ref r3);
            }

            r0.Store(scores + key);
            if (TRows.Count > 1)
            {
                r1.Store(scores + scoreStride + key);
            }

            if (TRows.Count > 2)
            {
                r2.Store(scores + (2 * scoreStride) + key);
            }

            if (TRows.Count > 3)
            {
                r3.Store(scores + (3 * scoreStride) + key);
            }
        }
    }

    /// <summary>
    /// output[row][lane] += sum over keys of p[row][key] * v[key][lane], for the lanes of one block.
    /// </summary>
    /// <param name="output">First lane of the first row.</param>
    /// <param name="outputStride">Floats from a row of the output to the next.</param>
    /// <param name="weights">p of the strip's first key, first row.</param>
    /// <param name="weightStride">Floats from a row of p to the next.</param>
    /// <param name="values">The strip, from the first lane on.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Values<T, TRows, TBlock>(float* output, nint outputStride, float* weights,
        nint weightStride, in ReadStrip<T> values)
        where T : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector>
    {
        float* o1 = output + outputStride, o2 = o1 + outputStride, o3 = o2 + outputStride;
        float* p1 = weights + weightStride, p2 = p1 + weightStride, p3 = p2 + weightStride;
        TBlock r0 = TBlock.Load(output);
        TBlock r1 = TRows.Count > 1 ? TBlock.Load(o1) : default;
        TBlock r2 = TRows.Count > 2 ? TBlock.Load(o2) : default;
        TBlock r3 = TRows.Count > 3 ? TBlock.Load(o3) : default;
        T* v = values.Rows;
        nint ahead = values.Ahead, stride = values.Stride, count = values.Count;
        for (nint key = 0; key < count; key++)
        {
            TBlock.Prefetch(v + ahead);
            TBlock value = TBlock.Widen(v);
            v += stride;
            r0.Add(TWidth.Broadcast(weights[key]), value);
            if (TRows.Count > 1)
            {
                r1.Add(TWidth.Broadcast(p1[key]), value);
            }

            if (TRows.Count > 2)
            {
                r2.Add(TWidth.Broadcast(p2[key]), value);
            }

            if (TRows.Count > 3)
            {
                r3.Add(TWidth.Broadcast(p3[key]), value);
            }
        }

        r0.Store(output);
        if (TRows.Count > 1)
        {
            r1.Store(o1);
        }

        if (TRows.Count > 2)
        {
            r2.Store(o2);
        }

        if (TRows.Count > 3)
        {
            r3.Store(o3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Tail<T>(T* source, nint dim)
        where T : unmanaged => TWidth.SelectBetween(TWidth.Indices,
            TWidth.Broadcast(TWidth.Count - (dim % TWidth.Count)), TWidth.Broadcast(TWidth.Count),
            TWidth.Widen(source), TWidth.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRows>(float* q, TVector k0, TVector k1, TVector k2, TVector k3,
        ref KeyDots<TWidth, TVector> r0, ref KeyDots<TWidth, TVector> r1, ref KeyDots<TWidth, TVector> r2,
        ref KeyDots<TWidth, TVector> r3)
        where TRows : struct, IRowCount
    {
        r0.Add(q, k0, k1, k2, k3);
        if (TRows.Count > 1)
        {
            r1.Add(q + TWidth.Count, k0, k1, k2, k3);
        }

        if (TRows.Count > 2)
        {
            r2.Add(q + (2 * TWidth.Count), k0, k1, k2, k3);
        }

        if (TRows.Count > 3)
        {
            r3.Add(q + (3 * TWidth.Count), k0, k1, k2, k3);
        }
    }
}
