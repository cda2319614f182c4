using System.Runtime.CompilerServices;

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
    /// <param name="panels">Head dim and lanes.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="packed">The panel.</param>
    /// <param name="spare">Room for some queries.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(T* queries, long stride, int count, TilePanels panels, float scale, float* packed,
        float* spare)
    {
        int dim = panels.HeadDim, lanes = panels.Lanes;
        for (int lane = 0; lane < lanes; lane += Transposition.Rows)
        {
            FourRows rows = new()
            {
                Row0 = Row(queries + (Math.Min(lane, count - 1) * stride), dim, spare),
                Row1 = Row(queries + (Math.Min(lane + 1, count - 1) * stride), dim, spare + dim),
                Row2 = Row(queries + (Math.Min(lane + 2, count - 1) * stride), dim, spare + (2 * dim)),
                Row3 = Row(queries + (Math.Min(lane + 3, count - 1) * stride), dim, spare + (3 * dim)),
            };
            Transposition.ToLanes(rows, dim, packed + lane, lanes, scale, Log2E);
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
