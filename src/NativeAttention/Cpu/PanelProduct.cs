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
    public const int Rows = 6;

    /// <summary>
    /// Computes a whole panel. c has <see cref="Rows"/> rows at a time: its storage is rounded up to that.
    /// </summary>
    /// <param name="c">Result, lanes floats a row.</param>
    /// <param name="rows">Rows of a.</param>
    /// <param name="a">First element of a.</param>
    /// <param name="rowStride">Distance between rows of a.</param>
    /// <param name="stepStride">Distance between neighbours of a along k.</param>
    /// <param name="b">Panel b, lanes floats a row.</param>
    /// <param name="steps">Length of the sum.</param>
    /// <param name="lanes">Floats in a row of b and c.</param>
    /// <param name="rescale">Factor on the old c, one for every lane; null to forget the old c.</param>
    public static void Multiply(float* c, int rows, float* a, nint rowStride, nint stepStride, float* b,
        int steps, int lanes, float* rescale)
    {
        int vectors = lanes / TWidth.Count;
        if (TWidth.BlockVectors == 4 && vectors % 4 == 0)
        {
            Panel<RowBlock4<TWidth, TVector>>(c, rows, a, rowStride, stepStride, b, steps, lanes, rescale);
        }
        else if (vectors % 2 == 0)
        {
            Panel<RowBlock2<TWidth, TVector>>(c, rows, a, rowStride, stepStride, b, steps, lanes, rescale);
        }
        else
        {
            Panel<RowBlock1<TWidth, TVector>>(c, rows, a, rowStride, stepStride, b, steps, lanes, rescale);
        }
    }

    private static void Panel<TRow>(float* c, int rows, float* a, nint rowStride, nint stepStride, float* b,
        int steps, int lanes, float* rescale)
        where TRow : struct, IRowBlock<TRow, TVector>
    {
        int width = TRow.Vectors * TWidth.Count;
        for (int row = 0; row < rows; row += Rows)
        {
            // The last rows may lie beyond a: their pointers repeat its last row, their results are never
            // used.
            int last = Math.Min(Rows, rows - row) - 1;
            for (int lane = 0; lane < lanes; lane += width)
            {
                Block<TRow>(c + ((nint)row * lanes) + lane, a + (row * rowStride), rowStride, last,
                    stepStride, b + lane, steps, lanes, rescale == null ? null : rescale + lane);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TRow>(float* c, float* a, nint rowStride, int last, nint stepStride, float* b,
        int steps, nint lanes, float* rescale)
        where TRow : struct, IRowBlock<TRow, TVector>
    {
        TRow c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        if (rescale != null)
        {
            TRow factor = TRow.Load(rescale);
            c0 = TRow.Load(c);
            c1 = TRow.Load(c + lanes);
            c2 = TRow.Load(c + (2 * lanes));
            c3 = TRow.Load(c + (3 * lanes));
            c4 = TRow.Load(c + (4 * lanes));
            c5 = TRow.Load(c + (5 * lanes));
            c0.Scale(factor);
            c1.Scale(factor);
            c2.Scale(factor);
            c3.Scale(factor);
            c4.Scale(factor);
            c5.Scale(factor);
        }

        float* a0 = a;
        float* a1 = a + (Math.Min(1, last) * rowStride);
        float* a2 = a + (Math.Min(2, last) * rowStride);
        float* a3 = a + (Math.Min(3, last) * rowStride);
        float* a4 = a + (Math.Min(4, last) * rowStride);
        float* a5 = a + (Math.Min(5, last) * rowStride);
        nint k = 0;
        for (; steps > 0; steps--)
        {
            TRow row = TRow.Load(b);
            c0.Add(TWidth.Broadcast(a0[k]), row);
            c1.Add(TWidth.Broadcast(a1[k]), row);
            c2.Add(TWidth.Broadcast(a2[k]), row);
            c3.Add(TWidth.Broadcast(a3[k]), row);
            c4.Add(TWidth.Broadcast(a4[k]), row);
            c5.Add(TWidth.Broadcast(a5[k]), row);
            k += stepStride;
            b += lanes;
        }

        c0.Store(c);
        c1.Store(c + lanes);
        c2.Store(c + (2 * lanes));
        c3.Store(c + (3 * lanes));
        c4.Store(c + (4 * lanes));
        c5.Store(c + (5 * lanes));
    }
}
