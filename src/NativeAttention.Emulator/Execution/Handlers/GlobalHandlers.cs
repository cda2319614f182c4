using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>Loads and stores in global memory, whose addresses are host pointers inside the arena, each one
/// checked.</summary>
internal static unsafe class GlobalHandlers
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Load(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        int bytes = Access.Bytes(op->Aux);
        CheckRead(w, op, addresses, bytes, w.Active);
        w.Worker.GlobalBytesRead += (long)bytes * BitOperations.PopCount(w.Active);
        GlobalShadow? shadow = w.Worker.GlobalShadow;
        if (shadow is not null && (op->Aux & Access.Strong) != 0)
        {
            LoadFlags(w, op, addresses, shadow);
            return;
        }
        shadow?.Read(w, op, addresses, bytes, w.Active, w.Clock.Tag, op->Aux);
        LaneMemory.Load(w, op, addresses);
    }

    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Store(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        int bytes = Access.Bytes(op->Aux);
        CheckWrite(w, op, addresses, bytes);
        w.Worker.GlobalBytesWritten += (long)bytes * BitOperations.PopCount(w.Active);
        GlobalShadow? shadow = w.Worker.GlobalShadow;
        if (shadow is not null && (op->Aux & Access.Strong) != 0)
        {
            StoreFlags(w, op, addresses, shadow);
            return;
        }
        shadow?.Write(w, op, addresses, bytes, w.Active, w.Clock.Tag, op->Aux);
        LaneMemory.Store(w, op, addresses);
        if ((w.Worker.Checks & EmulatorChecks.LaneRaces) != 0 && (op->Aux & Access.Strong) == 0
            && LaneMemory.IsOverwritten(w, op, addresses, out int victim))
        {
            LaneRace(w, op, victim, addresses[victim]);
        }
        if ((op->Aux & Access.Strong) != 0)
        {
            Thread.MemoryBarrier();
        }
    }

    /// <summary>A strong load: what it observes and what it reads belong together.</summary>
    private static void LoadFlags(Warp w, Op* op, ulong* addresses, GlobalShadow shadow)
    {
        using GlobalShadow.Turn turn = new(shadow, w);
        shadow.Read(w, op, addresses, Access.Bytes(op->Aux), w.Active, w.Clock.Tag, op->Aux);
        LaneMemory.Load(w, op, addresses);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            shadow.LoadFlag(w, addresses[BitOperations.TrailingZeroCount(rest)], Access.FlagOrder(op->Aux));
        }
    }

    /// <summary>A strong store: what it publishes and what it writes belong together.</summary>
    private static void StoreFlags(Warp w, Op* op, ulong* addresses, GlobalShadow shadow)
    {
        using GlobalShadow.Turn turn = new(shadow, w);
        shadow.Write(w, op, addresses, Access.Bytes(op->Aux), w.Active, w.Clock.Tag, op->Aux);
        LaneMemory.Store(w, op, addresses);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            shadow.StoreFlag(w, addresses[BitOperations.TrailingZeroCount(rest)], Access.FlagOrder(op->Aux));
        }
        Thread.MemoryBarrier();
    }

    /// <summary>Checks bounds, alignment and initialisation of a read by the given lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CheckRead(Warp w, Op* op, ulong* addresses, int bytes, uint lanes)
    {
        AddressRange* range = CheckBounds(w, op, addresses, bytes, Access.Bytes(op->Aux), lanes);
        if (!range->IsInitialized && (w.Worker.Checks & EmulatorChecks.GlobalInitialization) != 0)
        {
            CheckInitialized(w, op, addresses, bytes, lanes);
        }
    }

    /// <summary>Checks bounds and alignment of a write by the active lanes, and marks the bytes as
    /// written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CheckWrite(Warp w, Op* op, ulong* addresses, int bytes)
    {
        AddressRange* range = CheckBounds(w, op, addresses, bytes, bytes, w.Active);
        if (!range->IsInitialized)
        {
            MarkWritten(w, addresses, bytes);
        }
    }

    /// <summary>
    /// Compares all addresses at once with the allocation that this instruction met last; only when some lane
    /// is outside, or not aligned, are the lanes looked at one by one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static AddressRange* CheckBounds(Warp w, Op* op, ulong* addresses, int bytes, int alignment,
        uint lanes)
    {
        AddressRange* range = w.Worker.Ranges + op->Slot;
        Vector512<ulong> start = Vector512.Create(range->Start);
        Vector512<ulong> last = Vector512.Create(range->Size - (ulong)bytes);
        Vector512<ulong> low = Vector512.Create((ulong)(alignment - 1));
        ulong outside = 0;
        for (int part = 0; part < 4; part++)
        {
            Vector512<ulong> address = Vector512.Load(addresses + (part * 8));
            Vector512<ulong> bad = Vector512.GreaterThan(address - start, last)
                | ~Vector512.Equals(address & low, Vector512<ulong>.Zero);
            outside |= bad.ExtractMostSignificantBits() << (part * 8);
        }
        // An unknown or too small range has wrapped to a huge "last"; it must not pass.
        if (((uint)outside & lanes) != 0 || range->Size < (ulong)bytes)
        {
            CheckSlowly(w, op, range, addresses, bytes, alignment, lanes);
        }
        return range;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CheckSlowly(Warp w, Op* op, AddressRange* range, ulong* addresses, int bytes,
        int alignment, uint lanes)
    {
        DeviceAllocation[] allocations = w.Worker.Launch.Allocations;
        bool allInitialized = true;
        DeviceAllocation? allocation = null;
        uint misaligned = 0;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong address = addresses[lane];
            int index = DeviceMemory.IndexOf(allocations, address);
            if (index < 0 || (ulong)bytes > allocations[index].End - address)
            {
                OutOfBounds(w, op, lane, addresses, bytes, lanes);
            }
            misaligned |= (address & (ulong)(alignment - 1)) != 0 ? 1u << lane : 0;
            allocation = allocations[index];
            allInitialized &= allocation.IsFullyInitialized;
        }
        if (misaligned != 0)
        {
            int lane = BitOperations.TrailingZeroCount(misaligned);
            Faults.Raise(w, op, EmulatorFaultKind.MisalignedAddress, misaligned, addresses[lane],
                string.Create(
                CultureInfo.InvariantCulture,
                $"global address 0x{addresses[lane]:x} is not a multiple of the access size {alignment}"));
        }
        if (allocation is not null)
        {
            (range->Start, range->Size, range->IsInitialized) =
                (allocation.Start, (ulong)allocation.Size, allInitialized);
        }
    }

    private static void OutOfBounds(Warp w, Op* op, int lane, ulong* addresses, int bytes, uint lanes)
    {
        DeviceMemory memory = w.Worker.Launch.Memory;
        ulong address = addresses[lane];
        ulong lastByte = address + (ulong)bytes - 1;
        bool startsInside = DeviceMemory.IndexOf(w.Worker.Launch.Allocations, address) >= 0;
        EmulatorFaultKind kind = memory.IsFreed(address) ? EmulatorFaultKind.UseAfterFree
            : EmulatorFaultKind.GlobalOutOfBounds;
        string where = startsInside
            ? $"its last byte is {memory.Describe(lastByte)}" : $"it is {memory.Describe(address)}";
        Faults.Raise(w, op, kind, 1u << lane, address, string.Create(
            CultureInfo.InvariantCulture,
            $"lane {lane} accesses {bytes} bytes of global memory at 0x{address:x}: {where}"));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CheckInitialized(Warp w, Op* op, ulong* addresses, int bytes, uint lanes)
    {
        Worker worker = w.Worker;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong offset = addresses[lane] - worker.ArenaStart;
            uint mask = (1u << bytes) - 1;
            // Accesses are aligned to at most 16 bytes, so two bytes of bits hold them all, and one does up
            // to 8.
            uint bits = (uint)*(ushort*)(worker.ArenaBits + (offset >> 3 & ~1ul)) >> (int)(offset & 15);
            if ((bits & mask) != mask && !worker.Launch.Memory.IsInitialized(addresses[lane], bytes))
            {
                Faults.Raise(w, op, EmulatorFaultKind.UninitializedGlobal, 1u << lane, addresses[lane],
                    string.Create(
                    CultureInfo.InvariantCulture,
                    $"lane {lane} reads {bytes} bytes of global memory at 0x{addresses[lane]:x} that nothing has written, {worker.Launch.Memory.Describe(addresses[lane])}"));
            }
        }
    }

    [MethodImpl(Hot)]
    private static void MarkWritten(Warp w, ulong* addresses, int bytes)
    {
        Worker worker = w.Worker;
        int mask = (1 << bytes) - 1;
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong offset = addresses[lane] - worker.ArenaStart;
            if (bytes == 16)
            {
                *(ushort*)(worker.ArenaBits + (offset >> 3)) = 0xFFFF;
                continue;
            }
            if (bytes == 8)
            {
                worker.ArenaBits[offset >> 3] = 0xFF;
                continue;
            }
            ref int word = ref *(int*)(worker.ArenaBits + (offset >> 5 << 2));
            int bits = mask << (int)(offset & 31);
            if ((word & bits) == bits)
            {
                continue;
            }
            if (worker.IsParallel)
            {
                Interlocked.Or(ref word, bits);
            }
            else
            {
                word |= bits;
            }
        }
    }

    private static void LaneRace(Warp w, Op* op, int victim, ulong address)
    {
        Faults.Raise(w, op, EmulatorFaultKind.LaneRace, 1u << victim, address, string.Create(
            CultureInfo.InvariantCulture,
            $"what lane {victim} stores at 0x{address:x} is overwritten by another lane of the same instruction"));
    }
}
