using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>
/// The shadow of global memory: who wrote and who read what in the launch under way, for races between blocks
/// and within them, and for <c>ld.global.nc</c> of what the launch has written. Rows of 16 bytes, split to
/// bytes where parts are accessed, as in <see cref="SharedShadow"/>; but there is no bound on the number of
/// blocks, so a row knows its last writer and the first two actors that have read since.
/// </summary>
/// <remarks>
/// A stamp is the serial number of a block and, in the low half, a tag of its clocks. Serial numbers rise from
/// launch to launch: whatever is below the first of this launch is ordered. Blocks on several threads take
/// turns; an access that synchronises keeps its <see cref="Turn"/> while it moves its data.
/// </remarks>
internal sealed unsafe partial class GlobalShadow(ulong arenaStart, ulong arenaEnd)
{
    private const int ChunkShift = 14;
    private const int ChunkRows = (1 << ChunkShift) / RowRun.RowBytes;
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>Bit of a tag: strong for the block only.</summary>
    private const ulong BlockScope = 1ul << 31;

    private readonly nuint _chunkCount = (nuint)((arenaEnd - arenaStart) >> ChunkShift) + 1;
    private nint* _chunks;
    private readonly HashSet<uint> _forgotten = [];
    private ulong _first;
    private uint _next = 1;

    ~GlobalShadow() => Release();

    private readonly Lock _gate = new();

    /// <summary>Begins a launch; returns the serial number of its first block.</summary>
    public uint Begin(long blocks)
    {
        lock (_gate)
        {
            if (_next + (ulong)blocks >= uint.MaxValue)
            {
                Release();
                _next = 1;
            }
            if (_chunks is null)
            {
                _chunks = (nint*)NativeMemory.AllocZeroed(_chunkCount, (nuint)sizeof(nint));
            }
            uint first = _next;
            _next += (uint)blocks;
            _first = (ulong)first << 32;
            _flags.Clear();
            _forgotten.Clear();
            _splitCount = 0;
            return first;
        }
    }

    /// <summary>Gives a block whose clocks are set back another serial number; what it did under the old one counts as
    /// ordered from then on.</summary>
    public uint Renew(uint serial)
    {
        lock (_gate)
        {
            _forgotten.Add(serial);
            return _next++;
        }
    }

    /// <summary>Frees the shadow itself.</summary>
    public void Release()
    {
        for (nuint i = 0; _chunks is not null && i < _chunkCount; i++)
        {
            NativeMemory.Free((void*)_chunks[i]);
        }
        NativeMemory.Free(_chunks);
        _chunks = null;
        FreeSplits();
    }

    /// <summary>Checks and records reads by the given lanes, none of them across a row.</summary>
    public void Read(Warp w, Op* op, ulong* addresses, int bytes, uint lanes, uint tag, int aux = 0)
    {
        if (lanes == 0)
        {
            return;
        }
        using Turn turn = new(this, w);
        ulong stamp = Stamp(w, tag, aux);
        bool isNonCoherent = (aux & Access.NonCoherent) != 0;
        if (bytes == RowRun.RowBytes)
        {
            ReadRows(w, op, addresses, lanes, stamp, isNonCoherent);
        }
        else
        {
            ReadParts(w, op, addresses, bytes, lanes, stamp, isNonCoherent);
        }
    }

