using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// Accesses to parts of rows. The bytes of a split row have tags of their own: a block of 16 writer tags, then
/// 16 tags for each reader. The low bits of a reader's entry are free, since its place says who it is: they
/// hold <see cref="EventTag.Strong"/>, and <see cref="Atomic"/> for a read that also wrote.
/// </summary>
internal sealed unsafe partial class SharedShadow
{
    private const uint Atomic = 1;

    private readonly Stack<uint> _freeSplits = [];
    private NativeBuffer? _splits;
    private uint _splitCount;

    private int SplitWords => (1 + _stride) * RowBytes;

    private static Vector512<uint> Bits { get; } = Vector512.Create(
        1u, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);

    /// <summary>Checks and records a read of the bytes <paramref name="mask"/> of a row.</summary>
    [MethodImpl(Hot)]
    private void ReadPart(Warp w, Op* op, uint row, uint mask, uint lanes, uint tag)
    {
        uint writer = _writers[row];
        uint* bounds = w.Clock.Known.Bounds;
        uint entry = tag & ~(EventTag.LowBits ^ EventTag.Strong);
        int slot = EventTag.Actor(tag);
        if ((tag & EventTag.Strong) == 0 && writer <= bounds[(byte)writer])
        {
            uint* whole = _readers + (row * (uint)_stride) + slot;
            if (mask == WholeRow || *whole == entry)
            {
                *whole = entry;
                return;
            }
        }
        uint* writers = Split(row);
        uint unordered = UnorderedWrites(writers, bounds, mask, tag);
        unordered &= _findsRaces ? mask : Unwritten(writers);
        if (unordered != 0)
        {
            ReportRead(w, op, row, unordered, lanes, tag);
        }
        Vector512<uint> chosen = MaskVector(mask);
        uint* own = writers + ((1 + slot) * RowBytes);
        Vector512<uint> old = Vector512.Load(own);
        Vector512<uint> weak = Vector512.Create(entry & ~EventTag.Strong);
        chosen &= ~Vector512.Equals(old, weak);
        Vector512.ConditionalSelect(chosen, Vector512.Create(entry), old).Store(own);
    }

    /// <summary>Checks and records a write of the bytes <paramref name="mask"/> of a row.</summary>
    [MethodImpl(Hot)]
    private void WritePart(Warp w, Op* op, uint row, uint mask, uint lanes, uint tag, bool isAtomic)
    {
        uint writer = _writers[row];
        uint* bounds = w.Clock.Known.Bounds;
        bool isStrong = (tag & EventTag.Strong) != 0;
        if (mask == WholeRow && !isStrong && (writer <= bounds[(byte)writer] || writer == EventTag.Unwritten)
            && !HasUnorderedReader(_readers + (row * (uint)_stride), bounds, _stride))
        {
            _writers[row] = tag;
            return;
        }
        uint* writers = Split(row);
        uint unordered = isAtomic
            ? UnorderedWrites(writers, bounds, mask, tag)
            : UnorderedWrites(writers, bounds, mask & ~Unwritten(writers), tag);
        uint readers = UnorderedReads(writers, bounds, mask, isStrong);
        unordered &= _findsRaces ? mask : Unwritten(writers);
        if (unordered != 0 || (readers != 0 && _findsRaces))
        {
            ReportWrite(w, op, row, unordered, readers, lanes, tag);
        }
        Record(w, row, writers, mask, tag, isAtomic);
    }

    private void Record(Warp w, uint row, uint* writers, uint mask, uint tag, bool isAtomic)
    {
        Vector512<uint> chosen = MaskVector(mask);
        Vector512<uint> after =
            Vector512.ConditionalSelect(chosen, Vector512.Create(tag), Vector512.Load(writers));
        after.Store(writers);
        if (isAtomic)
        {
            uint* own = writers + ((1 + w.Index) * RowBytes);
            Vector512<uint> entry =
                Vector512.Create((tag & ~EventTag.LowBits) | EventTag.Strong | Atomic);
            Vector512.ConditionalSelect(chosen, entry, Vector512.Load(own)).Store(own);
        }
        else if ((tag & EventTag.Strong) == 0 && Vector512.EqualsAll(after, Vector512.Create(tag))
            && UnorderedReads(writers, w.Clock.Known.Bounds, WholeRow, isStrong: false) == 0)
        {
            _freeSplits.Push(_writers[row] >> EventTag.ClockShift);
            _writers[row] = tag;
        }
    }

