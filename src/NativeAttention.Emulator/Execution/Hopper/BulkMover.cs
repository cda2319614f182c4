using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>Checks and moves the bytes of bulk copies, in units of 16 bytes of shared memory.</summary>
internal static unsafe class BulkMover
{
    private const int Unit = 16;

    /// <summary>Checks both sides of a copy at its issue, and notes its accesses to shared
    /// memory.</summary>
    public static void Prepare(BulkCopy copy)
    {
        (Warp w, int lane) = (copy.Warp, copy.Lane);
        Op* op = copy.Op;
        if (copy.Kind != BulkKind.Within)
        {
            VisitGlobal(copy, &CheckRun);
        }
        if (w.Worker.Accesses.Length > 0 && copy.Kind != BulkKind.Prefetch)
        {
            Count(copy);
        }
        SharedShadow shadow = w.Cta.Shadow;
        if (copy.Mbarrier is not null)
        {
            copy.End = w.Cta.Bulk.RentVector();
            copy.Tag = w.Clock.Fork(ActorKind.Operation, copy.End);
            shadow.WriteAsync(w, op, lane, copy.Shared, copy.Bytes, copy.Tag);
        }
        if (copy.Kind is BulkKind.Store or BulkKind.Reduce)
        {
            copy.Tag = w.Clock.Fork(ActorKind.Bulk);
            copy.GlobalTag = w.Clock.Fork(ActorKind.Operation);
            shadow.ReadAsync(w, op, lane, copy.Shared, copy.Bytes, copy.Tag);
        }
        if (copy.Kind == BulkKind.Within)
        {
            uint reads = w.Clock.Fork(ActorKind.Bulk);
            copy.End!.Add(reads);
            shadow.ReadAsync(w, op, lane, (uint)copy.Other, copy.Bytes, reads);
        }
        else if (copy.Kind != BulkKind.Prefetch && w.Worker.GlobalShadow is not null)
        {
            VisitGlobal(copy, &NoteRun);
        }
    }

    /// <summary>Reads the source in shared memory, unless that has been done.</summary>
    public static void ReadSource(BulkCopy copy)
    {
        if (copy.Source.Length == 0 && copy.Kind != BulkKind.Load)
        {
            ulong source = copy.Kind == BulkKind.Within ? copy.Other : copy.Shared;
            copy.Source = new ReadOnlySpan<byte>(copy.Warp.Shared + source, copy.Bytes).ToArray();
            copy.Warp.Worker.SharedBytesRead += copy.Bytes;
        }
    }

    /// <summary>Moves the bytes.</summary>
    public static void Move(BulkCopy copy)
    {
        Worker worker = copy.Warp.Worker;
        ReadSource(copy);
        switch (copy.Kind)
        {
            case BulkKind.Load when copy.Box is TensorBox box:
                LoadBox(copy, box);
                worker.SharedBytesWritten += copy.Bytes;
                break;
            case BulkKind.Load:
                Buffer.MemoryCopy((void*)copy.Other, copy.Warp.Shared + copy.Shared, copy.Bytes, copy.Bytes);
                worker.SharedBytesWritten += copy.Bytes;
                worker.GlobalBytesRead += copy.Bytes;
                break;
            case BulkKind.Within:
                copy.Source.CopyTo(new Span<byte>(copy.Warp.Shared + copy.Shared, copy.Bytes));
                worker.SharedBytesWritten += copy.Bytes;
                break;
            case BulkKind.Store or BulkKind.Reduce:
                StoreAll(copy);
                break;
            default:
                break;
        }
    }

    private static void LoadBox(BulkCopy copy, TensorBox box)
    {
        byte* shared = copy.Warp.Shared;
        byte* unit = stackalloc byte[Unit];
        for (int row = 0; row < box.RowCount; row++)
        {
            (int skipped, int valid, ulong address) = box.Row(row);
            copy.Warp.Worker.GlobalBytesRead += valid;
            uint start = copy.Shared + (uint)(row * box.RowBytes);
            for (int at = 0; at < box.RowBytes; at += Unit)
            {
                byte* target = shared + box.Swizzle(start + (uint)at);
                if (at >= skipped && at + Unit <= skipped + valid)
                {
                    Unsafe.CopyBlockUnaligned(target, (byte*)address + (at - skipped), Unit);
                    continue;
                }
                Fill(box.Map, unit);
                int from = Math.Max(at, skipped);
                int to = Math.Min(at + Unit, skipped + valid);
                if (from < to)
                {
                    Unsafe.CopyBlockUnaligned(unit + (from - at), (byte*)address + (from - skipped),
                        (uint)(to - from));
                }
                Unsafe.CopyBlockUnaligned(target, unit, Unit);
            }
        }
    }

    /// <summary>What stands for elements outside the tensor: zeros, or the NaN that arithmetic
    /// gives.</summary>
    private static void Fill(TensorMap map, byte* unit)
    {
        int bytes = map.ElementBytes;
        for (int i = 0; i < Unit; i++)
        {
            bool isTop = i % bytes == bytes - 1;
            unit[i] = !map.FillsWithNaN ? (byte)0 : isTop ? (byte)0x7F : (byte)0xFF;
        }
    }

    private static void StoreAll(BulkCopy copy)
    {
        if (copy.Box is not TensorBox box)
        {
            fixed (byte* source = copy.Source)
            {
                StoreRun(copy, copy.Other, source, copy.Bytes);
            }
            return;
        }
        byte* unit = stackalloc byte[Unit];
        fixed (byte* source = copy.Source)
        {
            for (int row = 0; row < box.RowCount; row++)
            {
                (int skipped, int valid, ulong address) = box.Row(row);
                uint start = copy.Shared + (uint)(row * box.RowBytes);
                for (int at = 0; at < box.RowBytes; at += Unit)
                {
                    int from = Math.Max(at, skipped);
                    int to = Math.Min(at + Unit, skipped + valid);
                    if (from < to)
                    {
                        byte* inside = source + (box.Swizzle(start + (uint)at) - copy.Shared);
                        StoreRun(copy, address + (ulong)(from - skipped), inside + (from - at), to - from);
                    }
                }
            }
        }
    }

