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

    /// <summary>Loads from shared addresses (not window addresses), which are turned into pointers in
    /// place.</summary>
    public static void LoadAt(Warp w, Op* op, ulong* addresses)
    {
        int bytes = Access.Bytes(op->Aux);
        CheckBounds(w, op, addresses, bytes, bytes, w.Active);
        bool isStrong = (op->Aux & Access.Strong) != 0;
        if (bytes == 16 && !isStrong)
        {
            w.Cta.Shadow.ReadRows(w, op, addresses, w.Active);
        }
        else
        {
            w.Cta.Shadow.Read(w, op, addresses, bytes, w.Active, isStrong);
        }
        for (uint rest = isStrong ? w.Active : 0; rest != 0; rest &= rest - 1)
        {
            w.Cta.Flags.Load(w, addresses[BitOperations.TrailingZeroCount(rest)], Access.FlagOrder(op->Aux));
        }
        if (!isStrong)
        {
            w.Cta.Lanes?.Access(w, op, addresses, bytes, w.Active, isWrite: false);
        }
        MakePointers(w, addresses);
        w.Worker.SharedBytesRead += (long)bytes * BitOperations.PopCount(w.Active);
        LaneMemory.Load(w, op, addresses);
    }

    /// <summary>Stores to shared addresses, which are turned into pointers in place.</summary>
    public static void StoreAt(Warp w, Op* op, ulong* addresses)
    {
        int bytes = Access.Bytes(op->Aux);
        CheckBounds(w, op, addresses, bytes, bytes, w.Active);
        bool isStrong = (op->Aux & Access.Strong) != 0;
        if (bytes == 16 && !isStrong)
        {
            w.Cta.Shadow.WriteRows(w, op, addresses, w.Active, w.Clock.Tag);
        }
        else
        {
            uint tag = w.Clock.Tag | (isStrong ? EventTag.Strong : 0);
            w.Cta.Shadow.Write(w, op, addresses, bytes, w.Active, tag);
        }
        for (uint rest = isStrong ? w.Active : 0; rest != 0; rest &= rest - 1)
        {
            w.Cta.Flags.Store(w, addresses[BitOperations.TrailingZeroCount(rest)], Access.FlagOrder(op->Aux));
        }
        if (!isStrong)
        {
            w.Cta.Lanes?.Access(w, op, addresses, bytes, w.Active, isWrite: true);
        }
        MakePointers(w, addresses);
        w.Worker.SharedBytesWritten += (long)bytes * BitOperations.PopCount(w.Active);
        LaneMemory.Store(w, op, addresses);
        if (!isStrong && (w.Worker.Checks & EmulatorChecks.LaneRaces) != 0
            && LaneMemory.IsOverwritten(w, op, addresses, out int victim))
        {
            ulong address = addresses[victim] - (ulong)w.Shared;
            Faults.Raise(w, op, EmulatorFaultKind.LaneRace, 1u << victim, address, string.Create(
                CultureInfo.InvariantCulture,
                $"what lane {victim} stores at 0x{address:x} is overwritten by another lane of the same instruction"));
        }
    }

    /// <summary>Turns shared addresses into host pointers; those of inactive lanes mean nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MakePointers(Warp w, ulong* addresses)
    {
        Vector512<ulong> shared = Vector512.Create((ulong)w.Shared);
        for (int part = 0; part < 4; part++)
        {
            (Vector512.Load(addresses + (part * 8)) + shared).Store(addresses + (part * 8));
        }
    }

    /// <summary>Checks that the given lanes stay inside the shared memory of the block and are
    /// aligned.</summary>
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
                | ~Vector512.Equals(address & low,
                    Vector512<ulong>.Zero)).ExtractMostSignificantBits() << (part * 8);
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
                Faults.Raise(w, op, EmulatorFaultKind.SharedOutOfBounds, 1u << lane, addresses[lane],
                    string.Create(culture,
                    $"lane {lane} accesses {bytes} bytes of shared memory at offset {(long)offset:N0} of the block's {w.SharedBytes:N0} bytes"));
            }
            if ((addresses[lane] & (ulong)(alignment - 1)) != 0)
            {
                Faults.Raise(w, op, EmulatorFaultKind.MisalignedAddress, 1u << lane, addresses[lane],
                    string.Create(culture,
                    $"shared address 0x{addresses[lane]:x} is not a multiple of {alignment}"));
            }
        }
    }
}
