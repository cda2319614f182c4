using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// The shadow of a block's shared memory: who wrote and who read it last, for the checks of initialisation,
/// races and copies in flight. It is exact to the byte: an access passes when the last write of each of its
/// bytes, and for a write also every actor's last read, is ordered before it by the vector clocks of
/// <see cref="WarpClock"/>.
/// </summary>
/// <remarks>
/// Rows of 16 bytes have one tag for the writer and one for each actor that reads, which is all there is
/// while whole rows are accessed, as tiles are. A row of which a part is accessed is split: its bytes get tags
/// of their own (<c>SharedShadow.Split.cs</c>) until a whole row is written again. Entries that a later
/// ordered access has made superfluous may stay, since whatever is ordered after that access is ordered after
/// them too.
/// </remarks>
internal sealed unsafe partial class SharedShadow(Cta cta)
{
    private const int RowBytes = RowRun.RowBytes;
    private const uint WholeRow = RowRun.WholeRow;
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    private readonly CtaClocks _clocks = cta.Clocks;
    private NativeBuffer? _buffer;
    private int _rows;
    private int _stride;
    private uint* _firstWriter;

    // Biased, so that a shared address >> 4 is the index of a row.
    private uint* _writers;
    private uint* _readers;
    private bool _isOff;
    private bool _findsRaces;

    /// <summary>Takes the size of a launch.</summary>
    public void Prepare(int sharedBytes, bool hasAsyncReaders, EmulatorChecks checks)
    {
        _isOff = (checks & (EmulatorChecks.SharedInitialization | EmulatorChecks.SharedRaces)) == 0;
        _findsRaces = (checks & EmulatorChecks.SharedRaces) != 0;
        int rows = (sharedBytes + 255) / 256 * 16;
        int readers = ((cta.WarpCount + 3) & ~3) * (hasAsyncReaders ? 3 : 1);
        int stride = readers switch { <= 4 => 4, <= 8 => 8, _ => (readers + 15) & ~15 };
        if (_isOff || (rows == _rows && stride == _stride))
        {
            return;
        }
        long bytes = rows * (1L + stride) * sizeof(uint);
        if (_buffer is null || _buffer.Bytes < bytes)
        {
            _buffer?.Free();
            _buffer = new NativeBuffer(bytes);
        }
        (_rows, _stride) = (rows, stride);
        _firstWriter = (uint*)_buffer.Pointer + ((long)rows * stride);
        _writers = _firstWriter - (SharedLayout.FirstOffset / RowBytes);
        _readers = (uint*)_buffer.Pointer - (SharedLayout.FirstOffset / RowBytes * stride);
        ForgetReaders();
    }

    /// <summary>Starts a block: nothing has been written.</summary>
    public void Start()
    {
        if (!_isOff)
        {
            new Span<uint>(_firstWriter, _rows).Fill(EventTag.Unwritten);
            ForgetSplits();
        }
    }

    /// <summary>Clears the entries of readers, which otherwise stay from block to block.</summary>
    public void ForgetReaders()
    {
        if (_buffer is not null)
        {
            new Span<uint>(_buffer.Pointer, _rows * _stride).Clear();
        }
    }

    /// <summary>Lowers all tags when the clocks are set back.</summary>
    public void Lower(uint by)
    {
        if (_isOff)
        {
            return;
        }
        CtaClocks.Lower(new Span<uint>(_buffer!.Pointer, _rows * _stride), by);
        for (int row = 0; row < _rows; row++)
        {
            if (EventTag.Actor(_firstWriter[row]) != EventTag.SplitActor)
            {
                CtaClocks.Lower(new Span<uint>(_firstWriter + row, 1), by);
            }
        }
        LowerSplits(by);
    }