    private static void StoreRun(BulkCopy copy, ulong address, byte* source, int bytes)
    {
        copy.Warp.Worker.GlobalBytesWritten += bytes;
        if (copy.Kind == BulkKind.Store)
        {
            Unsafe.CopyBlockUnaligned((void*)address, source, (uint)bytes);
            return;
        }
        for (int at = 0; at < bytes; at += copy.ElementBytes)
        {
            AtomicHandlers.Reduce(copy.Operation, address + (ulong)at, copy.ElementBytes, source + at);
        }
    }

    /// <summary>Goes over every run of bytes in global memory that the copy touches.</summary>
    private static void VisitGlobal(BulkCopy copy, delegate*<BulkCopy, ulong, int, void> visit)
    {
        if (copy.Box is not TensorBox box)
        {
            visit(copy, copy.Other, copy.Bytes);
            return;
        }
        for (int row = 0; row < box.RowCount; row++)
        {
            (_, int valid, ulong address) = box.Row(row);
            if (valid > 0)
            {
                visit(copy, address, valid);
            }
        }
    }

    /// <summary>Notes who accesses the bytes, for races with other accesses of the launch.</summary>
    private static void CountRun(BulkCopy copy, ulong address, int bytes) =>
        Counts(copy).Global += BulkCost.Global(copy.Kind, address, bytes);

    // For the profile; a request per copy, whatever the rows of its box.
    private static void Count(BulkCopy copy)
    {
        ref AccessCounts counts = ref Counts(copy);
        counts.Shared += BulkCost.Shared(copy.Kind, copy.Bytes);
        if (copy.Kind != BulkKind.Within)
        {
            counts.Global += new MemoryTraffic(1, 0, 0, 0, 0);
            VisitGlobal(copy, &CountRun);
        }
    }

    private static ref AccessCounts Counts(BulkCopy copy)
    {
        Worker worker = copy.Warp.Worker;
        return ref worker.Accesses[worker.Program.IndexOf(copy.Op)];
    }

    private static void NoteRun(BulkCopy copy, ulong address, int bytes)
    {
        const int isAtomic = Access.Strong | ((int)MemoryOrder.Relaxed << Access.OrderShift)
            | ((int)MemoryScope.Gpu << Access.ScopeShift);
        GlobalShadow shadow = copy.Warp.Worker.GlobalShadow!;
        bool isWrite = copy.Kind != BulkKind.Load;
        shadow.AccessRange(copy.Warp, copy.Op, copy.Lane, address, bytes, isWrite ? copy.GlobalTag : copy.Tag,
            isWrite, copy.Kind == BulkKind.Reduce ? isAtomic : 0);
    }

    /// <summary>Checks that the bytes exist and, where they are read, that something wrote them; marks what is
    /// written.</summary>
    private static void CheckRun(BulkCopy copy, ulong address, int bytes)
    {
        Warp w = copy.Warp;
        Op* op = copy.Op;
        DeviceMemory memory = w.Worker.Launch.Memory;
        AddressRange* range = w.Worker.Ranges + op->Slot;
        if (address - range->Start > range->Size - (ulong)bytes || range->Size < (ulong)bytes)
        {
            FindRange(copy, range, address, bytes);
        }
        if (range->IsInitialized)
        {
            return;
        }
        if (copy.Kind == BulkKind.Store)
        {
            memory.MarkInitialized(address, bytes);
        }
        else if ((w.Worker.Checks & EmulatorChecks.GlobalInitialization) != 0
            && copy.Kind != BulkKind.Prefetch && !memory.IsInitialized(address, bytes))
        {
            Faults.Raise(w, op, EmulatorFaultKind.UninitializedGlobal, 1u << copy.Lane, address,
                string.Create(CultureInfo.InvariantCulture,
                    $"the copy reads {bytes} bytes of global memory at 0x{address:x} that nothing has written, {memory.Describe(address)}"));
        }
    }

    private static void FindRange(BulkCopy copy, AddressRange* range, ulong address, int bytes)
    {
        Warp w = copy.Warp;
        Op* op = copy.Op;
        DeviceAllocation[] allocations = w.Worker.Launch.Allocations;
        int index = DeviceMemory.IndexOf(allocations, address);
        if (index < 0 || (ulong)bytes > allocations[index].End - address)
        {
            DeviceMemory memory = w.Worker.Launch.Memory;
            string where = index < 0 ? $"it is {memory.Describe(address)}"
                : $"its last byte is {memory.Describe(address + (ulong)bytes - 1)}";
            Faults.Raise(w, op,
                memory.IsFreed(address) ? EmulatorFaultKind.UseAfterFree : EmulatorFaultKind.GlobalOutOfBounds,
                1u << copy.Lane, address, string.Create(CultureInfo.InvariantCulture,
                    $"the copy touches {bytes} bytes of global memory at 0x{address:x}: {where}{InMap(copy)}"));
        }
        DeviceAllocation found = allocations[index];
        (range->Start, range->Size, range->IsInitialized) =
            (found.Start, (ulong)found.Size, found.IsFullyInitialized);
    }

    private static string InMap(BulkCopy copy) => copy.Box is null ? "" : $"; {copy.Box.Map}";
}
