using System.Runtime.CompilerServices;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// The relative position bias of one head on a tile [row][lane]: along a run of lanes the entries of a row lie one
/// after another, forwards where lanes are keys and backwards where they are queries.
/// </summary>
internal static unsafe class BiasLanes
{
    /// <summary>What happens to the entries of some neighbouring lanes.</summary>
    internal interface IAction
    {
        /// <summary>Acts.</summary>
        /// <param name="entry">Entry of the first lane.</param>
        /// <param name="step">Distance to the entry of the next lane: 1 or -1.</param>
        /// <param name="lane">The first lane.</param>
        /// <param name="count">Number of lanes.</param>
        static abstract void Do(float* entry, nint step, float* lane, int count);
    }

    /// <summary>Acts on all pairs of a tile that lie within the window: others have no entry.</summary>
    /// <param name="table">The head's bias, or sums of gradients.</param>
    /// <param name="box">The owned box, whose tokens are the lanes.</param>
    /// <param name="ownsKeys">Whether these are keys.</param>
    /// <param name="first">First coordinates of the box of rows, which are the tokens that the lanes see.</param>
    /// <param name="count">Its extents.</param>
    /// <param name="panel">The tile.</param>
    /// <param name="lanes">Lanes in a row of it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Visit<TAction>(float* table, in QueryBox box, bool ownsKeys, Extents first, Extents count,
        float* panel, int lanes)
        where TAction : struct, IAction
    {
        Extents windows = box.Map.Windows;
        RelativeBias entries = new(windows);
        int sign = ownsKeys ? 1 : -1;
        for (int row = 0; row < count.Z * count.Y; row++, panel += (nint)count.X * lanes)
        {
            (int rowZ, int rowY) = Math.DivRem(row, count.Y);
            for (int own = 0; own < box.Count.Z * box.Count.Y; own++)
            {
                (int ownZ, int ownY) = Math.DivRem(own, box.Count.Y);
                int z = sign * (box.First.Z + ownZ - first.Z - rowZ), y = sign * (box.First.Y + ownY - first.Y - rowY);
                if (Math.Abs(z) < windows.Z && Math.Abs(y) < windows.Y)
                {
                    Run<TAction>(table + entries.Index(z, y, 0), sign, windows.X, box.First.X - first.X, box.Count.X,
                        panel + ((nint)own * box.Count.X), count.X, lanes);
                }
            }
        }
    }

    // Lane l and row r are l + ahead - r apart.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TAction>(float* middle, int sign, int window, int ahead, int owned, float* lane, int rows,
        int lanes)
        where TAction : struct, IAction
    {
        for (int row = 0; row < rows; row++, lane += lanes)
        {
            int begin = Math.Max(0, row - ahead - window + 1), end = Math.Min(owned, row - ahead + window);
            TAction.Do(middle + (sign * (begin + ahead - row)), sign, lane + begin, end - begin);
        }
    }

    /// <summary>lane = entry * log2(e)</summary>
    internal readonly struct Load : IAction
    {
        public static void Do(float* entry, nint step, float* lane, int count)
        {
            for (int i = 0; i < count; i++, entry += step)
            {
                lane[i] = *entry * LogSumExp.Log2E;
            }
        }
    }

    /// <summary>lane += entry * log2(e)</summary>
    internal readonly struct AddTo : IAction
    {
        public static void Do(float* entry, nint step, float* lane, int count)
        {
            for (int i = 0; i < count; i++, entry += step)
            {
                lane[i] += *entry * LogSumExp.Log2E;
            }
        }
    }

    /// <summary>entry += lane</summary>
    internal readonly struct Add : IAction
    {
        public static void Do(float* entry, nint step, float* lane, int count)
        {
            for (int i = 0; i < count; i++, entry += step)
            {
                *entry += lane[i];
            }
        }
    }
}
