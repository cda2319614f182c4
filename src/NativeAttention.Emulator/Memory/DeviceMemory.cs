using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>
/// The global memory of one emulated context: one arena of host memory, so that device addresses are real
/// pointers, with an allocation table, red zones, a quarantine for freed memory and one "initialised" bit per
/// byte. Thread-safe.
/// </summary>
internal sealed unsafe class DeviceMemory : IDisposable
{
    /// <summary>Alignment of every allocation, and size of the red zone on each side of it.</summary>
    public const int Granularity = 256;

    private const int ByteFill = 0xFF;

    private readonly Lock _gate = new();
    private readonly long _quarantineLimit;
    private readonly List<(ulong Start, ulong End)> _free = [];
    private readonly Queue<DeviceAllocation> _quarantine = new();
    private readonly List<DeviceAllocation> _freed = [];
    private volatile DeviceAllocation[] _live = [];
    private byte* _arenaBlock;
    private byte* _bits;
    private long _quarantined;
    private GlobalShadow? _shadow;

    /// <summary>Reserves an arena of <paramref name="arenaBytes"/>, or the largest power-of-two fraction the
    /// host grants.</summary>
    public DeviceMemory(long arenaBytes, long quarantineBytes = 512L << 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(arenaBytes, 1L << 16);
        _quarantineLimit = quarantineBytes;
        Reserve(arenaBytes);
    }

    ~DeviceMemory() => Release();

    /// <summary>Who accessed what in the launch under way; made when the first launch asks for it.</summary>
    public GlobalShadow Shadow
    {
        get
        {
            lock (_gate)
            {
                return _shadow ??= new GlobalShadow(ArenaStart, ArenaEnd);
            }
        }
    }

    /// <summary>First address of the arena.</summary>
    public ulong ArenaStart { get; private set; }

    /// <summary>Address after the last one of the arena.</summary>
    public ulong ArenaEnd { get; private set; }

    /// <summary>Number of allocations that have not been freed.</summary>
    public int LiveAllocations => _live.Length;

    /// <summary>Bytes asked for by the allocations that have not been freed.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>Bytes of the arena.</summary>
    public long Capacity => (long)(ArenaEnd - ArenaStart);

    /// <summary>The "initialised" bits, one per byte of the arena.</summary>
    internal byte* InitializationBits => _bits;

    /// <summary>The live allocations in the order of their addresses; a snapshot that never
    /// changes.</summary>
    internal DeviceAllocation[] Snapshot => _live;

