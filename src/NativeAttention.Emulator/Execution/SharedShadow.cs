using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// The shadow of shared memory. For each 4-byte cell it holds the tag of the last write and of the last read,
/// for each byte one bit "written". A tag is epoch (22 bits) | several readers (1) | warp (5) | bytes of the
/// cell (4); an epoch ends at every barrier of the whole block, so only tags of the current epoch can
/// conflict. Destinations of copies in flight carry an epoch above every real one.
/// </summary>
/// <remarks>
/// Barriers of a part of the block do not end an epoch. In an epoch that has one, conflicts are not reported,
/// since the tags cannot tell whether that barrier ordered them.
/// </remarks>
internal static unsafe class SharedShadow
{
    public const int EpochShift = 10;
    public const uint MaximumEpoch = (1u << 22) - 3;
    public const uint SeveralReaders = 1u << 9;
    public const uint InFlight = 0x3F_FFFFu << EpochShift;

    /// <summary>The tag of cells that are an mbarrier.</summary>
    public const uint Mbarrier = 0x3F_FFFEu << EpochShift;

    private const uint CellBytes = 0xF;

    public static uint Tag(uint epoch, int warp) => (epoch << EpochShift) | ((uint)warp << 4);

    /// <summary>
    /// Checks and records reads of aligned 16-byte rows, one for each of the given lanes. Pointers and
    /// vectors are held in locals, since the stores to the shadow could change any field as far as the
    /// compiler knows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ReadRows(Warp w, Op* op, ulong* addresses, uint lanes, EmulatorChecks checks)
    {
        bool wantsWritten = (checks & EmulatorChecks.SharedInitialization) != 0;
        bool tracks = (checks & EmulatorChecks.SharedRaces) != 0;
        uint* writerTags = w.Writers;
        uint* readerTags = w.Readers;
        ushort* written = w.Written;
        Vector128<uint> who = Vector128.Create(~CellBytes);
        Vector128<uint> whole = Vector128.Create(CellBytes);
        Vector128<uint> floor = Vector128.Create(w.EpochBase);
        Vector128<uint> mine = Vector128.Create(w.Tag);
        Vector128<uint> several = Vector128.Create(w.EpochBase | SeveralReaders);
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint address = (uint)addresses[lane];
            if (wantsWritten && written[address >> 4] != 0xFFFF)
            {
                Uninitialized(w, op, lane, address, 16);
            }
            if (!tracks)
            {
                continue;
            }
            Vector128<uint> writers = Vector128.Load(writerTags + (address >> 2)) & who;
            Vector128<uint> readers = Vector128.Load(readerTags + (address >> 2)) & who;
            if ((Vector128.GreaterThanOrEqual(writers, floor) & ~Vector128.Equals(writers,
                mine)) != Vector128<uint>.Zero)
            {
                Conflict(w, op, lane, address, 16, isWrite: false);
            }
            Vector128<uint> shared =
                Vector128.GreaterThanOrEqual(readers, floor) & ~Vector128.Equals(readers, mine);
            Vector128.Store(Vector128.ConditionalSelect(shared, several, mine) | whole,
                readerTags + (address >> 2));
        }
    }

    /// <summary>Checks and records writes, with tag <paramref name="tag"/>, of aligned 16-byte rows, one for
    /// each of the given lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteRows(Warp w, Op* op, ulong* addresses, uint lanes, uint tag,
        EmulatorChecks checks)
    {
        bool tracks = (checks & EmulatorChecks.SharedRaces) != 0;
        uint* writerTags = w.Writers;
        uint* readerTags = w.Readers;
        ushort* written = w.Written;
        Vector128<uint> who = Vector128.Create(~CellBytes);
        Vector128<uint> floor = Vector128.Create(w.EpochBase);
        Vector128<uint> mine = Vector128.Create(w.Tag);
        Vector128<uint> left = Vector128.Create(tag | CellBytes);
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint address = (uint)addresses[lane];
            written[address >> 4] = 0xFFFF;
            if (!tracks)
            {
                continue;
            }
            Vector128<uint> writers = Vector128.Load(writerTags + (address >> 2)) & who;
            Vector128<uint> readers = Vector128.Load(readerTags + (address >> 2)) & who;
            Vector128<uint> conflict =
                (Vector128.GreaterThanOrEqual(writers, floor) & ~Vector128.Equals(writers, mine))
                | (Vector128.GreaterThanOrEqual(readers, floor) & ~Vector128.Equals(readers, mine));
            if (conflict != Vector128<uint>.Zero)
            {
                Conflict(w, op, lane, address, 16, isWrite: true);
            }
            Vector128.Store(left, writerTags + (address >> 2));
        }
    }

    /// <summary>Checks and records a read of up to 8 bytes that do not cross an 8-byte boundary.</summary>
    public static void Read(Warp w, Op* op, int lane, uint address, int bytes, EmulatorChecks checks)
    {
        uint bits = ((1u << bytes) - 1) << (int)(address & 15);
        if ((w.Written[address >> 4] & bits) != bits && (checks & EmulatorChecks.SharedInitialization) != 0)
        {
            Uninitialized(w, op, lane, address, bytes);
        }
        if ((checks & EmulatorChecks.SharedRaces) == 0)
        {
            return;
        }
        for (uint at = address; at < address + (uint)bytes; at = (at & ~3u) + 4)
        {
            uint writer = w.Writers[at >> 2];
            if (writer >= w.EpochBase && (writer & ~CellBytes) != w.Tag
                && (writer & BytesOfCell(at, address, bytes)) != 0)
            {
                Conflict(w, op, lane, address, bytes, isWrite: false);
            }
            ref uint reader = ref w.Readers[at >> 2];
            bool isCurrent = reader >= w.EpochBase;
            uint others = isCurrent ? reader & CellBytes : 0;
            uint who = isCurrent && (reader & ~CellBytes) != w.Tag ? w.EpochBase | SeveralReaders : w.Tag;
            reader = who | others | BytesOfCell(at, address, bytes);
        }
    }

    /// <summary>Checks and records a write of up to 8 bytes that do not cross an 8-byte boundary.</summary>
    public static void Write(Warp w, Op* op, int lane, uint address, int bytes, uint tag,
        EmulatorChecks checks)
    {
        w.Written[address >> 4] |= (ushort)(((1u << bytes) - 1) << (int)(address & 15));
        if ((checks & EmulatorChecks.SharedRaces) == 0)
        {
            return;
        }
        for (uint at = address; at < address + (uint)bytes; at = (at & ~3u) + 4)
        {
            uint mask = BytesOfCell(at, address, bytes);
            uint writer = w.Writers[at >> 2];
            uint reader = w.Readers[at >> 2];
            bool conflict = (writer >= w.EpochBase && (writer & ~CellBytes) != w.Tag && (writer & mask) != 0)
                || (reader >= w.EpochBase && (reader & ~CellBytes) != w.Tag && (reader & mask) != 0);
            if (conflict)
            {
                Conflict(w, op, lane, address, bytes, isWrite: true);
            }
            uint kept = (writer & ~CellBytes) == tag ? writer & CellBytes : 0;
            w.Writers[at >> 2] = tag | mask | kept;
        }
    }

    /// <summary>Turns cells of a copy that has been waited for into ordinary writes of the warp.</summary>
    public static void Land(Warp w, uint address, int bytes)
    {
        for (uint at = address; at < address + (uint)bytes; at += 4)
        {
            w.Writers[at >> 2] = w.Tag | CellBytes;
        }
    }

    private static uint BytesOfCell(uint at, uint address, int bytes)
    {
        uint end = address + (uint)bytes;
        uint cell = at & ~3u;
        uint first = at - cell;
        uint last = Math.Min(end - cell, 4);
        return ((1u << (int)last) - 1) & ~((1u << (int)first) - 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Uninitialized(Warp w, Op* op, int lane, uint address, int bytes)
    {
        string message = string.Create(
            CultureInfo.InvariantCulture,
            $"{bytes} bytes of shared memory at 0x{address:x} are read before anything wrote them all");
        Faults.Raise(w, op, EmulatorFaultKind.UninitializedShared, 1u << lane, address, message);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Conflict(Warp w, Op* op, int lane, uint address, int bytes, bool isWrite)
    {
        for (uint at = address & ~3u; at < address + (uint)bytes; at += 4)
        {
            uint writer = w.Writers[at >> 2];
            if (writer >= InFlight)
            {
                Faults.Raise(w, op, EmulatorFaultKind.AsyncCopyInFlight, 1u << lane, at, string.Create(
                    CultureInfo.InvariantCulture,
                    $"shared memory at 0x{at:x} is {(isWrite ? "written" : "read")} while an asynchronous copy of warp {WarpOf(writer)} to it is in flight"));
            }
            if (writer >= Mbarrier)
            {
                Faults.Raise(w, op, EmulatorFaultKind.MbarrierMisuse, 1u << lane, at,
                    $"shared memory at 0x{at:x} is {(isWrite ? "written" : "read")} while it holds an mbarrier");
            }
        }
        if (w.Cta.HadPartialBarrier)
        {
            return;
        }
        for (uint at = address & ~3u; at < address + (uint)bytes; at += 4)
        {
            Report(w, op, lane, at, isWrite);
        }
    }

    private static void Report(Warp w, Op* op, int lane, uint at, bool isWrite)
    {
        uint writer = w.Writers[at >> 2];
        uint reader = w.Readers[at >> 2];
        string verb = isWrite ? "written" : "read";
        if (writer >= w.EpochBase && (writer & ~CellBytes) != w.Tag)
        {
            Faults.Raise(w, op, EmulatorFaultKind.SharedRace, 1u << lane, at, string.Create(
                CultureInfo.InvariantCulture,
                $"shared memory at 0x{at:x} is {verb} here and was written by warp {WarpOf(writer)} with no barrier between"));
        }
        if (isWrite && reader >= w.EpochBase && (reader & ~CellBytes) != w.Tag)
        {
            string who = (reader & SeveralReaders) != 0 ? "several warps" : $"warp {WarpOf(reader)}";
            Faults.Raise(w, op, EmulatorFaultKind.SharedRace, 1u << lane, at, string.Create(
                CultureInfo.InvariantCulture,
                $"shared memory at 0x{at:x} is written here and was read by {who} with no barrier between"));
        }
    }

    private static uint WarpOf(uint tag) => tag >> 4 & 31;
}
