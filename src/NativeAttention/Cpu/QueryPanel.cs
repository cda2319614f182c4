using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Cpu;

/// <summary>Packs queries for the tiled kernels: Q^T, a lane for each.</summary>
internal static unsafe class QueryPanel<T>
    where T : unmanaged
{
    private const float Log2E = 1.4426950408889634f;

    /// <summary>
    /// Q^T[d][lane] = scale * log2(e) * q[lane][d], where padded lanes repeat the last query.
    /// </summary>
    /// <param name="queries">First query.</param>
    /// <param name="stride">Distance between queries.</param>
    /// <param name="count">Queries, at least one.</param>
    /// <param name="panels">Where the panel lies.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="scratch">Start of the panels.</param>
    public static void Pack(T* queries, long stride, int count, TilePanels panels, float scale, float* scratch) =>
        Pack(queries, stride, count, panels.HeadDim, scale, Log2E, scratch + panels.Query, panels.Lanes, panels.Lanes,
            scratch + panels.Rows);

    /// <summary>
    /// panel[d][lane] = first * second * row[lane][d], where padded lanes repeat the last row.
    /// </summary>
    /// <param name="source">First row.</param>
    /// <param name="stride">Distance between rows.</param>
    /// <param name="count">Rows, at least one.</param>
    /// <param name="dim">Elements in a row.</param>
    /// <param name="first">Factor on every element.</param>
    /// <param name="second">Factor on every product.</param>
    /// <param name="panel">First of the lanes.</param>
    /// <param name="lanes">Lanes to fill: a multiple of <see cref="Transposition.Rows"/>.</param>
    /// <param name="panelStride">Floats in a row of the panel.</param>
    /// <param name="spare">Scratch memory for four rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(T* source, long stride, int count, int dim, float first, float second, float* panel,
        int lanes, nint panelStride, float* spare)
    {
        int lane = 0;
        if (typeof(T) == typeof(float) && Avx512F.IsSupported)
        {
            for (; lane <= lanes - 16; lane += 16)
            {
                int row = Math.Min(lane, count - 1);
                Transposition.SixteenToLanes((float*)source + (row * stride), (nint)stride, Math.Min(16, count - row),
                    dim, panel + lane, panelStride, first, second);
            }
        }

        for (; lane < lanes; lane += Transposition.Rows)
        {
            FourRows rows = new()
            {
                Row0 = Row(source + (Math.Min(lane, count - 1) * stride), dim, spare),
                Row1 = Row(source + (Math.Min(lane + 1, count - 1) * stride), dim, spare + dim),
                Row2 = Row(source + (Math.Min(lane + 2, count - 1) * stride), dim, spare + (2 * dim)),
                Row3 = Row(source + (Math.Min(lane + 3, count - 1) * stride), dim, spare + (3 * dim)),
            };
            Transposition.ToLanes(rows, dim, panel + lane, panelStride, first, second);
        }
    }

    // A query as floats: where it lies, or widened.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Row(T* query, int dim, float* spare)
    {
        if (typeof(T) == typeof(float))
        {
            return (float*)query;
        }

        ElementConvert.WidenRows(query, 0, 1, dim, spare);
        return spare;
    }
}
