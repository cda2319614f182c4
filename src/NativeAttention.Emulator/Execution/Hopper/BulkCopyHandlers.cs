using System.Globalization;
using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// cp.async.bulk, cp.async.bulk.tensor and their reductions. <see cref="Op.List"/> holds a
/// <see cref="BulkOperands"/>; Imm is the <see cref="BulkKind"/>, Aux the rank of the tensor or 0. Each active
/// lane issues a copy of its own.
/// </summary>
internal static unsafe class BulkCopyHandlers
{
    private const int BulkAlignment = 16;
    private const int TensorAlignment = 128;

    public static void Issue(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            BulkCopy copy = new() { Warp = w, Op = op, Lane = lane, Kind = (BulkKind)op->Imm };
            if (op->Aux > 0)
            {
                SetBox(copy);
            }
            else
            {
                SetRun(copy);
            }
            SetShared(copy);
            SetMbarrier(copy);
            BulkMover.Prepare(copy);
            if (copy.Kind != BulkKind.Prefetch)
            {
                w.Cta.Bulk.Issue(copy);
            }
        }
    }

    public static void Commit(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            w.Cta.Bulk.Commit(w, BitOperations.TrailingZeroCount(rest));
        }
    }

    /// <summary>Imm: newest groups that may stay in flight; Aux: 1 when only the sources have to be
    /// free.</summary>
    public static void Wait(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            w.Cta.Bulk.Wait(w, BitOperations.TrailingZeroCount(rest), (int)op->Imm, op->Aux != 0);
        }
    }

    /// <summary>prefetch.tensormap: A is the generic address of the map.</summary>
    public static void PrefetchMap(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong address = MbarrierHandlers.LaneAddress(w, op->A, isNarrow: false, lane) + (ulong)op->Imm;
            TensorMapReader.Read(w, op, lane, address);
        }
    }

    private static void SetBox(BulkCopy copy)
    {
        (Warp w, int lane) = (copy.Warp, copy.Lane);
        Op* op = copy.Op;
        BulkOperands* operands = (BulkOperands*)op->List;
        ulong address = operands->Global.At(w, lane);
        TensorMap map = TensorMapReader.Read(w, op, lane, address);
        if (map.Rank != op->Aux)
        {
            Misuse(copy, $"a copy of {op->Aux} dimensions by {map}");
        }
        if (map.SwizzleSpan > 16 && map.Box[0] * map.ElementBytes < map.SwizzleSpan)
        {
            Misuse(copy,
                $"the rows of {map} are narrower than its swizzle of {map.SwizzleSpan} bytes, which is not defined");
        }
        int[] coordinates = new int[TensorMap.MaximumRank];
        for (int d = 0; d < map.Rank; d++)
        {
            coordinates[d] = (int)((uint*)(w.Regs + operands->Coordinates[d]))[lane];
        }
        copy.Box = new TensorBox(map, coordinates);
        copy.Bytes = copy.Box.Bytes;
        if (copy.Kind == BulkKind.Reduce)
        {
            (copy.Operation, copy.ElementBytes) = OperationOf(copy, map, operands->Operation);
        }
    }

    private static void SetRun(BulkCopy copy)
    {
        (Warp w, int lane) = (copy.Warp, copy.Lane);
        BulkOperands* operands = (BulkOperands*)copy.Op->List;
        uint bytes = ((uint*)(w.Regs + operands->Size))[lane];
        copy.Other = operands->Global.At(w, lane);
        copy.Bytes = (int)bytes;
        (copy.Operation, copy.ElementBytes) = ((AtomicOperation)operands->Operation, operands->ElementBytes);
        if (bytes == 0 || bytes % BulkAlignment != 0 || bytes > int.MaxValue)
        {
            Misuse(copy, $"a copy of {bytes} bytes; a positive multiple of {BulkAlignment} is allowed");
        }
        if (copy.Kind == BulkKind.Within)
        {
            SharedShadow.CheckRange(w, copy.Op, lane, (uint)copy.Other, copy.Bytes, BulkAlignment);
        }
        else if (copy.Other % BulkAlignment != 0)
        {
            Faults.Raise(w, copy.Op, EmulatorFaultKind.MisalignedAddress, 1u << lane, copy.Other,
                $"global address 0x{copy.Other:x} is not a multiple of {BulkAlignment}");
        }
    }

    private static void SetShared(BulkCopy copy)
    {
        if (copy.Kind == BulkKind.Prefetch)
        {
            return;
        }
        (Warp w, int lane) = (copy.Warp, copy.Lane);
        Op* op = copy.Op;
        ulong address = ((BulkOperands*)op->List)->Shared.At(w, lane);
        copy.Shared = MbarrierHandlers.SharedAddress(w, op, lane, address, isGeneric: false);
        SharedShadow.CheckRange(w, op, lane, copy.Shared, copy.Bytes,
            copy.Box is null ? BulkAlignment : TensorAlignment);
    }

    private static void SetMbarrier(BulkCopy copy)
    {
        if (copy.Kind is not (BulkKind.Load or BulkKind.Within))
        {
            return;
        }
        (Warp w, int lane) = (copy.Warp, copy.Lane);
        Op* op = copy.Op;
        ulong address = ((BulkOperands*)op->List)->Mbarrier.At(w, lane);
        copy.Mbarrier = MbarrierHandlers.Find(
            w, op, lane, MbarrierHandlers.SharedAddress(w, op, lane, address, isGeneric: false));
        if (!copy.Mbarrier.IsFenced)
        {
            Faults.Raise(w, op, EmulatorFaultKind.MissingProxyFence, 1u << lane, copy.Mbarrier.Address,
                $"{copy.Mbarrier} is used by a copy, and warp {copy.Mbarrier.Owner} has executed neither fence.mbarrier_init nor fence.proxy.async since it initialised it");
        }
        if (copy.Bytes > Mbarrier.Maximum)
        {
            Misuse(copy, string.Create(CultureInfo.InvariantCulture,
                $"{copy.Bytes:N0} bytes are more than an mbarrier can count"));
        }
    }

    /// <summary>How a reduction treats elements of the type of a map.</summary>
    private static (AtomicOperation, int) OperationOf(BulkCopy copy, TensorMap map, int operation)
    {
        PtxType type = map.Type switch
        {
            TensorType.UInt32 => PtxType.U32,
            TensorType.Int32 => PtxType.S32,
            TensorType.UInt64 => PtxType.U64,
            TensorType.Int64 => PtxType.S64,
            TensorType.Float16 => PtxType.F16,
            TensorType.BFloat16 => PtxType.BF16,
            TensorType.Float32 or TensorType.Float32Flush => PtxType.F32,
            TensorType.Float64 => PtxType.F64,
            _ => PtxType.None,
        };
        AtomicOperation? found = BulkReduction.Find(((BulkReductionName)operation), type);
        if (found is null)
        {
            Misuse(copy, $"the reduction is not defined, or not supported, for elements of {map.Type}");
        }
        return (found!.Value, map.ElementBytes);
    }

    private static void Misuse(BulkCopy copy, string message)
    {
        Faults.Raise(copy.Warp, copy.Op, EmulatorFaultKind.BulkCopyMisuse, 1u << copy.Lane, null, message);
    }
}

/// <summary>An address operand: register slot or none, and a constant.</summary>
internal unsafe struct BulkAddress
{
    public int Slot;
    public int Offset;
    public int IsNarrow;

    public readonly ulong At(Warp w, int lane)
    {
        ulong address = MbarrierHandlers.LaneAddress(w, Slot, IsNarrow != 0, lane);
        return IsNarrow != 0 ? (uint)address + (uint)Offset : address + (ulong)(long)Offset;
    }
}

/// <summary>The operands of a bulk copy, as the decoder lists them.</summary>
internal unsafe struct BulkOperands
{
    public const int AddressInts = 3;
    public const int Count = (3 * AddressInts) + 3 + TensorMap.MaximumRank;

    public BulkAddress Shared;

    /// <summary>Global memory, the source within shared memory, or the tensor map.</summary>
    public BulkAddress Global;
    public BulkAddress Mbarrier;
    public int Size;
    public int Operation;
    public int ElementBytes;
    public fixed int Coordinates[TensorMap.MaximumRank];
}