    /// <summary>The bytes whose last write is not ordered before an access with this tag.</summary>
    private uint UnorderedWrites(uint* writers, uint* bounds, uint mask, uint tag)
    {
        Vector512<uint> all = Vector512.Load(writers);
        bool isStrong = (tag & EventTag.Strong) != 0;
        uint unordered = 0;
        for (uint rest = mask; rest != 0;)
        {
            uint writer = writers[BitOperations.TrailingZeroCount(rest)];
            uint same = (uint)Vector512.Equals(all, Vector512.Create(writer)).ExtractMostSignificantBits();
            bool isStrongWriter = (writer & EventTag.Strong) != 0;
            if (writer > bounds[(byte)writer] && !(isStrong && isStrongWriter))
            {
                unordered |= same & mask;
            }
            if (isStrongWriter && !isStrong)
            {
                // Of several atomics only the last is the writer; the others are known as readers.
                unordered |= UnorderedAtomics(writers, bounds, same & mask);
            }
            rest &= ~same;
        }
        return unordered;
    }

    private uint UnorderedAtomics(uint* writers, uint* bounds, uint mask)
    {
        uint unordered = 0;
        for (int reader = 0; reader < _stride; reader++)
        {
            Vector512<uint> entries = Vector512.Load(writers + ((1 + reader) * RowBytes));
            Vector512<uint> bad = Vector512.GreaterThan(entries, Vector512.Create(bounds[reader]))
                & ~Vector512.Equals(entries & Vector512.Create(Atomic), Vector512<uint>.Zero);
            unordered |= (uint)bad.ExtractMostSignificantBits();
        }
        return unordered & mask;
    }

    /// <summary>The bytes of which some actor's last read is not ordered before a write.</summary>
    private uint UnorderedReads(uint* writers, uint* bounds, uint mask, bool isStrong)
    {
        Vector512<uint> unordered = Vector512<uint>.Zero;
        Vector512<uint> strong = Vector512.Create(EventTag.Strong);
        for (int reader = 0; reader < _stride; reader++)
        {
            Vector512<uint> entries = Vector512.Load(writers + ((1 + reader) * RowBytes));
            Vector512<uint> bad = Vector512.GreaterThan(entries, Vector512.Create(bounds[reader]));
            unordered |= isStrong ? bad & Vector512.Equals(entries & strong, Vector512<uint>.Zero) : bad;
        }
        return (uint)unordered.ExtractMostSignificantBits() & mask;
    }

    private static uint Unwritten(uint* writers)
    {
        Vector512<uint> unwritten = Vector512.Create(EventTag.Unwritten);
        return (uint)Vector512.Equals(Vector512.Load(writers), unwritten).ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> MaskVector(uint mask)
    {
        return Vector512.Equals(Vector512.Create(mask) & Bits, Bits);
    }

    /// <summary>The tags of the bytes of a row, which get tags of their own if they have none.</summary>
    private uint* Split(uint row)
    {
        uint writer = _writers[row];
        int words = SplitWords;
        if (EventTag.Actor(writer) == EventTag.SplitActor)
        {
            return (uint*)_splits!.Pointer + ((writer >> EventTag.ClockShift) * (long)words);
        }
        if (!_freeSplits.TryPop(out uint index))
        {
            index = NewSplit();
        }
        uint* writers = (uint*)_splits!.Pointer + (index * (long)words);
        Vector512.Create(writer).Store(writers);
        uint* readers = _readers + (row * (uint)_stride);
        for (int reader = 0; reader < _stride; reader++)
        {
            Vector512.Create(readers[reader]).Store(writers + ((1 + reader) * RowBytes));
        }
        _writers[row] = (index << EventTag.ClockShift) | EventTag.SplitActor;
        return writers;
    }

    /// <summary>Index 0 is not used: its marker would be ordered for everybody.</summary>
    private uint NewSplit()
    {
        uint index = ++_splitCount;
        long bytes = (index + 1L) * SplitWords * sizeof(uint);
        if (_splits is null || _splits.Bytes < bytes)
        {
            NativeBuffer larger = new(bytes * 2);
            if (_splits is not null)
            {
                Buffer.MemoryCopy(_splits.Pointer, larger.Pointer, larger.Bytes, _splits.Bytes);
                _splits.Free();
            }
            _splits = larger;
        }
        return index;
    }

    private void ForgetSplits()
    {
        _freeSplits.Clear();
        _splitCount = 0;
    }

    private void LowerSplits(uint by)
    {
        if (_splits is not null)
        {
            CtaClocks.Lower(new Span<uint>(_splits.Pointer, (int)(_splitCount + 1) * SplitWords), by);
        }
    }
}
