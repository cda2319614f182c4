using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>What mbarriers and bulk copies leave in the shadow of shared memory.</summary>
internal static unsafe class AsyncShadow
{
    private const int Row = 16;

    /// <summary>Checks that a range lies in the shared memory of the block.</summary>
    public static void CheckBounds(Warp w, Op* op, int lane, uint address, int bytes)
    {
        uint offset = address - SharedLayout.FirstOffset;
        if (offset >= w.SharedBytes || (uint)bytes > w.SharedBytes - offset)
        {
            Faults.Raise(w, op, EmulatorFaultKind.SharedOutOfBounds, 1u << lane, address, string.Create(
                CultureInfo.InvariantCulture,
                $"lane {lane} accesses {bytes:N0} bytes of shared memory at offset {(int)offset:N0} of the block's {w.SharedBytes:N0} bytes"));
        }
    }

    /// <summary>Checks bounds and alignment of a range that a copy moves.</summary>
    public static void CheckRange(Warp w, Op* op, int lane, uint address, int bytes, int alignment)
    {
        CheckBounds(w, op, lane, address, bytes);
        if (address % (uint)alignment != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.MisalignedAddress, 1u << lane, address,
                $"shared address 0x{address:x} is not a multiple of {alignment}");
        }
    }

    /// <summary>From now on the eight bytes are an mbarrier, which ordinary accesses must leave
    /// alone.</summary>
    public static void MarkMbarrier(Warp w, Op* op, int lane, uint address)
    {
        SharedShadow.Write(w, op, lane, address, 8, SharedShadow.Mbarrier, w.Worker.Checks);
        w.Worker.SharedBytesWritten += 8;
    }

    /// <summary>The eight bytes are ordinary memory again, with nothing in it.</summary>
    public static void UnmarkMbarrier(Warp w, uint address)
    {
        w.Written[address >> 4] &= (ushort)~(0xFF << (int)(address & 15));
        (w.Writers[address >> 2], w.Writers[(address >> 2) + 1]) = (0, 0);
    }

    /// <summary>An asynchronous write of whole rows begins: until it lands nobody may touch them.</summary>
    public static void BeginWrite(Warp w, Op* op, int lane, uint address, int bytes)
    {
        uint tag = SharedShadow.InFlight | ((uint)w.Index << 4);
        ulong* rows = stackalloc ulong[32];
        for (int at = 0; at < bytes; at += 32 * Row)
        {
            uint lanes = Fill(rows, address + (uint)at, bytes - at);
            SharedShadow.WriteRows(w, op, rows, lanes, tag, w.Worker.Checks);
        }
    }

    /// <summary>A write has ended and a warp has waited for it.</summary>
    public static void LandWrite(Warp w, uint address, int bytes)
    {
        if ((w.Worker.Checks & EmulatorChecks.SharedRaces) != 0)
        {
            new Span<uint>(w.Writers + (address >> 2), bytes / 4).Clear();
        }
    }

    /// <summary>Checks an asynchronous read of whole rows.</summary>
    public static void Read(Warp w, Op* op, int lane, uint address, int bytes)
    {
        ulong* rows = stackalloc ulong[32];
        for (int at = 0; at < bytes; at += 32 * Row)
        {
            uint lanes = Fill(rows, address + (uint)at, bytes - at);
            SharedShadow.ReadRows(w, op, rows, lanes, w.Worker.Checks);
        }
    }

    /// <summary>What a destination holds while its copy is in flight.</summary>
    public static void Poison(Warp w, uint address, int bytes)
    {
        new Span<byte>(w.Shared + address, bytes).Fill(SharedLayout.Poison);
        w.Worker.SharedBytesWritten += bytes;
    }

    private static uint Fill(ulong* rows, uint address, int bytes)
    {
        int count = Math.Min(32, bytes / Row);
        for (int i = 0; i < 32; i++)
        {
            rows[i] = address + (uint)(Math.Min(i, count - 1) * Row);
        }
        return count == 32 ? uint.MaxValue : (1u << count) - 1;
    }
}