    /// <summary>Checks and records ordinary reads of aligned 16-byte rows, one for each of the given
    /// lanes.</summary>
    [MethodImpl(Hot)]
    public void ReadRows(Warp w, Op* op, ulong* addresses, uint lanes)
    {
        if (_isOff)
        {
            return;
        }
        uint tag = w.Clock.Tag;
        uint* writers = _writers;
        uint* bounds = w.Clock.Known.Bounds;
        int stride = _stride;
        uint* readers = _readers + w.Index;
        uint read = tag & ~EventTag.LowBits;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint row = (uint)addresses[lane] / RowBytes;
            uint writer = writers[row];
            if (writer > bounds[(byte)writer])
            {
                ReadPart(w, op, row, WholeRow, 1u << lane, tag);
                continue;
            }
            readers[row * stride] = read;
        }
    }

    /// <summary>
    /// Checks and records writes of aligned 16-byte rows, one for each of the given lanes, with the warp's
    /// own tag or that of asynchronous work.
    /// </summary>
    [MethodImpl(Hot)]
    public void WriteRows(Warp w, Op* op, ulong* addresses, uint lanes, uint tag)
    {
        if (_isOff)
        {
            return;
        }
        uint* writers = _writers;
        uint* bounds = w.Clock.Known.Bounds;
        int stride = _stride;
        uint* readers = _readers;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint row = (uint)addresses[lane] / RowBytes;
            uint writer = writers[row];
            if ((writer > bounds[(byte)writer] && writer != EventTag.Unwritten)
                || HasUnorderedReader(readers + (row * stride), bounds, stride))
            {
                WritePart(w, op, row, WholeRow, 1u << lane, tag, isAtomic: false);
                continue;
            }
            writers[row] = tag;
        }
    }

    /// <summary>Checks and records reads of less than a row by the given lanes; neighbours in one row are
    /// taken together.</summary>
    [MethodImpl(Hot)]
    public void Read(Warp w, Op* op, ulong* addresses, int bytes, uint lanes, bool isStrong)
    {
        if (_isOff || lanes == 0)
        {
            return;
        }
        uint tag = w.Clock.Tag | (isStrong ? EventTag.Strong : 0);
        RowRun run = default;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (!run.TryAdd(lane, addresses[lane], bytes))
            {
                ReadPart(w, op, (uint)run.Row, run.Mask, run.Lanes, tag);
                run = default;
                run.TryAdd(lane, addresses[lane], bytes);
            }
        }
        ReadPart(w, op, (uint)run.Row, run.Mask, run.Lanes, tag);
    }

    /// <summary>Checks and records writes of less than a row by the given lanes.</summary>
    [MethodImpl(Hot)]
    public void Write(Warp w, Op* op, ulong* addresses, int bytes, uint lanes, uint tag, bool isAtomic = false)
    {
        if (_isOff || lanes == 0)
        {
            return;
        }
        RowRun run = default;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (!run.TryAdd(lane, addresses[lane], bytes))
            {
                WritePart(w, op, (uint)run.Row, run.Mask, run.Lanes, tag, isAtomic);
                run = default;
                run.TryAdd(lane, addresses[lane], bytes);
            }
        }
        WritePart(w, op, (uint)run.Row, run.Mask, run.Lanes, tag, isAtomic);
    }

    /// <summary>Checks and records a read of a range by asynchronous work that was started with
    /// <paramref name="tag"/>.</summary>
    public void ReadAsync(Warp w, Op* op, int lane, uint address, int bytes, uint tag)
    {
        for (uint at = address; !_isOff && at < address + (uint)bytes; at = (at | (RowBytes - 1)) + 1)
        {
            uint mask = MaskOf(at, address + (uint)bytes);
            CheckFenced(w, op, at / RowBytes, mask, lane);
            ReadPart(w, op, at / RowBytes, mask, 1u << lane, tag);
        }
    }

    /// <summary>Checks and records a write of a range by asynchronous work that was started with
    /// <paramref name="tag"/>.</summary>
    [MethodImpl(Hot)]
    public void WriteAsync(Warp w, Op* op, int lane, uint address, int bytes, uint tag)
    {
        uint* bounds = w.Clock.Known.Bounds;
        int stride = _stride;
        uint end = address + (uint)bytes;
        for (uint at = address; !_isOff && at < end; at = (at | (RowBytes - 1)) + 1)
        {
            uint row = at / RowBytes;
            uint mask = MaskOf(at, end);
            uint writer = _writers[row];
            if (mask == WholeRow && (writer <= bounds[(byte)writer] || writer == EventTag.Unwritten)
                && !HasUnorderedReader(_readers + (row * (uint)stride), bounds, stride))
            {
                _writers[row] = tag;
                continue;
            }
            WritePart(w, op, row, mask, 1u << lane, tag, isAtomic: false);
        }
    }

    /// <summary>Makes bytes that asynchronous work has written, under this tag, writes of the warp
    /// itself.</summary>
    public void Land(Warp w, uint address, int bytes, uint tag)
    {
        for (uint at = address; !_isOff && at < address + (uint)bytes; at = (at | (RowBytes - 1)) + 1)
        {
            uint row = at / RowBytes;
            uint mask = MaskOf(at, address + (uint)bytes);
            if (_writers[row] == tag && mask == WholeRow)
            {
                _writers[row] = w.Clock.Tag;
                continue;
            }
            uint* writers = Split(row);
            for (int i = 0; i < RowBytes; i++)
            {
                writers[i] = (mask >> i & 1) != 0 && writers[i] == tag ? w.Clock.Tag : writers[i];
            }
        }
    }

    private static uint MaskOf(uint from, uint end)
    {
        int first = (int)(from % RowBytes);
        int last = (int)Math.Min(RowBytes, end - (from - (uint)first));
        return (WholeRow >> (RowBytes - last)) & (WholeRow << first);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool HasUnorderedReader(uint* readers, uint* bounds, int stride)
    {
        if (stride == 4)
        {
            return Vector128.GreaterThanAny(Vector128.Load((int*)readers), Vector128.Load((int*)bounds));
        }
        if (stride == 8)
        {
            return Vector256.GreaterThanAny(Vector256.Load((int*)readers), Vector256.Load((int*)bounds));
        }
        for (int i = 0; i < stride; i += 16)
        {
            if (Vector512.GreaterThanAny(Vector512.Load((int*)readers + i),
                Vector512.Load((int*)bounds + i)))
            {
                return true;
            }
        }
        return false;
    }
}
