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
        nint span = PairedElements<T, TWidth, TVector>.Span, spanFloats = TRows.Count * span;
        KeyDots<TWidth, TVector> r0 = default, r1 = default, r2 = default, r3 = default;
        float* previous = scores;
        for (nint head = 0; head < keys.Heads; head++)
        {
            float* s = scores;
            T* k0 = rows, k1 = k0 + to1, k2 = k0 + to2, k3 = k0 + to3;
            for (nint step = keys.Steps; step > 0; step--)
            {
                float* q = queries;
                Span<T, TRows, OfNext>(
                    k0, k1, k2, k3, ahead, q, previous, scoreStride, ref largest, ref r0, ref r1, ref r2, ref r3);
                for (nint begin = span; begin < dim; begin += span)
                {
                    // The last span may overlap the one before: the queries' lanes that both have are zero in it.
                    nint d = Math.Min(begin, dim - span);
                    q += spanFloats;
                    Span<T, TRows, OfSame>(k0 + d, k1 + d, k2 + d, k3 + d, ahead, q, previous, scoreStride,
                        ref largest, ref r0, ref r1, ref r2, ref r3);
                }

                previous = s;
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

        r0.Store(previous);
        if (TRows.Count > 1)
        {
            r1.Store(previous + scoreStride);
        }

        if (TRows.Count > 2)
        {
            r2.Store(previous + (2 * scoreStride));
        }

        if (TRows.Count > 3)
        {
            r3.Store(previous + (3 * scoreStride));
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
        nint lanes = TBlock.Vectors * TWidth.Count, heads = values.Heads, headStride = values.HeadStride;
        T* rows = values.Rows;
        if (values.Streams < KeyStreams.MostStreams)
        {
            LastKeys<T, TRows>(
                output, outputStride, weights, weightStride, headFloats, values, (int)(blocks * lanes));
            return;
        }

        float* previous = output;
        TBlock r0 = TBlock.Load(output), r1 = default, r2 = default, r3 = default;
        if (TRows.Count > 1)
        {
            r1 = TBlock.Load(output + outputStride);
        }

        if (TRows.Count > 2)
        {
            r2 = TBlock.Load(output + (2 * outputStride));
        }

        if (TRows.Count > 3)
        {
            r3 = TBlock.Load(output + (3 * outputStride));
        }

        for (nint head = 0; head < heads; head++)
        {
            for (nint block = 0; block < blocks; block++)
            {
                float* current = output + (block * lanes);
                ValueBlock<T, TRows, TBlock>(current, outputStride, weights, weightStride, values,
                    rows + (block * lanes), previous, ref r0, ref r1, ref r2, ref r3);
                previous = current;
            }

            rows += headStride;
            output += headFloats;
            weights += headFloats;
        }

        r0.Store(previous);
        if (TRows.Count > 1)
        {
            r1.Store(previous + outputStride);
        }

        if (TRows.Count > 2)
        {
            r2.Store(previous + (2 * outputStride));
        }

        if (TRows.Count > 3)
        {
            r3.Store(previous + (3 * outputStride));
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

    // The same for the fewer keys than streams that a chunk may end with: one after the other.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void LastKeys<T, TRows>(float* output, nint outputStride, float* weights, nint weightStride,
        nint headFloats, in ReadStrip<T> values, int lanes)
        where T : unmanaged
        where TRows : struct, IRowCount
    {
        float* widened = stackalloc float[lanes];
        for (nint head = 0; head < values.Heads; head++)
        {
            T* v = values.Rows + (head * values.HeadStride);
            for (nint stream = 0; stream < values.Streams; stream++)
            {
                PairedElements<T, TWidth, TVector>.WidenRow(v, lanes, false, widened, TWidth.Count, 0);
                for (nint row = 0; row < TRows.Count; row++)
                {
                    PartialMerge<TWidth, TVector>.Add(
                        output + (row * outputStride), widened, weights[(row * weightStride) + stream], lanes);
                }

                v += values.Apart;
            }

            output += headFloats;
            weights += headFloats;
        }
    }

    // The block of one head, whose first row is the one given. With its first key the results of the block before are
    // stored, row by row, and its own loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ValueBlock<T, TRows, TBlock>(float* output, nint outputStride, float* weights,
        nint weightStride, in ReadStrip<T> values, T* v0, float* previous, ref TBlock r0, ref TBlock r1, ref TBlock r2,
        ref TBlock r3)
        where T : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector>
    {
        TVector largest = TWidth.Zero;
        float* p = weights;
        nint ahead = values.Ahead, stride = values.Stride, apart = values.Apart, steps = values.Steps;
        AddKey<T, TRows, TBlock, OfNext>(v0, ahead, p, weightStride, previous, output, outputStride, ref largest, ref r0,
            ref r1, ref r2, ref r3);
        T* v = v0, v1 = v0 + apart, v2 = v1 + apart, v3 = v2 + apart;
        for (nint step = steps; ; step--)
        {
            // Every stream has loads of its own: the processor foretells addresses from those that the same
            // instruction had before, and would fetch what nobody wants.
            AddKey<T, TRows, TBlock, OfSame>(v1, ahead, p + 1, weightStride, previous, output, outputStride,
                ref largest, ref r0, ref r1, ref r2, ref r3);
            AddKey<T, TRows, TBlock, OfSame>(v2, ahead, p + 2, weightStride, previous, output, outputStride,
                ref largest, ref r0, ref r1, ref r2, ref r3);
            AddKey<T, TRows, TBlock, OfSame>(v3, ahead, p + 3, weightStride, previous, output, outputStride,
                ref largest, ref r0, ref r1, ref r2, ref r3);
            if (step == 1)
            {
                break;
            }

            v += stride;
            v1 += stride;
            v2 += stride;
            v3 += stride;
            p += KeyStreams.MostStreams;
            AddKey<T, TRows, TBlock, OfSame>(v, ahead, p, weightStride, previous, output, outputStride, ref largest,
                ref r0, ref r1, ref r2, ref r3);
        }

        if (!PairedElements<T, TWidth, TVector>.AreFinite(largest))
        {
            WidenedValues<T, TRows, TBlock>(output, outputStride, weights, weightStride, values, v0);
            r0 = TBlock.Load(output);
            r1 = TRows.Count > 1 ? TBlock.Load(output + outputStride) : default;
            r2 = TRows.Count > 2 ? TBlock.Load(output + (2 * outputStride)) : default;
            r3 = TRows.Count > 3 ? TBlock.Load(output + (3 * outputStride)) : default;
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
        ReadStrip<float> step = new()
        {
            Rows = widened,
            Streams = KeyStreams.MostStreams,
            Apart = lanes,
            Steps = 1,
            Heads = 1,
        };
        for (nint i = 0; i < values.Steps; i++)
        {
            for (nint stream = 0; stream < KeyStreams.MostStreams; stream++)
            {
                PairedElements<T, TWidth, TVector>.WidenRow(rows + (i * values.Stride) + (stream * values.Apart),
                    lanes, false, widened + (stream * lanes), TWidth.Count, 0);
            }

            Values<float, TRows, TBlock>(
                output, outputStride, weights + (i * KeyStreams.MostStreams), weightStride, 0, step, blocks: 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddKey<T, TRows, TBlock, TStep>(T* v, nint ahead, float* weights, nint weightStride,
        float* previous, float* output, nint outputStride, ref TVector largest, ref TBlock r0, ref TBlock r1,
        ref TBlock r2, ref TBlock r3)
        where T : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector>
        where TStep : struct, IStep
    {
        TBlock value = TBlock.Read(v, ahead, ref largest);
        if (TStep.IsNext)
        {
            r0.Store(previous);
            r0 = TBlock.Load(output);
        }

        r0.Add(TWidth.Broadcast(weights[0]), value);
        if (TRows.Count > 1)
        {
            if (TStep.IsNext)
            {
                r1.Store(previous + outputStride);
                r1 = TBlock.Load(output + outputStride);
            }

            r1.Add(TWidth.Broadcast(weights[weightStride]), value);
        }

        if (TRows.Count > 2)
        {
            if (TStep.IsNext)
            {
                r2.Store(previous + (2 * outputStride));
                r2 = TBlock.Load(output + (2 * outputStride));
            }

            r2.Add(TWidth.Broadcast(weights[2 * weightStride]), value);
        }

        if (TRows.Count > 3)
        {
            if (TStep.IsNext)
            {
                r3.Store(previous + (3 * outputStride));
                r3 = TBlock.Load(output + (3 * outputStride));
            }

            r3.Add(TWidth.Broadcast(weights[3 * weightStride]), value);
        }
    }

    // The products of a span of four keys. In the first span of a step the scores of the step before are stored, row by
    // row: on their own they would leave the multipliers idle.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Span<T, TRows, TStep>(T* k0, T* k1, T* k2, T* k3, nint ahead, float* q, float* previous,
        nint scoreStride, ref TVector largest, ref KeyDots<TWidth, TVector> r0, ref KeyDots<TWidth, TVector> r1,
        ref KeyDots<TWidth, TVector> r2, ref KeyDots<TWidth, TVector> r3)
        where T : unmanaged
        where TRows : struct, IRowCount
        where TStep : struct, IStep
    {
        CachePrefetch.Far(k0 + ahead);
        CachePrefetch.Far(k1 + ahead);
        CachePrefetch.Far(k2 + ahead);
        CachePrefetch.Far(k3 + ahead);
        if (!PairedElements<T, TWidth, TVector>.Paired)
        {
            Add<TRows, TStep>(q, TWidth.Widen(k0), TWidth.Widen(k1), TWidth.Widen(k2), TWidth.Widen(k3), previous,
                scoreStride, ref r0, ref r1, ref r2, ref r3);
            return;
        }

        TVector p0 = PairedElements<T, TWidth, TVector>.Load(k0, ref largest);
        TVector p1 = PairedElements<T, TWidth, TVector>.Load(k1, ref largest);
        TVector p2 = PairedElements<T, TWidth, TVector>.Load(k2, ref largest);
        TVector p3 = PairedElements<T, TWidth, TVector>.Load(k3, ref largest);
        Add<TRows, TStep>(q, TWidth.EvenHalves<T>(p0), TWidth.EvenHalves<T>(p1), TWidth.EvenHalves<T>(p2),
            TWidth.EvenHalves<T>(p3), previous, scoreStride, ref r0, ref r1, ref r2, ref r3);
        Add<TRows, OfSame>(q + (TRows.Count * TWidth.Count), TWidth.OddHalves<T>(p0), TWidth.OddHalves<T>(p1),
            TWidth.OddHalves<T>(p2), TWidth.OddHalves<T>(p3), previous, scoreStride, ref r0, ref r1, ref r2, ref r3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRows, TStep>(float* q, TVector k0, TVector k1, TVector k2, TVector k3, float* previous,
        nint scoreStride, ref KeyDots<TWidth, TVector> r0, ref KeyDots<TWidth, TVector> r1,
        ref KeyDots<TWidth, TVector> r2, ref KeyDots<TWidth, TVector> r3)
        where TRows : struct, IRowCount
        where TStep : struct, IStep
    {
        Add<TStep>(ref r0, q, k0, k1, k2, k3, previous);
        if (TRows.Count > 1)
        {
            Add<TStep>(ref r1, q + TWidth.Count, k0, k1, k2, k3, previous + scoreStride);
        }

        if (TRows.Count > 2)
        {
            Add<TStep>(ref r2, q + (2 * TWidth.Count), k0, k1, k2, k3, previous + (2 * scoreStride));
        }

        if (TRows.Count > 3)
        {
            Add<TStep>(ref r3, q + (3 * TWidth.Count), k0, k1, k2, k3, previous + (3 * scoreStride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TStep>(ref KeyDots<TWidth, TVector> row, float* q, TVector k0, TVector k1, TVector k2,
        TVector k3, float* previous)
        where TStep : struct, IStep
    {
        if (TStep.IsNext)
        {
            row.Store(previous);
            row.Set(q, k0, k1, k2, k3);
        }
        else
        {
            row.Add(q, k0, k1, k2, k3);
        }
    }

    // Whether products begin the next step, as a type.
    private interface IStep
    {
        static abstract bool IsNext { get; }
    }

    private readonly struct OfNext : IStep
    {
        public static bool IsNext => true;
    }

    private readonly struct OfSame : IStep
    {
        public static bool IsNext => false;
    }
}
