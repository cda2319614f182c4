using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Device allocations and page-locked host memory.
internal sealed unsafe partial class EmulatedContext
{
    private const nuint PageBytes = 4096;
    private const byte PinnedFill = 0xFF;

    private readonly Dictionary<ulong, AllocationState> _allocations = [];
    private readonly List<PinnedRange> _pinned = [];
    private readonly List<PinnedRange> _retired = [];

    private enum AllocationState
    {
        Live,
        FreeIssued,
    }

    internal ulong Allocate(nuint bytes)
    {
        DriverFailure.Require(bytes > 0, "an allocation of 0 bytes");
        if (bytes > (nuint)Memory.Capacity || !Memory.TryAllocate((long)bytes, out ulong pointer))
        {
            throw new DriverFailure(
                CudaResult.OutOfMemory,
                FormattableString.Invariant(
                    $"{bytes:N0} bytes asked for, {FreeBytes:N0} of {Memory.Capacity:N0} are free"));
        }

        _allocations.Add(pointer, AllocationState.Live);
        return pointer;
    }

    internal long FreeBytes => Memory.Capacity - Memory.LiveBytes;

    /// <summary>
    /// Frees at once, whatever work is still to run: a program that frees too early is found out.
    /// </summary>
    internal void Free(ulong pointer)
    {
        RequireLive(pointer);
        Release(pointer);
    }

    /// <summary>Notes that the free of an allocation is on its way in a stream.</summary>
    internal void BeginFree(ulong pointer)
    {
        RequireLive(pointer);
        _allocations[pointer] = AllocationState.FreeIssued;
    }

    /// <summary>The allocation that a device pointer lies in.</summary>
    internal bool TryGetAllocation(ulong pointer, out ulong start, out long bytes)
    {
        return Memory.TryGetAllocation(pointer, out start, out bytes);
    }

    internal void RequireDeviceRange(ulong pointer, nuint bytes)
    {
        DriverFailure.Require(
            bytes <= (nuint)Memory.Capacity, "a range larger than the memory of the device");
        if (!Memory.TryCheckHostAccess(pointer, (long)bytes, out string? problem))
        {
            throw new DriverFailure(CudaResult.InvalidValue, problem);
        }
    }

    internal void* AllocatePinned(nuint bytes)
    {
        DriverFailure.Require(bytes > 0, "an allocation of 0 bytes");
        void* pointer = NativeMemory.AlignedAlloc(bytes, PageBytes);
        NativeMemory.Fill(pointer, bytes, PinnedFill);
        _pinned.Add(new PinnedRange((ulong)pointer, (ulong)pointer + bytes, IsOwned: true));
        return pointer;
    }

    internal void FreePinned(void* pointer)
    {
        int index = _pinned.FindIndex(r => r.IsOwned && r.Start == (ulong)pointer);
        DriverFailure.Require(
            index >= 0,
            $"0x{(ulong)pointer:x} is not the start of a page-locked allocation");
        PinnedRange range = _pinned[index];
        _pinned.RemoveAt(index);
        if (HasPendingWork)
        {
            // A copy that is still to run may use it: keep the bytes, so that the copy can be reported.
            _retired.Add(range);
            return;
        }

        ReleaseRetired();
        NativeMemory.AlignedFree(pointer);
    }

    internal void RegisterPinned(void* pointer, nuint bytes)
    {
        DriverFailure.Require(pointer != null && bytes > 0, "a range of host memory that is empty or null");
        PinnedRange range = new((ulong)pointer, (ulong)pointer + bytes, IsOwned: false);
        if (_pinned.Exists(r => r.Overlaps(range.Start, range.End)))
        {
            throw new DriverFailure(
                CudaResult.HostMemoryAlreadyRegistered,
                FormattableString.Invariant($"0x{range.Start:x} to 0x{range.End:x} is page-locked already"));
        }

        _pinned.Add(range);
    }

    internal void UnregisterPinned(void* pointer)
    {
        int index = _pinned.FindIndex(r => !r.IsOwned && r.Start == (ulong)pointer);
        if (index < 0)
        {
            throw new DriverFailure(
                CudaResult.HostMemoryNotRegistered,
                FormattableString.Invariant($"0x{(ulong)pointer:x} is not the start of a registered range"));
        }

        _pinned.RemoveAt(index);
    }

    internal bool TryGetPinned(ulong pointer, ulong bytes, out PinnedRange range)
    {
        foreach (PinnedRange candidate in _pinned)
        {
            if (candidate.Contains(pointer, bytes))
            {
                range = candidate;
                return true;
            }
        }

        range = default;
        return false;
    }

    private void RequireLive(ulong pointer)
    {
        if (!_allocations.TryGetValue(pointer, out AllocationState state))
        {
            throw new DriverFailure(
                CudaResult.InvalidValue,
                FormattableString.Invariant(
                    $"0x{pointer:x} is not the start of a live allocation: {Memory.Describe(pointer)}"));
        }

        DriverFailure.Require(
            state == AllocationState.Live,
            $"0x{pointer:x} is freed twice: a stream is to free it already");
    }

    private void Release(ulong pointer)
    {
        _allocations.Remove(pointer);
        if (!Memory.TryFree(pointer, out string? problem))
        {
            throw new DriverFailure(CudaResult.InvalidValue, problem);
        }
    }

    private void ReleaseRetired()
    {
        foreach (PinnedRange range in _retired)
        {
            NativeMemory.AlignedFree((void*)range.Start);
        }

        _retired.Clear();
    }

    private void ReleasePinned()
    {
        foreach (PinnedRange range in _pinned.Where(r => r.IsOwned))
        {
            NativeMemory.AlignedFree((void*)range.Start);
        }

        _pinned.Clear();
        ReleaseRetired();
    }
}

/// <summary>A range of page-locked host memory.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address after the last byte.</param>
/// <param name="IsOwned">Whether the driver allocated it; else the caller registered it.</param>
internal readonly record struct PinnedRange(ulong Start, ulong End, bool IsOwned)
{
    internal bool Contains(ulong pointer, ulong bytes)
    {
        return pointer >= Start && pointer <= End && bytes <= End - pointer;
    }

    internal bool Overlaps(ulong start, ulong end)
    {
        return start < End && Start < end;
    }
}
