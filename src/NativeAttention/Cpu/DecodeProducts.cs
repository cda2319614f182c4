using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The two products of the decode kernel, for up to four rows (queries) and a strip of keys. Both read each
/// element of K or V once, along the head dim, as the caller's memory has it, and widen it in a register.
/// </summary>
/// <remarks>
/// While a strip is read, the one that will be read next is asked for: the products are bound by memory, and
/// what the processor prefetches by itself stops at every page and knows nothing of strides. Where an element
/// is not finite it may not be read as it is (see <see cref="PairedElements{T, TWidth, TVector}"/>): scores then
/// are wrong, and must be computed again from a widened strip; values are widened at once.
/// </remarks>
internal static unsafe class DecodeProducts<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>
    /// scores[row][step][stream] = q[row] . k[stream][step], for all heads of the strip. A step at a time, so
    /// that 4 x 4 accumulators stay in registers and four sums over lanes become one vector.
    /// </summary>
    /// <param name="scores">The strip's scores in the first row; four are written for each step.</param>
    /// <param name="scoreStride">Floats from a row of scores to the next.</param>
    /// <param name="queries">Queries, packed [vector][row][lane].</param>
    /// <param name="headFloats">Floats from the queries and scores of a head to those of the next.</param>
    /// <param name="keys">The strip.</param>
    /// <param name="dim">Head dim, at least a span.</param>
    /// <returns>False where the scores are wrong.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Scores<T, TRows>(float* scores, nint scoreStride, float* queries, nint headFloats,
        in ReadStrip<T> keys, nint dim)
        where T : unmanaged
        where TRows : struct, IRowCount
    {
        // Streams beyond the last repeat it.
        nint last = keys.Streams - 1, ahead = keys.Ahead, stride = keys.Stride;
        nint to1 = Math.Min(1, last) * keys.Apart, to2 = Math.Min(2, last) * keys.Apart, to3 = last * keys.Apart;
        T* rows = keys.Rows;
        TVector largest = TWidth.Zero;
        nint span = PairedElements<T, TWidth, TVector>.Span;
        for (nint head = 0; head < keys.Heads; head++)
        {
            float* s = scores;
            T* k0 = rows, k1 = k0 + to1, k2 = k0 + to2, k3 = k0 + to3;
            for (nint step = keys.Steps; step > 0; step--)
            {
                KeyDots<TWidth, TVector> r0 = default, r1 = default, r2 = default, r3 = default;
                float* q = queries;
                for (nint begin = 0; begin < dim; begin += span)
                {
                    // The last span may overlap the one before: the queries' lanes that both have are zero in it.
                    nint d = Math.Min(begin, dim - span);
                    CachePrefetch.Far(k0 + d + ahead);
                    CachePrefetch.Far(k1 + d + ahead);
                    CachePrefetch.Far(k2 + d + ahead);
                    CachePrefetch.Far(k3 + d + ahead);
                    if (PairedElements<T, TWidth, TVector>.Paired)
                    {
                        TVector p0 = PairedElements<T, TWidth, TVector>.Load(k0 + d, ref largest);
                        TVector p1 = PairedElements<T, TWidth, TVector>.Load(k1 + d, ref largest);
                        TVector p2 = PairedElements<T, TWidth, TVector>.Load(k2 + d, ref largest);
                        TVector p3 = PairedElements<T, TWidth, TVector>.Load(k3 + d, ref largest);
                        Add<TRows>(q, TWidth.EvenHalves<T>(p0), TWidth.EvenHalves<T>(p1), TWidth.EvenHalves<T>(p2),
                            TWidth.EvenHalves<T>(p3), ref r0, ref r1, ref r2, ref r3);
                        q += TRows.Count * TWidth.Count;
                        Add<TRows>(q, TWidth.OddHalves<T>(p0), TWidth.OddHalves<T>(p1), TWidth.OddHalves<T>(p2),
                            TWidth.OddHalves<T>(p3), ref r0, ref r1, ref r2, ref r3);
                    }
                    else
                    {
                        Add<TRows>(q, TWidth.Widen(k0 + d), TWidth.Widen(k1 + d), TWidth.Widen(k2 + d),
                            TWidth.Widen(k3 + d), ref r0, ref r1, ref r2, ref r3);
                    }

                    q += TRows.Count * TWidth.Count;
                }

                r0.Store(s);
                if (TRows.Count > 1)
                {
                    r1.Store(s + scoreStride);
                }

                if (TRows.Count > 2)
                {
                    r2.Store(s + (2 * scoreStride));
                }

                if (TRows.Count > 3)
                {
                    r3.Store(s + (3 * scoreStride));
                }

                s += KeyStreams.MostStreams;
                k0 += stride;
                k1 += stride;
                k2 += stride;
                k3 += stride;
            }

            rows += keys.HeadStride;
            queries += headFloats;
            scores += headFloats;
        }

        return PairedElements<T, TWidth, TVector>.AreFinite(largest);
    }

    /// <summary>
    /// output[row][lane] += sum over keys of p[row][step][stream] * v[stream][step][lane], for all heads of the strip
    /// and the lanes of some blocks side by side.
    /// </summary>
    /// <param name="output">First lane of the first row.</param>
    /// <param name="outputStride">Floats from a row of the output to the next.</param>
    /// <param name="weights">p[row][step][stream], the strip's in the first row.</param>
    /// <param name="weightStride">Floats from a row of p to the next.</param>
    /// <param name="headFloats">Floats from the output and weights of a head to those of the next.</param>
    /// <param name="values">The strip, from the first lane on.</param>
    /// <param name="blocks">Number of blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Values<T, TRows, TBlock>(float* output, nint outputStride, float* weights,
        nint weightStride, nint headFloats, in ReadStrip<T> values, nint blocks)
        where T : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector>
    {
        nint lanes = TBlock.Vectors * TWidth.Count;
        T* rows = values.Rows;
        for (nint head = 0; head < values.Heads; head++)
        {
            for (nint block = 0; block < blocks; block++)
            {
                nint lane = block * lanes;
                ValueBlock<T, TRows, TBlock>(
                    output + lane, outputStride, weights, weightStride, values, rows + lane);
            }

            rows += values.HeadStride;
            output += headFloats;
            weights += headFloats;
        }
    }

    /// <summary>The sum of 0 * x: NaN where some x is not finite, otherwise 0.</summary>
    /// <param name="x">Numbers.</param>
    /// <param name="count">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumOfZeros(float* x, nint count)
    {
        TVector zeros = TWidth.Zero;
        nint i = 0;
        for (; i <= count - TWidth.Count; i += TWidth.Count)
        {
            zeros = TWidth.MultiplyAdd(TWidth.Load(x + i), TWidth.Zero, zeros);
        }

        float sum = TWidth.SumLanes(zeros);
        for (; i < count; i++)
        {
            sum += 0 * x[i];
        }

        return sum;
    }

    // The block of one head, whose first row is the one given.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ValueBlock<T, TRows, TBlock>(float* output, nint outputStride, float* weights,
        nint weightStride, in ReadStrip<T> values, T* v0)
        where T : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector>
    {
        float* o1 = output + outputStride, o2 = o1 + outputStride, o3 = o2 + outputStride;
        TBlock r0 = TBlock.Load(output);
        TBlock r1 = TRows.Count > 1 ? TBlock.Load(o1) : default;
        TBlock r2 = TRows.Count > 2 ? TBlock.Load(o2) : default;
        TBlock r3 = TRows.Count > 3 ? TBlock.Load(o3) : default;
        TVector largest = TWidth.Zero;
        float* p = weights;
        nint ahead = values.Ahead, stride = values.Stride, apart = values.Apart;
        if (values.Streams == KeyStreams.MostStreams)
        {
            T* v = v0, v1 = v0 + apart, v2 = v1 + apart, v3 = v2 + apart;
            for (nint step = values.Steps; step > 0; step--)
            {
                // Every stream has loads of its own: the processor foretells addresses from those that the same
                // instruction had before, and would fetch what nobody wants.
                AddKey<T, TRows, TBlock>(v, ahead, p, weightStride, ref largest, ref r0, ref r1, ref r2, ref r3);
                AddKey<T, TRows, TBlock>(v1, ahead, p + 1, weightStride, ref largest, ref r0, ref r1, ref r2, ref r3);
                AddKey<T, TRows, TBlock>(v2, ahead, p + 2, weightStride, ref largest, ref r0, ref r1, ref r2, ref r3);
                AddKey<T, TRows, TBlock>(v3, ahead, p + 3, weightStride, ref largest, ref r0, ref r1, ref r2, ref r3);
                v += stride;
                v1 += stride;
                v2 += stride;
                v3 += stride;
                p += KeyStreams.MostStreams;
            }
        }
        else
        {
            for (nint stream = 0; stream < values.Streams; stream++)
            {
                AddKey<T, TRows, TBlock>(v0 + (stream * apart), ahead, p + stream, weightStride, ref largest,
                    ref r0, ref r1, ref r2, ref r3);
            }
        }

        if (!PairedElements<T, TWidth, TVector>.AreFinite(largest))
        {
            WidenedValues<T, TRows, TBlock>(output, outputStride, weights, weightStride, values, v0);
            return;
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

    // Step by step from widened rows, for strips that are not finite.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WidenedValues<T, TRows, TBlock>(float* output, nint outputStride, float* weights,
        nint weightStride, in ReadStrip<T> values, T* rows)
        where T : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector>
    {
        int lanes = TBlock.Vectors * TWidth.Count;
        float* widened = stackalloc float[KeyStreams.MostStreams * lanes];
        ReadStrip<float> step = new() { Rows = widened, Streams = values.Streams, Apart = lanes, Steps = 1, Heads = 1 };
        for (nint i = 0; i < values.Steps; i++)
        {
            for (nint stream = 0; stream < values.Streams; stream++)
            {
                PairedElements<T, TWidth, TVector>.WidenRow(rows + (i * values.Stride) + (stream * values.Apart),
                    lanes, false, widened + (stream * lanes), TWidth.Count, 0);
            }

            Values<float, TRows, TBlock>(
                output, outputStride, weights + (i * KeyStreams.MostStreams), weightStride, 0, step, blocks: 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddKey<T, TRows, TBlock>(T* v, nint ahead, float* weights, nint weightStride,
        ref TVector largest, ref TBlock r0, ref TBlock r1, ref TBlock r2, ref TBlock r3)
        where T : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector>
    {
        TBlock value = TBlock.Read(v, ahead, ref largest);
        r0.Add(TWidth.Broadcast(weights[0]), value);
        if (TRows.Count > 1)
        {
            r1.Add(TWidth.Broadcast(weights[weightStride]), value);
        }

        if (TRows.Count > 2)
        {
            r2.Add(TWidth.Broadcast(weights[2 * weightStride]), value);
        }

        if (TRows.Count > 3)
        {
            r3.Add(TWidth.Broadcast(weights[3 * weightStride]), value);
        }
    }

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
