using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>Loads and stores in shared memory.</summary>
internal static unsafe class SharedHandlers
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Load(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        LoadAt(w, op, addresses);
    }

    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Store(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        StoreAt(w, op, addresses);
    }

    /// <summary>Loads from shared addresses (not window addresses), which are turned into pointers in place.</summary>
    public static void LoadAt(Warp w, Op* op, ulong* addresses)
    {
        int bytes = Access.Bytes(op->Aux);
        CheckBounds(w, op, addresses, bytes, bytes, w.Active);
        EmulatorChecks checks = w.Worker.Checks;
        if ((op->Aux & Access.Strong) != 0)
        {
            checks &= ~EmulatorChecks.SharedRaces;
        }
        if (bytes == 16)
        {
            SharedShadow.ReadRows(w, op, addresses, w.Active, checks);
        }
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint address = (uint)addresses[lane];
            if (bytes != 16)
            {
                SharedShadow.Read(w, op, lane, address, bytes, checks);
            }
            addresses[lane] = (ulong)(w.Shared + address);
        }
        w.Worker.SharedBytesRead += (long)bytes * BitOperations.PopCount(w.Active);
        LaneMemory.Load(w, op, addresses);
    }

    /// <summary>Stores to shared addresses, which are turned into pointers in place.</summary>
    public static void StoreAt(Warp w, Op* op, ulong* addresses)
    {
        int bytes = Access.Bytes(op->Aux);
        CheckBounds(w, op, addresses, bytes, bytes, w.Active);
        EmulatorChecks checks = w.Worker.Checks;
        if ((op->Aux & Access.Strong) != 0)
        {
            checks &= ~EmulatorChecks.SharedRaces;
        }
        if (bytes == 16)
        {
            SharedShadow.WriteRows(w, op, addresses, w.Active, w.Tag, checks);
        }
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint address = (uint)addresses[lane];
            if (bytes != 16)
            {
                SharedShadow.Write(w, op, lane, address, bytes, w.Tag, checks);
            }
            addresses[lane] = (ulong)(w.Shared + address);
        }
        w.Worker.SharedBytesWritten += (long)bytes * BitOperations.PopCount(w.Active);
        LaneMemory.Store(w, op, addresses);
        if ((checks & EmulatorChecks.LaneRaces) != 0 && (op->Aux & Access.Strong) == 0
            && LaneMemory.IsOverwritten(w, op, addresses, out int victim))
        {
            ulong address = addresses[victim] - (ulong)w.Shared;
            Faults.Raise(w, op, EmulatorFaultKind.LaneRace, 1u << victim, address, string.Create(
                CultureInfo.InvariantCulture, $"what lane {victim} stores at 0x{address:x} is overwritten by another lane of the same instruction"));
        }
    }

    /// <summary>Checks that the given lanes stay inside the shared memory of the block and are aligned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CheckBounds(Warp w, Op* op, ulong* addresses, int bytes, int alignment, uint lanes)
    {
        Vector512<ulong> first = Vector512.Create((ulong)SharedLayout.FirstOffset);
        Vector512<ulong> last = Vector512.Create((ulong)w.SharedBytes - (ulong)bytes);
        Vector512<ulong> low = Vector512.Create((ulong)(alignment - 1));
        ulong bad = 0;
        for (int part = 0; part < 4; part++)
        {
            Vector512<ulong> address = Vector512.Load(addresses + (part * 8));
            bad |= (Vector512.GreaterThan(address - first, last)
                | ~Vector512.Equals(address & low, Vector512<ulong>.Zero)).ExtractMostSignificantBits() << (part * 8);
        }
        if (((uint)bad & lanes) != 0 || w.SharedBytes < bytes)
        {
            Reject(w, op, addresses, bytes, alignment, lanes);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Reject(Warp w, Op* op, ulong* addresses, int bytes, int alignment, uint lanes)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong offset = addresses[lane] - SharedLayout.FirstOffset;
            if (offset >= w.SharedBytes || (ulong)bytes > w.SharedBytes - offset)
            {
                Faults.Raise(w, op, EmulatorFaultKind.SharedOutOfBounds, 1u << lane, addresses[lane], string.Create(culture,
                    $"lane {lane} accesses {bytes} bytes of shared memory at offset {(long)offset:N0} of the block's {w.SharedBytes:N0} bytes"));
            }
            if ((addresses[lane] & (ulong)(alignment - 1)) != 0)
            {
                Faults.Raise(w, op, EmulatorFaultKind.MisalignedAddress, 1u << lane, addresses[lane], string.Create(culture,
                    $"shared address 0x{addresses[lane]:x} is not a multiple of {alignment}"));
            }
        }
    }
}
