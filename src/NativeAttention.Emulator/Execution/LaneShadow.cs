using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>
/// <see cref="EmulatorOptions.StrictWarp"/>: lanes of a warp that access the same bytes of shared memory, one of
/// them by a write, need a <c>bar.warp.sync</c> or a barrier between. Each byte knows which lanes wrote and read it,
/// and under which tag of the warp; every synchronisation of the warp starts a new tag, so entries of another tag
/// are ordered, or are a matter between warps.
/// </summary>
internal sealed unsafe class LaneShadow
{
    /// <summary>Stands for the lanes of a matrix load or store, which hand each other their rows.</summary>
    private const int Together = -1;

    private NativeBuffer? _buffer;
    private int _bytes;

    /// <summary>Starts a block with so many bytes of shared memory.</summary>
    public void Start(int sharedBytes)
    {
        long bytes = (long)sharedBytes * sizeof(ByteState);
        if (_buffer is null || _buffer.Bytes < bytes)
        {
            _buffer?.Free();
            _buffer = new NativeBuffer(bytes);
        }
        _bytes = sharedBytes;
        NativeMemory.Clear(_buffer.Pointer, (nuint)bytes);
    }

    /// <summary>Checks and records an access of the given lanes, each of them its own.</summary>
    public void Access(Warp w, Op* op, ulong* addresses, int bytes, uint lanes, bool isWrite) =>
        Access(w, op, addresses, bytes, lanes, isWrite, isTogether: false);

    /// <summary>Checks and records an access by the whole warp to rows that the given lanes point at.</summary>
    public void AccessTogether(Warp w, Op* op, ulong* addresses, int bytes, uint lanes, bool isWrite) =>
        Access(w, op, addresses, bytes, lanes, isWrite, isTogether: true);

    private void Access(Warp w, Op* op, ulong* addresses, int bytes, uint lanes, bool isWrite, bool isTogether)
    {
        // All are checked before any is recorded: what lanes of one instruction do to each other is checked elsewhere.
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            for (int i = 0; i < bytes; i++)
            {
                Check(w, op, lane, isTogether ? Together : lane, addresses[lane] + (ulong)i, isWrite);
            }
        }
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            for (int i = 0; i < bytes; i++)
            {
                Record(w.Clock.Tag, isTogether ? Together : lane, StateAt(addresses[lane] + (ulong)i), isWrite);
            }
        }
    }

    private void Check(Warp w, Op* op, int lane, int who, ulong address, bool isWrite)
    {
        ByteState* state = StateAt(address);
        uint tag = w.Clock.Tag;
        bool wasWritten = state->WriteTag == tag && (state->Writer != who || who == Together);
        // A reader that is the writer itself is in order; the rows of a matrix have no single writer.
        uint others = who == Together ? state->Readers : state->Readers & ~(1u << who);
        bool wasRead = isWrite && state->ReadTag == tag && others != 0;
        if (wasWritten || wasRead)
        {
            Faults.Raise(w, op, EmulatorFaultKind.LaneRace, 1u << lane, address, string.Create(
                CultureInfo.InvariantCulture,
                $"shared memory at 0x{address:x} is {(isWrite ? "written" : "read")} here and was {(wasWritten ? "written" : "read")} by another lane of the warp, with no bar.warp.sync between"));
        }
    }

    private static void Record(uint tag, int who, ByteState* state, bool isWrite)
    {
        if (isWrite)
        {
            (state->WriteTag, state->Writer) = (tag, who);
            return;
        }
        state->Readers = (state->ReadTag == tag ? state->Readers : 0) | LaneBits(who);
        state->ReadTag = tag;
    }

    private static uint LaneBits(int who) => who == Together ? uint.MaxValue : 1u << who;

    private ByteState* StateAt(ulong address)
    {
        long index = (long)address - SharedLayout.FirstOffset;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, (ulong)_bytes);
        return (ByteState*)_buffer!.Pointer + index;
    }

    private struct ByteState
    {
        public uint WriteTag;
        public int Writer;
        public uint ReadTag;
        public uint Readers;
    }
}
