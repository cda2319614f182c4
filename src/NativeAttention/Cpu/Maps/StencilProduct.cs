using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// The score product of a stencil: c[offset][row][lane] = sum over d of k[d][lane + offset] * q[d][row][lane].
/// Lanes are neighbouring queries of a row, so that the keys at one offset from them are neighbours too, and nothing
/// is computed in vain.
/// </summary>
/// <remarks>
/// Each vector of keys serves up to four rows, since it lies across cache lines and costs two loads; blocks are exact
/// in offsets and rows, and so write nothing but their results.
/// </remarks>
internal static unsafe class StencilProduct<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Offsets of a block: 6 x 4 accumulators, 4 vectors of q and one of k fit 32 registers.</summary>
    private const int MostOffsets = 6;

    /// <summary>Computes all offsets of some neighbouring rows.</summary>
    /// <param name="c">Result, [offset][row][lane].</param>
    /// <param name="k">Keys, [d][key]: those of the first offset.</param>
    /// <param name="keyStride">Distance between dims of the keys.</param>
    /// <param name="q">Queries, [d][row][lane].</param>
    /// <param name="stride">Distance between dims of the queries, and between offsets of the result.</param>
    /// <param name="rows">Rows, each one vector.</param>
    /// <param name="offsets">Offsets.</param>
    /// <param name="steps">Dims.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* c, float* k, nint keyStride, float* q, nint stride, int rows, int offsets,
        int steps)
    {
        int blocks = (offsets + MostOffsets - 1) / MostOffsets;
        for (int block = 0; block < blocks; block++)
        {
            int first = offsets * block / blocks;
            float* to = c + (first * stride), from = k + first;
            switch ((offsets * (block + 1) / blocks) - first)
            {
                case 1:
                    Rows<One>(to, from, keyStride, q, stride, rows, steps);
                    break;
                case 2:
                    Rows<Two>(to, from, keyStride, q, stride, rows, steps);
                    break;
                case 3:
                    Rows<Three>(to, from, keyStride, q, stride, rows, steps);
                    break;
                case 4:
                    Rows<Four>(to, from, keyStride, q, stride, rows, steps);
                    break;
                case 5:
                    Rows<Five>(to, from, keyStride, q, stride, rows, steps);
                    break;
                default:
                    Rows<Six>(to, from, keyStride, q, stride, rows, steps);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TCount>(float* c, float* k, nint keyStride, float* q, nint stride, int rows, int steps)
        where TCount : struct, ICount
    {
        int blocks = (rows + TWidth.BlockVectors - 1) / TWidth.BlockVectors;
        for (int block = 0; block < blocks; block++)
        {
            int first = rows * block / blocks;
            float* to = c + (first * TWidth.Count), from = q + (first * TWidth.Count);
            switch ((rows * (block + 1) / blocks) - first)
            {
                case 1:
                    Block<TCount, RowBlock1<TWidth, TVector>>(to, k, keyStride, from, stride, steps);
                    break;
                case 2:
                    Block<TCount, RowBlock2<TWidth, TVector>>(to, k, keyStride, from, stride, steps);
                    break;
                case 3:
                    Block<TCount, RowBlock3<TWidth, TVector>>(to, k, keyStride, from, stride, steps);
                    break;
                default:
                    Block<TCount, RowBlock4<TWidth, TVector>>(to, k, keyStride, from, stride, steps);
                    break;
            }
        }
    }

    // The conditions are constants: what they exclude is not compiled.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TCount, TRow>(float* c, float* k, nint keyStride, float* q, nint stride, int steps)
        where TCount : struct, ICount
        where TRow : struct, IRowBlock<TRow, TVector>
    {
        TRow c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        for (; steps > 0; steps--)
        {
            TRow row = TRow.Load(q);
            c0.Add(TWidth.Load(k), row);
            if (TCount.Value > 1)
            {
                c1.Add(TWidth.Load(k + 1), row);
            }

            if (TCount.Value > 2)
            {
                c2.Add(TWidth.Load(k + 2), row);
            }

            if (TCount.Value > 3)
            {
                c3.Add(TWidth.Load(k + 3), row);
            }

            if (TCount.Value > 4)
            {
                c4.Add(TWidth.Load(k + 4), row);
            }

            if (TCount.Value > 5)
            {
                c5.Add(TWidth.Load(k + 5), row);
            }

            k += keyStride;
            q += stride;
        }

        c0.Store(c);
        if (TCount.Value > 1)
        {
            c1.Store(c + stride);
        }

        if (TCount.Value > 2)
        {
            c2.Store(c + (2 * stride));
        }

        if (TCount.Value > 3)
        {
            c3.Store(c + (3 * stride));
        }

        if (TCount.Value > 4)
        {
            c4.Store(c + (4 * stride));
        }

        if (TCount.Value > 5)
        {
            c5.Store(c + (5 * stride));
        }
    }

    private interface ICount
    {
        static abstract int Value { get; }
    }

    private readonly struct One : ICount
    {
        public static int Value => 1;
    }

    private readonly struct Two : ICount
    {
        public static int Value => 2;
    }

    private readonly struct Three : ICount
    {
        public static int Value => 3;
    }

    private readonly struct Four : ICount
    {
        public static int Value => 4;
    }

    private readonly struct Five : ICount
    {
        public static int Value => 5;
    }

    private readonly struct Six : ICount
    {
        public static int Value => 6;
    }
}
