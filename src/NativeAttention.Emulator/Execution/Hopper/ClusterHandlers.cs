using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// Clusters hold one block each here. So a shared::cluster address is a shared address of the block itself,
/// and the rank of every block is 0.
/// </summary>
internal static unsafe class ClusterHandlers
{
    /// <summary>Bits of <see cref="Op.Aux"/>: 64-bit lanes; addresses in shared rather than generic
    /// space.</summary>
    public const int Wide = 1;
    public const int SharedSpace = 2;

    /// <summary>mapa: A is an address, B the rank of a block.</summary>
    public static void MapShared(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint rank = ((uint*)(w.Regs + op->B))[lane];
            if (rank != 0)
            {
                Faults.Raise(w, op, EmulatorFaultKind.SharedOutOfBounds, 1u << lane, null,
                    $"block {rank} of a cluster of one block");
            }
            ulong address = Checked(w, op, lane);
            if ((op->Aux & Wide) != 0)
            {
                ((ulong*)(w.Regs + op->D))[lane] = address;
            }
            else
            {
                ((uint*)(w.Regs + op->D))[lane] = (uint)address;
            }
        }
    }

    /// <summary>getctarank: the block that a shared address belongs to.</summary>
    public static void GetRank(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            Checked(w, op, lane);
            ((uint*)(w.Regs + op->D))[lane] = 0;
        }
    }

    private static ulong Checked(Warp w, Op* op, int lane)
    {
        ulong address = MbarrierHandlers.LaneAddress(w, op->A, (op->Aux & Wide) == 0, lane);
        MbarrierHandlers.SharedAddress(w, op, lane, address, isGeneric: (op->Aux & SharedSpace) == 0);
        return address;
    }
}