    [MethodImpl(Hot)]
    private void ReadRows(Warp w, Op* op, ulong* addresses, uint lanes, ulong stamp, bool isNonCoherent)
    {
        ulong first = _first;
        ulong start = arenaStart;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            GlobalRow* row = Row((addresses[lane] - start) / RowRun.RowBytes);
            if (row->Writer >= first)
            {
                RowRun run = default;
                run.TryAdd(lane, addresses[lane] - start, RowRun.RowBytes);
                ReadRow(w, op, run, stamp, isNonCoherent);
            }
            else if (!row->HasEnoughReaders(stamp, first))
            {
                row->AddReader(stamp, first);
            }
        }
    }

    [MethodImpl(Hot)]
    private void ReadParts(Warp w, Op* op, ulong* addresses, int bytes, uint lanes, ulong stamp,
        bool isNonCoherent)
    {
        RowRun run = default;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (!run.TryAdd(lane, addresses[lane] - arenaStart, bytes))
            {
                ReadRow(w, op, run, stamp, isNonCoherent);
                run = default;
                run.TryAdd(lane, addresses[lane] - arenaStart, bytes);
            }
        }
        ReadRow(w, op, run, stamp, isNonCoherent);
    }

    /// <summary>Checks and records writes by the given lanes, none of them across a row.</summary>
    [MethodImpl(Hot)]
    public void Write(Warp w, Op* op, ulong* addresses, int bytes, uint lanes, uint tag, int aux = 0)
    {
        if (lanes == 0)
        {
            return;
        }
        using Turn turn = new(this, w);
        ulong stamp = Stamp(w, tag, aux);
        RowRun run = default;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (!run.TryAdd(lane, addresses[lane] - arenaStart, bytes))
            {
                WriteRow(w, op, run, stamp);
                run = default;
                run.TryAdd(lane, addresses[lane] - arenaStart, bytes);
            }
        }
        WriteRow(w, op, run, stamp);
    }

    /// <summary>Checks and records an access of one thread's bulk copy to a range, which was started with
    /// <paramref name="tag"/>.</summary>
    public void AccessRange(Warp w, Op* op, int lane, ulong address, int bytes, uint tag, bool isWrite, int aux = 0)
    {
        using Turn turn = new(this, w);
        ulong stamp = Stamp(w, tag, aux);
        ulong end = address - arenaStart + (ulong)bytes;
        for (ulong at = address - arenaStart; at < end; at = (at | (RowRun.RowBytes - 1)) + 1)
        {
            int first = (int)(at % RowRun.RowBytes);
            int last = (int)Math.Min(RowRun.RowBytes, end - (at - (ulong)first));
            RowRun run = new()
            {
                Row = at / RowRun.RowBytes,
                Mask = (RowRun.WholeRow >> (RowRun.RowBytes - last)) & (RowRun.WholeRow << first),
                Lanes = 1u << lane,
            };
            if (isWrite)
            {
                WriteRow(w, op, run, stamp);
            }
            else
            {
                ReadRow(w, op, run, stamp, isNonCoherent: false);
            }
        }
    }

    private static ulong Stamp(Warp w, uint tag, int aux)
    {
        bool isStrong = (aux & Access.Strong) != 0;
        bool isNarrow = isStrong && !Access.IsDeviceScope(aux);
        return ((ulong)w.Cta.Serial << 32) | tag | (isStrong ? EventTag.Strong : 0) | (isNarrow ? BlockScope : 0);
    }

    [MethodImpl(Hot)]
    private void ReadRow(Warp w, Op* op, in RowRun run, ulong stamp, bool isNonCoherent)
    {
        GlobalRow* row = Row(run.Row);
        bool isPlain = !IsSplit(row) && IsOrdered(w, row->Writer, stamp)
            && !(isNonCoherent && row->Writer >= _first);
        if (isPlain && (run.Mask == RowRun.WholeRow || row->HasReader(stamp)
            || row->HasEnoughReaders(stamp, _first)))
        {
            row->AddReader(stamp, _first);
            return;
        }
        GlobalRow* bytes = Split(row);
        for (uint rest = run.Mask; rest != 0; rest &= rest - 1)
        {
            int index = BitOperations.TrailingZeroCount(rest);
            if (isNonCoherent && bytes[index].Writer >= _first)
            {
                ReportNonCoherent(w, op, run, index, bytes[index].Writer);
            }
            if (!IsOrdered(w, bytes[index].Writer, stamp))
            {
                Report(w, op, run, index, bytes[index].Writer, "read", "written");
            }
            bytes[index].AddReader(stamp, _first);
        }
    }

    [MethodImpl(Hot)]
    private void WriteRow(Warp w, Op* op, in RowRun run, ulong stamp)
    {
        GlobalRow* row = Row(run.Row);
        if (run.Mask == RowRun.WholeRow && !IsSplit(row) && IsOrdered(w, row->Writer, stamp)
            && IsOrdered(w, row->Reader, stamp) && IsOrdered(w, row->SecondReader, stamp))
        {
            (row->Writer, row->Reader, row->SecondReader) = (stamp, 0, 0);
            return;
        }
        GlobalRow* bytes = Split(row);
        for (uint rest = run.Mask; rest != 0; rest &= rest - 1)
        {
            int index = BitOperations.TrailingZeroCount(rest);
            ref GlobalRow cell = ref bytes[index];
            if (!IsOrdered(w, cell.Writer, stamp))
            {
                Report(w, op, run, index, cell.Writer, "written", "written");
            }
            if (!IsOrdered(w, cell.Reader, stamp) || !IsOrdered(w, cell.SecondReader, stamp))
            {
                ulong reader = IsOrdered(w, cell.Reader, stamp) ? cell.SecondReader : cell.Reader;
                Report(w, op, run, index, reader, "written", "read");
            }
            (cell.Writer, cell.Reader, cell.SecondReader) = (stamp, 0, 0);
        }
        if (run.Mask == RowRun.WholeRow)
        {
            // The entry of the split stays unused until the next launch.
            (row->Writer, row->Reader, row->SecondReader) = (stamp, 0, 0);
        }
    }

    /// <summary>True when an earlier access does not conflict with one that happens now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsOrdered(Warp w, ulong earlier, ulong now)
    {
        return earlier < _first || IsOrderedInLaunch(w, earlier, now);
    }

    private bool IsOrderedInLaunch(Warp w, ulong earlier, ulong now)
    {
        uint tag = (uint)(earlier & ~BlockScope);
        EventVector known = w.Clock.Known;
        bool isOwn = earlier >> 32 == now >> 32;
        bool areStrong = (earlier & now & EventTag.Strong) != 0
            && (isOwn || ((earlier | now) & BlockScope) == 0);
        if (areStrong)
        {
            return true;
        }
        return isOwn ? tag <= known.Bounds[EventTag.Actor(tag)]
            : (known.Remote is not null && known.Remote.Orders((uint)(earlier >> 32), tag))
                || _forgotten.Contains((uint)(earlier >> 32));
    }

    /// <summary>Keeps blocks on other threads away from the shadow.</summary>
    public readonly ref struct Turn
    {
        private readonly Lock? _gate;

        public Turn(GlobalShadow shadow, Warp w)
        {
            _gate = w.Worker.IsParallel ? shadow._gate : null;
            _gate?.Enter();
        }

        public void Dispose() => _gate?.Exit();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GlobalRow* Row(ulong index)
    {
        ref nint chunk = ref _chunks[index / ChunkRows];
        if (chunk == 0)
        {
            chunk = NewChunk();
        }
        return (GlobalRow*)chunk + (index % ChunkRows);
    }

    // Inlined, the call of native code would cost its callers a frame even where it is not reached.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint NewChunk() => (nint)NativeMemory.AllocZeroed(ChunkRows, (nuint)sizeof(GlobalRow));
}
