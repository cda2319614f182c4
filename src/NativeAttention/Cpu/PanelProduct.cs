using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The one matrix product of the tiled kernel: c[row][lane] (+)= sum over k of a[row][k] * b[k][lane].
/// </summary>
/// <remarks>
/// Lanes are queries. b and c are panels in scratch memory with <c>lanes</c> floats a row; a is a key or
/// value tile where it lies in the caller's memory. The score product reads a = K (rows are keys, k is the
/// head dim); the value product reads a = V transposed (rows are value dims, k are keys), which needs no copy
/// since only strides differ. Each element of a is broadcast against the vectors of b, so nothing is ever
/// reduced across a vector.
/// </remarks>
internal static unsafe class PanelProduct<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>
    /// Rows of the micro-kernel. 6 x 4 accumulators, 4 vectors of b and one broadcast fit 32 registers; 6 x 2
    /// fit 16 (in a prototype 7 x 4 lost 10 %, 8 x 4 lost 60 %).
    /// </summary>
    private const int TallRows = 6;

    /// <summary>
    /// Rows where lanes are few: a block of half the vectors leaves registers for twice the rows, and each row
    /// of b that is loaded serves twice as many multiply-adds.
    /// </summary>
    private const int DoubleRows = 2 * TallRows;

    /// <summary>Rows of the micro-kernel for what 6 leave over.</summary>
    private const int ShortRows = 4;

    /// <summary>Rows after the result that may be overwritten: the last micro-kernel pads.</summary>
    public const int SpareRows = ShortRows - 1;

    /// <summary>Computes a panel, or some neighbouring lanes of one.</summary>
    /// <param name="c">Result, and <see cref="SpareRows"/> rows after it.</param>
    /// <param name="a">The operand that is broadcast, and the extents of the product.</param>
    /// <param name="b">Panel b.</param>
    /// <param name="stride">Floats in a row of b and c.</param>
    /// <param name="lanes">Lanes to compute: a whole number of vectors.</param>
    /// <param name="start">What becomes of the old c.</param>
    /// <param name="rescale">Factor on the old c, one for every lane, if it is rescaled.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* c, in BroadcastOperand a, float* b, nint stride, int lanes,
        PanelStart start, float* rescale)
    {
        int most = TWidth.BlockVectors * TWidth.Count;
        for (; lanes >= most; lanes -= most)
        {
            if (TWidth.BlockVectors == 4)
            {
                Column<RowBlock4<TWidth, TVector>>(c, a, b, stride, start, rescale);
            }
            else
            {
                Column<RowBlock2<TWidth, TVector>>(c, a, b, stride, start, rescale);
            }

            c += most;
            b += most;
            rescale += most;
        }

        switch (lanes / TWidth.Count)
        {
            case 1:
                Column<RowBlock1<TWidth, TVector>>(c, a, b, stride, start, rescale);
                break;
            case 2:
                Column<RowBlock2<TWidth, TVector>>(c, a, b, stride, start, rescale);
                break;
            case 3:
                Column<RowBlock3<TWidth, TVector>>(c, a, b, stride, start, rescale);
                break;
        }
    }

    // 7 and 8 rows are two short blocks rather than a tall one with the rest of another.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Column<TRow>(float* c, in BroadcastOperand a, float* b, nint stride, PanelStart start,
        float* rescale)
        where TRow : struct, IRowBlock<TRow, TVector>
    {
        float* from = a.Start;
        int rows = a.Rows;
        for (; 2 * TRow.Vectors <= TWidth.BlockVectors && rows >= DoubleRows; rows -= DoubleRows)
        {
            Double<TRow>(c, from, a, b, stride, start, rescale);
            from += DoubleRows * a.RowStride;
            c += DoubleRows * stride;
        }

        int tall = a.Steps == 0 ? 0 : TallBlocks(rows);
        if (tall > 0)
        {
            int last = Math.Min(rows, tall * TallRows);
            switch (start)
            {
                case PanelStart.Zero: Tall<TRow, FromZero>(c, from, tall, last, a, b, stride, rescale); break;
                case PanelStart.Keep: Tall<TRow, FromKept>(c, from, tall, last, a, b, stride, rescale); break;
                default: Tall<TRow, FromRescaled>(c, from, tall, last, a, b, stride, rescale); break;
            }

            rows -= tall * TallRows;
            from += tall * TallRows * a.RowStride;
            c += tall * TallRows * stride;
        }

        for (; rows > 0; rows -= ShortRows)
        {
            Short<TRow>(c, from, Math.Min(rows, ShortRows) - 1, a, b, stride, start, rescale);
            from += ShortRows * a.RowStride;
            c += ShortRows * stride;
        }
    }

    // 7 and 8 rows are two short blocks rather than a tall one with the rest of another; 5 are a tall one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int TallBlocks(int rows) =>
        Math.Max(0, ((rows + 1) / TallRows) - (rows % TallRows is 1 or 2 ? 1 : 0));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Double<TRow>(float* c, float* a, in BroadcastOperand operand, float* b, nint stride,
        PanelStart start, float* rescale)
        where TRow : struct, IRowBlock<TRow, TVector>
    {
        TRow c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        TRow c6 = default, c7 = default, c8 = default, c9 = default, c10 = default, c11 = default;
        if (start != PanelStart.Zero)
        {
            c0 = TRow.Load(c);
            c1 = TRow.Load(c + stride);
            c2 = TRow.Load(c + (2 * stride));
            c3 = TRow.Load(c + (3 * stride));
            c4 = TRow.Load(c + (4 * stride));
            c5 = TRow.Load(c + (5 * stride));
            c6 = TRow.Load(c + (6 * stride));
            c7 = TRow.Load(c + (7 * stride));
            c8 = TRow.Load(c + (8 * stride));
            c9 = TRow.Load(c + (9 * stride));
            c10 = TRow.Load(c + (10 * stride));
            c11 = TRow.Load(c + (11 * stride));
        }

        if (start == PanelStart.Rescale)
        {
            TRow factor = TRow.Load(rescale);
            c0.Scale(factor);
            c1.Scale(factor);
            c2.Scale(factor);
            c3.Scale(factor);
            c4.Scale(factor);
            c5.Scale(factor);
            c6.Scale(factor);
            c7.Scale(factor);
            c8.Scale(factor);
            c9.Scale(factor);
            c10.Scale(factor);
            c11.Scale(factor);
        }

        // Three pointers and four indices address twelve rows.
        nint rowStride = operand.RowStride, stepStride = operand.StepStride;
        float* a4 = a + (4 * rowStride);
        float* a8 = a + (8 * rowStride);
        nint k0 = 0, k1 = rowStride, k2 = 2 * rowStride, k3 = 3 * rowStride;
        for (int steps = operand.Steps; steps > 0; steps--)
        {
            TRow row = TRow.Load(b);
            c0.Add(TWidth.Broadcast(a[k0]), row);
            c1.Add(TWidth.Broadcast(a[k1]), row);
            c2.Add(TWidth.Broadcast(a[k2]), row);
            c3.Add(TWidth.Broadcast(a[k3]), row);
            c4.Add(TWidth.Broadcast(a4[k0]), row);
            c5.Add(TWidth.Broadcast(a4[k1]), row);
            c6.Add(TWidth.Broadcast(a4[k2]), row);
            c7.Add(TWidth.Broadcast(a4[k3]), row);
            c8.Add(TWidth.Broadcast(a8[k0]), row);
            c9.Add(TWidth.Broadcast(a8[k1]), row);
            c10.Add(TWidth.Broadcast(a8[k2]), row);
            c11.Add(TWidth.Broadcast(a8[k3]), row);
            k0 += stepStride;
            k1 += stepStride;
            k2 += stepStride;
            k3 += stepStride;
            b += stride;
        }

        c0.Store(c);
        c1.Store(c + stride);
        c2.Store(c + (2 * stride));
        c3.Store(c + (3 * stride));
        c4.Store(c + (4 * stride));
        c5.Store(c + (5 * stride));
        c6.Store(c + (6 * stride));
        c7.Store(c + (7 * stride));
        c8.Store(c + (8 * stride));
        c9.Store(c + (9 * stride));
        c10.Store(c + (10 * stride));
        c11.Store(c + (11 * stride));
    }

    // Blocks one below the other. A block's results are stored during the first step of the next: stores on their own
    // at the end of each would leave the multipliers idle. The first block stores what it finds. A sixth row that is
    // not there repeats the fifth, and its result is never used.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tall<TRow, TStart>(float* c, float* a, int blocks, int rows, in BroadcastOperand operand,
        float* b, nint stride, float* rescale)
        where TRow : struct, IRowBlock<TRow, TVector>
        where TStart : struct, IPanelStart
    {
        TRow c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        if (TStart.Start != PanelStart.Zero)
        {
            c0 = TRow.Load(c);
            c1 = TRow.Load(c + stride);
            c2 = TRow.Load(c + (2 * stride));
            c3 = TRow.Load(c + (3 * stride));
            c4 = TRow.Load(c + (4 * stride));
            c5 = TRow.Load(c + (5 * stride));
        }

        nint rowStride = operand.RowStride, stepStride = operand.StepStride;
        float* previous = c;
        for (; blocks > 0; blocks--, rows -= TallRows)
        {
            float* a1 = a + rowStride;
            float* a2 = a1 + rowStride;
            float* a3 = a2 + rowStride;
            float* a4 = a3 + rowStride;
            float* a5 = rows < TallRows ? a4 : a4 + rowStride;
            float* bk = b;
            TRow row = TRow.Load(bk);
            Begin<TRow, TStart>(ref c0, previous, c, rescale, *a, row);
            Begin<TRow, TStart>(ref c1, previous + stride, c + stride, rescale, *a1, row);
            Begin<TRow, TStart>(ref c2, previous + (2 * stride), c + (2 * stride), rescale, *a2, row);
            Begin<TRow, TStart>(ref c3, previous + (3 * stride), c + (3 * stride), rescale, *a3, row);
            Begin<TRow, TStart>(ref c4, previous + (4 * stride), c + (4 * stride), rescale, *a4, row);
            Begin<TRow, TStart>(ref c5, previous + (5 * stride), c + (5 * stride), rescale, *a5, row);
            nint k = 0;
            for (int steps = operand.Steps - 1; steps > 0; steps--)
            {
                k += stepStride;
                bk += stride;
                row = TRow.Load(bk);
                c0.Add(TWidth.Broadcast(a[k]), row);
                c1.Add(TWidth.Broadcast(a1[k]), row);
                c2.Add(TWidth.Broadcast(a2[k]), row);
                c3.Add(TWidth.Broadcast(a3[k]), row);
                c4.Add(TWidth.Broadcast(a4[k]), row);
                c5.Add(TWidth.Broadcast(a5[k]), row);
            }

            previous = c;
            c += TallRows * stride;
            a = a5 + rowStride;
        }

        c0.Store(previous);
        c1.Store(previous + stride);
        c2.Store(previous + (2 * stride));
        c3.Store(previous + (3 * stride));
        c4.Store(previous + (4 * stride));
        c5.Store(previous + (5 * stride));
    }

    // Stores a row of the block before, and begins one of the next with its first step.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Begin<TRow, TStart>(ref TRow c, float* previous, float* current, float* rescale, float x,
        in TRow row)
        where TRow : struct, IRowBlock<TRow, TVector>
        where TStart : struct, IPanelStart
    {
        c.Store(previous);
        if (TStart.Start == PanelStart.Zero)
        {
            c.Set(TWidth.Broadcast(x), row);
            return;
        }

        c = TRow.Load(current);
        if (TStart.Start == PanelStart.Rescale)
        {
            c.Scale(TRow.Load(rescale));
        }

        c.Add(TWidth.Broadcast(x), row);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Short<TRow>(float* c, float* a, int last, in BroadcastOperand operand, float* b,
        nint stride, PanelStart start, float* rescale)
        where TRow : struct, IRowBlock<TRow, TVector>
    {
        TRow c0 = default, c1 = default, c2 = default, c3 = default;
        if (start != PanelStart.Zero)
        {
            c0 = TRow.Load(c);
            c1 = TRow.Load(c + stride);
            c2 = TRow.Load(c + (2 * stride));
            c3 = TRow.Load(c + (3 * stride));
        }

        if (start == PanelStart.Rescale)
        {
            TRow factor = TRow.Load(rescale);
            c0.Scale(factor);
            c1.Scale(factor);
            c2.Scale(factor);
            c3.Scale(factor);
        }

        nint rowStride = operand.RowStride, stepStride = operand.StepStride;
        float* a1 = a + (Math.Min(1, last) * rowStride);
        float* a2 = a + (Math.Min(2, last) * rowStride);
        float* a3 = a + (last * rowStride);
        nint k = 0;
        for (int steps = operand.Steps; steps > 0; steps--)
        {
            TRow row = TRow.Load(b);
            c0.Add(TWidth.Broadcast(a[k]), row);
            c1.Add(TWidth.Broadcast(a1[k]), row);
            c2.Add(TWidth.Broadcast(a2[k]), row);
            c3.Add(TWidth.Broadcast(a3[k]), row);
            k += stepStride;
            b += stride;
        }

        c0.Store(c);
        c1.Store(c + stride);
        c2.Store(c + (2 * stride));
        c3.Store(c + (3 * stride));
    }

    // What a panel product does with the result that it finds, as a type: without a branch at every row.
    private interface IPanelStart
    {
        static abstract PanelStart Start { get; }
    }

    private readonly struct FromZero : IPanelStart
    {
        public static PanelStart Start => PanelStart.Zero;
    }

    private readonly struct FromKept : IPanelStart
    {
        public static PanelStart Start => PanelStart.Keep;
    }

    private readonly struct FromRescaled : IPanelStart
    {
        public static PanelStart Start => PanelStart.Rescale;
    }
}
