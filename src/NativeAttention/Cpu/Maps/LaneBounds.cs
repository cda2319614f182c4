using System.Runtime.CompilerServices;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// Which rows the lanes of a box see: the intervals of the axes, and a limit on the distance, brought to one
/// interval for every lane in each run of rows along the last axis.
/// </summary>
internal static unsafe class LaneBounds
{
    /// <summary>The interval of every lane in one run of rows.</summary>
    /// <param name="box">The owned box, whose tokens are the lanes.</param>
    /// <param name="z">Index of the run along the first axis.</param>
    /// <param name="y">Index of the run along the second axis.</param>
    /// <param name="x">First index of the run along the last axis: row 0.</param>
    /// <param name="low">Receives the first row that each lane sees.</param>
    /// <param name="high">Receives the last; below the first when it sees none.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Find(in QueryBox box, int z, int y, int x, float* low, float* high)
    {
        for (int ownZ = box.First.Z; ownZ < box.First.Z + box.Count.Z; ownZ++)
        {
            for (int ownY = box.First.Y; ownY < box.First.Y + box.Count.Y; ownY++)
            {
                long reach = Reach(box, ownZ - z, ownY - y);
                if (reach >= 0 && Sees(box.Section.Axes[0], ownZ, z) && Sees(box.Section.Axes[1], ownY, y))
                {
                    FindInRow(box, x, reach, low, high);
                }
                else
                {
                    new Span<float>(low, box.Count.X).Fill(1);
                    new Span<float>(high, box.Count.X).Clear();
                }

                low += box.Count.X;
                high += box.Count.X;
            }
        }
    }

    // How far a lane sees along the last axis, for the limit on the distance; negative when not at all.
    private static long Reach(in QueryBox box, long z, long y)
    {
        if (box.Map.MostDistance is not int most)
        {
            return int.MaxValue;
        }

        long rest = most - (z * z) - (y * y);
        return rest < 0 ? -1 : (long)Math.Sqrt(rest);
    }

    private static void FindInRow(in QueryBox box, int x, long reach, float* low, float* high)
    {
        AxisIntervals axis = box.Section.Axes[2];
        for (int i = 0; i < box.Count.X; i++)
        {
            int own = box.First.X + i;
            low[i] = Math.Max(axis.KeyBegin[own], own - reach) - x;
            high[i] = Math.Min(axis.KeyEnd[own] - 1, own + reach) - x;
        }
    }

    private static bool Sees(AxisIntervals axis, int own, int passing) =>
        passing >= axis.KeyBegin[own] && passing < axis.KeyEnd[own];
}
