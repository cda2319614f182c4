using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Cpu;

/// <summary>
/// Transposes between four rows of floats and four neighbouring lanes of a panel, 4 x 4 at a time: vectors of
/// 128 bits serve every processor and need no tails but those of the rows.
/// </summary>
internal static unsafe class Transposition
{
    /// <summary>Rows that are transposed together.</summary>
    public const int Rows = 4;

    /// <summary>panel[d][i] = row_i[d] * first * second</summary>
    /// <param name="rows">Four rows.</param>
    /// <param name="length">Floats in a row.</param>
    /// <param name="panel">First of the four lanes.</param>
    /// <param name="stride">Floats in a row of the panel.</param>
    /// <param name="first">Factor on every element.</param>
    /// <param name="second">Factor on every product: two, since theirs might overflow.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToLanes(FourRows rows, int length, float* panel, nint stride, float first,
        float second)
    {
        int d = 0;
        for (; d <= length - Rows; d += Rows)
        {
            Vector128<float> a = Vector128.Load(rows.Row0 + d) * first * second;
            Vector128<float> b = Vector128.Load(rows.Row1 + d) * first * second;
            Vector128<float> c = Vector128.Load(rows.Row2 + d) * first * second;
            Vector128<float> e = Vector128.Load(rows.Row3 + d) * first * second;
            Transpose(ref a, ref b, ref c, ref e);
            a.Store(panel);
            b.Store(panel + stride);
            c.Store(panel + (2 * stride));
            e.Store(panel + (3 * stride));
            panel += Rows * stride;
        }

        for (; d < length; d++)
        {
            panel[0] = rows.Row0[d] * first * second;
            panel[1] = rows.Row1[d] * first * second;
            panel[2] = rows.Row2[d] * first * second;
            panel[3] = rows.Row3[d] * first * second;
            panel += stride;
        }
    }

    /// <summary>
    /// panel[d][i] = row_i[d] * first * second for sixteen rows at one distance, of which only some count: the others
    /// repeat the last. It needs <see cref="Avx512F"/>.
    /// </summary>
    /// <param name="rows">First row.</param>
    /// <param name="rowStride">Distance between rows.</param>
    /// <param name="count">Rows that count, 1 to 16.</param>
    /// <param name="length">Floats in a row.</param>
    /// <param name="panel">First of the sixteen lanes.</param>
    /// <param name="stride">Floats in a row of the panel.</param>
    /// <param name="first">Factor on every element.</param>
    /// <param name="second">Factor on every product.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SixteenToLanes(float* rows, nint rowStride, int count, int length, float* panel, nint stride,
        float first, float second)
    {
        nint* at = stackalloc nint[16];
        for (int i = 0; i < 16; i++)
        {
            at[i] = Math.Min(i, count - 1) * rowStride;
        }

        Vector512<float> one = Vector512.Create(first), two = Vector512.Create(second);
        int d = 0;
        for (; d <= length - Rows; d += Rows)
        {
            // Four lanes of 128 bits are four times four rows: the same steps as for four.
            float* from = rows + d;
            Vector512<float> a = Four(from, at) * one * two, b = Four(from, at + 1) * one * two;
            Vector512<float> c = Four(from, at + 2) * one * two, e = Four(from, at + 3) * one * two;
            Vector512<float> evenLow = Avx512F.UnpackLow(a, c), evenHigh = Avx512F.UnpackHigh(a, c);
            Vector512<float> oddLow = Avx512F.UnpackLow(b, e), oddHigh = Avx512F.UnpackHigh(b, e);
            Avx512F.UnpackLow(evenLow, oddLow).Store(panel);
            Avx512F.UnpackHigh(evenLow, oddLow).Store(panel + stride);
            Avx512F.UnpackLow(evenHigh, oddHigh).Store(panel + (2 * stride));
            Avx512F.UnpackHigh(evenHigh, oddHigh).Store(panel + (3 * stride));
            panel += Rows * stride;
        }

        for (; d < length; d++)
        {
            for (int i = 0; i < 16; i++)
            {
                panel[i] = rows[at[i] + d] * first * second;
            }

            panel += stride;
        }
    }

    // Four floats of rows 0, 4, 8 and 12 behind one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Four(float* from, nint* at) => Vector512.Create(
        Vector256.Create(Vector128.Load(from + at[0]), Vector128.Load(from + at[4])),
        Vector256.Create(Vector128.Load(from + at[8]), Vector128.Load(from + at[12])));

    /// <summary>row_i[d] = panel[d][i] * factor_i</summary>
    /// <param name="panel">First of the four lanes.</param>
    /// <param name="stride">Floats in a row of the panel.</param>
    /// <param name="factor">One factor for each lane.</param>
    /// <param name="rows">Four rows.</param>
    /// <param name="length">Floats in a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FromLanes(float* panel, nint stride, Vector128<float> factor, FourRows rows,
        int length)
    {
        int d = 0;
        for (; d <= length - Rows; d += Rows)
        {
            Vector128<float> a = Vector128.Load(panel) * factor;
            Vector128<float> b = Vector128.Load(panel + stride) * factor;
            Vector128<float> c = Vector128.Load(panel + (2 * stride)) * factor;
            Vector128<float> e = Vector128.Load(panel + (3 * stride)) * factor;
            Transpose(ref a, ref b, ref c, ref e);
            a.Store(rows.Row0 + d);
            b.Store(rows.Row1 + d);
            c.Store(rows.Row2 + d);
            e.Store(rows.Row3 + d);
            panel += Rows * stride;
        }

        for (; d < length; d++)
        {
            Vector128<float> column = Vector128.Load(panel) * factor;
            rows.Row0[d] = column[0];
            rows.Row1[d] = column[1];
            rows.Row2[d] = column[2];
            rows.Row3[d] = column[3];
            panel += stride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector128<float> a, ref Vector128<float> b, ref Vector128<float> c,
        ref Vector128<float> d)
    {
        Vector128<float> evenLow = Lower(a, c), evenHigh = Upper(a, c);
        Vector128<float> oddLow = Lower(b, d), oddHigh = Upper(b, d);
        a = Lower(evenLow, oddLow);
        b = Upper(evenLow, oddLow);
        c = Lower(evenHigh, oddHigh);
        d = Upper(evenHigh, oddHigh);
    }

    // a0 b0 a1 b1
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Lower(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    // a2 b2 a3 b3
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Upper(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);
}
