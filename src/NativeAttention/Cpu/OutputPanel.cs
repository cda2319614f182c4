using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Cpu;

/// <summary>Brings the outputs of the tiled kernels from their lanes into rows.</summary>
internal static unsafe class OutputPanel<T>
    where T : unmanaged
{
    /// <summary>output[lane][d] = factor[lane] / l[lane] * O^T[d][lane], or 0 where l is 0.</summary>
    /// <param name="output">First row.</param>
    /// <param name="stride">Distance between rows.</param>
    /// <param name="count">Rows.</param>
    /// <param name="panels">Where the panel and l lie; the factors lie in place of those on old outputs.</param>
    /// <param name="own">Start of the panels of the tile.</param>
    /// <param name="scratch">Start of all panels.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(T* output, nint stride, int count, TilePanels panels, float* own,
        float* scratch)
    {
        int dim = panels.ValueHeadDim;
        float* sums = own + panels.Sums, factors = scratch + panels.Rescale;
        FourRows spare = FourRows.At(scratch + panels.Rows, dim);
        for (int lane = 0; lane < count; lane += Transposition.Rows)
        {
            Vector128<float> sum = Vector128.Load(sums + lane);
            Vector128<float> factor = Vector128.ConditionalSelect(
                Vector128.Equals(sum, Vector128<float>.Zero), sum, Vector128.Load(factors + lane) / sum);
            if (Vector128.EqualsAny(sum, Vector128<float>.Zero))
            {
                ClearEmpty(own + panels.Output + lane, panels.Lanes, dim, sum);
            }

            T* first = output + (lane * stride);
            int rows = Math.Min(Transposition.Rows, count - lane);
            bool direct = typeof(T) == typeof(float) && rows == Transposition.Rows;
            Transposition.FromLanes(own + panels.Output + lane, panels.Lanes, factor,
                direct ? FourRows.At((float*)first, stride) : spare, dim);
            for (int i = 0; i < rows && !direct; i++)
            {
                ElementConvert.Narrow(new ReadOnlySpan<float>(spare.Row0 + (i * dim), dim),
                    new Span<T>(first + (i * stride), dim));
            }
        }
    }

    // What nothing was added to holds zeros times values: of either sign, or no numbers.
    private static void ClearEmpty(float* panel, nint lanes, int dim, Vector128<float> sum)
    {
        for (int lane = 0; lane < Transposition.Rows; lane++)
        {
            for (int d = 0; d < dim && sum[lane] == 0; d++)
            {
                panel[(d * lanes) + lane] = 0;
            }
        }
    }
}