    /// <summary>
    /// Allocates <paramref name="bytes"/> bytes, filled with 0xFF and marked as not initialised. False when
    /// the arena is full.
    /// </summary>
    public bool TryAllocate(long bytes, out ulong address)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_arenaBlock is null, this);
            if (bytes > Capacity - (2 * Granularity)
                || !TryCarve(RoundUp((ulong)bytes) + (2 * Granularity), out ulong start))
            {
                address = 0;
                return false;
            }
            address = start + Granularity;
            NativeMemory.Fill((void*)address, (nuint)bytes, ByteFill);
            SetBits(address, bytes, value: false);
            Insert(new DeviceAllocation(address, bytes));
            LiveBytes += bytes;
            return true;
        }
    }

    /// <summary>Frees an allocation; false and a text that says why when <paramref name="address"/> is not
    /// the start of one.</summary>
    public bool TryFree(ulong address, [NotNullWhen(false)] out string? problem)
    {
        lock (_gate)
        {
            int index = IndexOf(_live, address);
            if (index < 0 || _live[index].Start != address)
            {
                problem = string.Create(
                    CultureInfo.InvariantCulture,
                    $"0x{address:x} is not the start of a live allocation: {Describe(address)}");
                return false;
            }
            DeviceAllocation freed = _live[index];
            _live = [.. _live.AsSpan(0, index), .. _live.AsSpan(index + 1)];
            LiveBytes -= freed.Size;
            freed.IsFreed = true;
            Quarantine(freed);
            problem = null;
            return true;
        }
    }

    /// <summary>Finds the live allocation that holds <paramref name="address"/>.</summary>
    public bool TryGetAllocation(ulong address, out ulong start, out long size)
    {
        DeviceAllocation[] live = _live;
        int index = IndexOf(live, address);
        (start, size) = index >= 0 ? (live[index].Start, live[index].Size) : (0, 0);
        return index >= 0;
    }

    /// <summary>True when the whole range lies in one live allocation; otherwise <paramref name="problem"/>
    /// says where it lies.</summary>
    public bool TryCheckHostAccess(ulong address, long bytes, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (bytes == 0)
        {
            return true;
        }
        if (bytes > 0 && TryGetAllocation(address, out ulong start, out long size)
            && (ulong)bytes <= start + (ulong)size - address)
        {
            return true;
        }
        problem = string.Create(
            CultureInfo.InvariantCulture,
            $"{bytes:N0} bytes at 0x{address:x} are not inside one allocation: {Describe(address)}");
        return false;
    }

    /// <summary>Copies from the host into a range of one allocation.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_arenaBlock is null, this);
        bytes.CopyTo(new Span<byte>((void*)address, bytes.Length));
        MarkInitialized(address, bytes.Length);
    }

    /// <summary>Copies a range of one allocation to the host.</summary>
    public void Read(ulong address, Span<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_arenaBlock is null, this);
        new ReadOnlySpan<byte>((void*)address, bytes.Length).CopyTo(bytes);
    }

    /// <summary>Marks a range of one allocation as written.</summary>
    public void MarkInitialized(ulong address, long bytes)
    {
        if (bytes <= 0)
        {
            return;
        }
        DeviceAllocation[] live = _live;
        int index = IndexOf(live, address);
        SetBits(address, bytes, value: true);
        if (index >= 0 && live[index].Start == address && live[index].Size == bytes)
        {
            live[index].IsFullyInitialized = true;
        }
    }

    /// <summary>True when every byte of the range has been written.</summary>
    public bool IsInitialized(ulong address, long bytes)
    {
        ulong first = address - ArenaStart;
        for (ulong i = first; i < first + (ulong)bytes;)
        {
            if ((i & 7) == 0 && first + (ulong)bytes - i >= 8)
            {
                if (_bits[i >> 3] != 0xFF)
                {
                    return false;
                }
                i += 8;
                continue;
            }
            if ((_bits[i >> 3] >> (int)(i & 7) & 1) == 0)
            {
                return false;
            }
            i++;
        }
        return true;
    }

    /// <summary>Copies the "initialised" state of a range, as a device-to-device copy does.</summary>
    public void CopyInitialization(ulong source, ulong destination, long bytes)
    {
        if (IsInitialized(source, bytes))
        {
            MarkInitialized(destination, bytes);
            return;
        }
        for (long i = 0; i < bytes; i++)
        {
            SetBits(destination + (ulong)i, 1, IsInitialized(source + (ulong)i, 1));
        }
    }

    /// <summary>Says in words where an address lies relative to the live and the freed allocations.</summary>
    public string Describe(ulong address)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (address < 4096)
        {
            return "a null pointer";
        }
        lock (_gate)
        {
            DeviceAllocation[] live = _live;
            int index = IndexOf(live, address);
            if (index >= 0)
            {
                return string.Create(culture,
                    $"{address - live[index].Start:N0} bytes into the {live[index].Size:N0}-byte allocation at 0x{live[index].Start:x}");
            }
            DeviceAllocation? freed = _freed.FindLast(a => a.Contains(address));
            if (freed is not null)
            {
                return string.Create(culture,
                    $"inside the freed {freed.Size:N0}-byte allocation that was at 0x{freed.Start:x}");
            }
            return DescribeNearest(live, address);
        }
    }

    /// <summary>True when the address lies in an allocation that has been freed and not reused.</summary>
    internal bool IsFreed(ulong address)
    {
        lock (_gate)
        {
            return IndexOf(_live, address) < 0 && _freed.Exists(a => a.Contains(address));
        }
    }

    /// <summary>Index of the allocation of a snapshot that holds <paramref name="address"/>, or -1.</summary>
    internal static int IndexOf(DeviceAllocation[] snapshot, ulong address)
    {
        int low = 0;
        int high = snapshot.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            DeviceAllocation candidate = snapshot[middle];
            if (address < candidate.Start)
            {
                high = middle - 1;
            }
            else if (address >= candidate.End)
            {
                low = middle + 1;
            }
            else
            {
                return middle;
            }
        }
        return -1;
    }

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private static ulong RoundUp(ulong bytes) => (bytes + Granularity - 1) & ~(ulong)(Granularity - 1);

    private static string DescribeNearest(DeviceAllocation[] live, ulong address)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        DeviceAllocation? before = Array.FindLast(live, a => a.End <= address);
        DeviceAllocation? after = Array.Find(live, a => a.Start > address);
        ulong past = before is null ? ulong.MaxValue : address - before.End;
        ulong ahead = after is null ? ulong.MaxValue : after.Start - address;
        if (before is null && after is null)
        {
            return "no memory is allocated";
        }
        return past <= ahead
            ? string.Create(culture,
                $"{past:N0} bytes past the end of the {before!.Size:N0}-byte allocation at 0x{before.Start:x}")
            : string.Create(culture,
                $"{ahead:N0} bytes before the {after!.Size:N0}-byte allocation at 0x{after.Start:x}");
    }

    private void Reserve(long bytes)
    {
        for (long size = bytes; ; size /= 2)
        {
            try
            {
                _arenaBlock = (byte*)NativeMemory.Alloc((nuint)size);
                _bits = (byte*)NativeMemory.AllocZeroed((nuint)(size / 8) + 64);
                ArenaStart = RoundUp((ulong)_arenaBlock);
                ArenaEnd = ((ulong)_arenaBlock + (ulong)size) & ~(ulong)(Granularity - 1);
                _free.Add((ArenaStart, ArenaEnd));
                return;
            }
            catch (OutOfMemoryException) when (size > 1L << 24)
            {
                // The host refuses to overcommit this much; the next smaller arena may do.
                NativeMemory.Free(_arenaBlock);
                _arenaBlock = null;
            }
        }
    }

    private void Release()
    {
        _shadow?.Release();
        NativeMemory.Free(_arenaBlock);
        NativeMemory.Free(_bits);
        _arenaBlock = null;
        _bits = null;
        _live = [];
    }

    private bool TryCarve(ulong bytes, out ulong start)
    {
        do
        {
            for (int i = 0; i < _free.Count; i++)
            {
                (ulong first, ulong end) = _free[i];
                if (end - first < bytes)
                {
                    continue;
                }
                start = first;
                _free[i] = (first + bytes, end);
                if (first + bytes == end)
                {
                    _free.RemoveAt(i);
                }
                return true;
            }
        }
        while (RecycleOldest());
        start = 0;
        return false;
    }

    private void Quarantine(DeviceAllocation freed)
    {
        _quarantine.Enqueue(freed);
        _freed.Add(freed);
        _quarantined += freed.Size;
        while (_quarantined > _quarantineLimit && RecycleOldest())
        {
        }
    }

    private bool RecycleOldest()
    {
        if (!_quarantine.TryDequeue(out DeviceAllocation? oldest))
        {
            return false;
        }
        _quarantined -= oldest.Size;
        _freed.Remove(oldest);
        ulong first = oldest.Start - Granularity;
        ulong end = oldest.Start + RoundUp((ulong)oldest.Size) + Granularity;
        int at = _free.FindIndex(region => region.Start > first);
        at = at < 0 ? _free.Count : at;
        _free.Insert(at, (first, end));
        Coalesce(at);
        Coalesce(at - 1);
        return true;
    }

    private void Coalesce(int index)
    {
        if (index >= 0 && index + 1 < _free.Count && _free[index].End == _free[index + 1].Start)
        {
            _free[index] = (_free[index].Start, _free[index + 1].End);
            _free.RemoveAt(index + 1);
        }
    }

    private void Insert(DeviceAllocation allocation)
    {
        DeviceAllocation[] live = _live;
        int at = Array.FindIndex(live, a => a.Start > allocation.Start);
        at = at < 0 ? live.Length : at;
        _live = [.. live.AsSpan(0, at), allocation, .. live.AsSpan(at)];
    }

    private void SetBits(ulong address, long bytes, bool value)
    {
        ulong first = address - ArenaStart;
        ulong end = first + (ulong)bytes;
        while (first < end && (first & 7) != 0)
        {
            SetBit(first++, value);
        }
        if (end - first >= 8)
        {
            ulong whole = (end - first) >> 3;
            NativeMemory.Fill(_bits + (first >> 3), (nuint)whole, value ? (byte)0xFF : (byte)0);
            first += whole << 3;
        }
        while (first < end)
        {
            SetBit(first++, value);
        }
    }

    private void SetBit(ulong offset, bool value)
    {
        int mask = 1 << (int)(offset & 31);
        ref int word = ref ((int*)_bits)[offset >> 5];
        if (value)
        {
            Interlocked.Or(ref word, mask);
        }
        else
        {
            Interlocked.And(ref word, ~mask);
        }
    }
}
