using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>Ranges that a single thread names: mbarriers, and both ends of bulk copies.</summary>
internal sealed unsafe partial class SharedShadow
{
    private const int MbarrierBytes = 8;

    /// <summary>Checks bounds and alignment of a range.</summary>
    public static void CheckRange(Warp w, Op* op, int lane, uint address, int bytes, int alignment)
    {
        uint offset = address - SharedLayout.FirstOffset;
        if (offset >= w.SharedBytes || (uint)bytes > w.SharedBytes - offset)
        {
            Faults.Raise(w, op, EmulatorFaultKind.SharedOutOfBounds, 1u << lane, address, string.Create(
                CultureInfo.InvariantCulture,
                $"lane {lane} accesses {bytes:N0} bytes of shared memory at offset {(int)offset:N0} of the block's {w.SharedBytes:N0} bytes"));
        }
        if (address % (uint)alignment != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.MisalignedAddress, 1u << lane, address,
                $"shared address 0x{address:x} is not a multiple of {alignment}");
        }
    }

    /// <summary>Checks and records reads of whole rows by asynchronous work that was started with
    /// <paramref name="tag"/>.</summary>
    [MethodImpl(Hot)]
    public void ReadRowsAsync(Warp w, Op* op, uint* addresses, int count, uint tag)
    {
        if (_isOff)
        {
            return;
        }
        uint* writers = _writers;
        uint* bounds = w.Clock.Known.Bounds;
        uint* fenced = w.Clock.Known.Fenced;
        int stride = _stride;
        uint* readers = _readers + EventTag.Actor(tag);
        uint read = tag & ~EventTag.LowBits;
        for (int i = 0; i < count; i++)
        {
            uint row = addresses[i] / RowBytes;
            uint writer = writers[row];
            if (writer > bounds[(byte)writer] || writer > fenced[(byte)writer])
            {
                int lane = BitOperations.TrailingZeroCount(w.Active);
                CheckFenced(w, op, row, WholeRow, lane);
                ReadPart(w, op, row, WholeRow, w.Active, tag);
                continue;
            }
            readers[row * (uint)stride] = read;
        }
    }

    /// <summary>From now on the eight bytes are an mbarrier, which ordinary accesses must leave
    /// alone.</summary>
    public void BeginMbarrier(Warp w, Op* op, int lane, uint address)
    {
        if (!_isOff)
        {
            uint mask = MaskOf(address, address + MbarrierBytes);
            WritePart(w, op, address / RowBytes, mask, 1u << lane, w.Clock.Tag, isAtomic: false);
            SetWriters(address, EventTag.Mbarrier);
        }
    }

    /// <summary>The eight bytes are ordinary memory again, with nothing in it.</summary>
    public void EndMbarrier(uint address)
    {
        if (!_isOff)
        {
            SetWriters(address, EventTag.Unwritten);
        }
    }

    private void SetWriters(uint address, uint tag) =>
        new Span<uint>(Split(address / RowBytes) + (address % RowBytes), MbarrierBytes).Fill(tag);
}
