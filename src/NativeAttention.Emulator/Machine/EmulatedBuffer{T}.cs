using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>An array in the memory of an <see cref="EmulatedGpu"/>. Given to a launch it is a pointer to its
/// first element.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
public sealed class EmulatedBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly DeviceMemory _memory;
    private bool _isDisposed;

    internal EmulatedBuffer(DeviceMemory memory, int length)
    {
        _memory = memory;
        Length = length;
        // The driver refuses an allocation of nothing; a kernel may well be given one.
        if (!memory.TryAllocate(Math.Max(1, Bytes), out ulong address))
        {
            throw new InsufficientMemoryException(string.Create(CultureInfo.InvariantCulture,
                $"{Bytes:N0} bytes do not fit into the {memory.Capacity:N0} bytes of the emulated GPU."));
        }
        Address = address;
    }

    /// <summary>Number of elements.</summary>
    public int Length { get; }

    /// <summary>Device address of the first element.</summary>
    public ulong Address { get; }

    private long Bytes => (long)Length * Unsafe.SizeOf<T>();

    /// <summary>Overwrites all elements.</summary>
    /// <param name="values">The elements, <see cref="Length"/> of them.</param>
    /// <exception cref="ArgumentException">Their number is another one.</exception>
    public void Write(ReadOnlySpan<T> values)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (values.Length != Length)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"{values.Length} elements are given for a buffer of {Length}."), nameof(values));
        }
        _memory.Write(Address, MemoryMarshal.AsBytes(values));
    }

    /// <summary>Copies all elements; those that nothing has written have every bit set.</summary>
    public T[] Read()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        T[] values = new T[Length];
        _memory.Read(Address, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>True when every byte has been written, by the host or by a kernel.</summary>
    public bool IsInitialized()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _memory.IsInitialized(Address, Bytes);
    }

    /// <summary>Frees the memory; a kernel that uses it afterwards is reported.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _memory.TryFree(Address, out _);
        }
    }

    /// <summary>The buffer as an argument: its address.</summary>
    /// <param name="buffer">The buffer.</param>
    public static implicit operator PtxArgument(EmulatedBuffer<T> buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ObjectDisposedException.ThrowIf(buffer._isDisposed, buffer);
        return PtxArgument.Address(buffer.Address);
    }
}
