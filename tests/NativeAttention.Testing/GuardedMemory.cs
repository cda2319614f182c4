using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention.Testing;

/// <summary>Which end of the memory lies against an inaccessible page.</summary>
public enum GuardSide
{
    /// <summary>The last element ends where the page begins: reading past the end faults.</summary>
    End,

    /// <summary>The first element begins where the page ends: reading before the start faults.</summary>
    Start,
}

/// <summary>
/// Memory between two inaccessible pages, so that touching one element too many ends the process at that
/// instruction instead of passing by luck. Only Linux has the pages here; elsewhere canaries around the
/// memory catch writes.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
public sealed unsafe class GuardedMemory<T> : IDisposable
    where T : unmanaged
{
    private const byte Canary = 0xA5;
    private readonly nint mapping;
    private readonly nuint mappedBytes;
    private readonly int length;
    private T* start;

    /// <summary>Allocates guarded memory, zeroed on Linux.</summary>
    public GuardedMemory(int length, GuardSide side = GuardSide.End)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        this.length = length;
        nuint page = (nuint)Environment.SystemPageSize;
        nuint bytes = (nuint)length * (nuint)sizeof(T);
        nuint body = (bytes + page - 1) / page * page;
        mappedBytes = body + (2 * page);
        mapping = GuardPages.Supported ? GuardPages.Map(mappedBytes, page)
            : GuardPages.Canaries(mappedBytes, Canary);
        start = (T*)(mapping + (nint)page + (side == GuardSide.End ? (nint)(body - bytes) : 0));
    }

    /// <summary>The usable elements.</summary>
    public Span<T> Span =>
        start == null ? throw new ObjectDisposedException(nameof(GuardedMemory<>)) : new(start, length);

    /// <summary>Frees the memory; without guard pages, throws when a canary was overwritten.</summary>
    public void Dispose()
    {
        if (start == null)
        {
            return;
        }

        bool intact = GuardPages.Supported || CanariesIntact();
        start = null;
        GuardPages.Free(mapping, mappedBytes);
        if (!intact)
        {
            throw new InvalidOperationException("Memory before or after the buffer was overwritten.");
        }
    }

    private bool CanariesIntact()
    {
        byte* first = (byte*)mapping;
        byte* body = (byte*)start;
        byte* end = body + ((nuint)length * (nuint)sizeof(T));
        return !new Span<byte>(first, (int)(body - first)).ContainsAnyExcept(Canary)
            && !new Span<byte>(end, (int)(first + mappedBytes - end)).ContainsAnyExcept(Canary);
    }
}

/// <summary>Makes guarded memory of values.</summary>
public static class GuardedMemory
{
    /// <summary>Copies values into new guarded memory.</summary>
    public static GuardedMemory<T> Copy<T>(ReadOnlySpan<T> values, GuardSide side = GuardSide.End)
        where T : unmanaged
    {
        GuardedMemory<T> memory = new(values.Length, side);
        values.CopyTo(memory.Span);
        return memory;
    }
}

/// <summary>The system calls behind <see cref="GuardedMemory{T}"/>.</summary>
internal static unsafe partial class GuardPages
{
    private const int ProtNone = 0;
    private const int ProtReadWrite = 3;
    private const int MapPrivateAnonymous = 0x22;

    public static bool Supported => OperatingSystem.IsLinux();

    public static nint Map(nuint bytes, nuint page)
    {
        nint mapping = Mmap(0, bytes, ProtNone, MapPrivateAnonymous, -1, 0);
        if (mapping == -1)
        {
            throw new InvalidOperationException(
                $"mmap of {bytes} bytes failed: error {Marshal.GetLastPInvokeError()}.");
        }

        nuint body = bytes - (2 * page);
        if (body > 0 && Mprotect(mapping + (nint)page, body, ProtReadWrite) != 0)
        {
            throw new InvalidOperationException($"mprotect failed: error {Marshal.GetLastPInvokeError()}.");
        }

        return mapping;
    }

    public static nint Canaries(nuint bytes, byte canary)
    {
        void* memory = NativeMemory.Alloc(bytes);
        Unsafe.InitBlock(memory, canary, (uint)bytes);
        return (nint)memory;
    }

    public static void Free(nint mapping, nuint bytes)
    {
        if (!Supported)
        {
            NativeMemory.Free((void*)mapping);
        }
        else if (Munmap(mapping, bytes) != 0)
        {
            throw new InvalidOperationException($"munmap failed: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Mmap(nint address, nuint length, int protection, int flags, int file,
        nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Munmap(nint address, nuint length);
}
