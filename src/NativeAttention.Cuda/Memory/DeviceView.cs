using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// Part of a <see cref="DeviceTensor{T}"/>, or memory of somebody else: an address, lengths and strides. It
/// owns nothing and is never disposed; a view of a tensor that was disposed is refused by every call.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Views are passed on, not compared.")]
public readonly struct DeviceView<T>
    where T : unmanaged
{
    private readonly StridedDims _dims;

    internal DeviceView(CudaDevice device, DeviceMemory? memory, ulong pointer, StridedDims dims)
    {
        Device = device;
        Memory = memory;
        Pointer = pointer;
        _dims = dims;
    }

    /// <summary>The device the memory lies on; null for the default view.</summary>
    public CudaDevice? Device { get; }

    /// <summary>Length of every axis.</summary>
    [UnscopedRef]
    public ReadOnlySpan<int> Dims => _dims.AllLengths;

    /// <summary>Distance between neighbours along every axis, in elements.</summary>
    [UnscopedRef]
    public ReadOnlySpan<long> Strides => _dims.AllStrides;

    /// <summary>Number of elements.</summary>
    public long Count => _dims.Count;

    /// <summary>Whether the elements lie one behind the other, last axis fastest.</summary>
    public bool IsDense => _dims.IsDense;

    /// <summary>The allocation it lies in; null for memory of somebody else.</summary>
    internal DeviceMemory? Memory { get; }

    /// <summary>Address of the first element.</summary>
    internal ulong Pointer { get; }

    /// <summary>Lengths and strides.</summary>
    [UnscopedRef]
    internal ref readonly StridedDims Layout => ref _dims;

    /// <summary>Bytes from the first to the last element, gaps included.</summary>
    internal ulong ExtentBytes => (ulong)_dims.Extent * (ulong)Unsafe.SizeOf<T>();

    /// <summary>A view of part of one axis. The axis stays.</summary>
    /// <param name="axis">Which axis, counted from 0.</param>
    /// <param name="start">First entry.</param>
    /// <param name="length">Number of entries.</param>
    /// <exception cref="ArgumentOutOfRangeException">Outside the view.</exception>
    public DeviceView<T> Slice(int axis, int start, int length)
    {
        CudaDevice device = RequireDevice();
        StridedDims dims = _dims.Slice(axis, start, length, out long offset);
        return new DeviceView<T>(device, Memory, At(offset), dims);
    }

    /// <summary>The same elements without an axis of length 1.</summary>
    /// <param name="axis">Which axis, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such axis, its length is not 1, or it is the only
    /// one.</exception>
    public DeviceView<T> Squeeze(int axis) => new(RequireDevice(), Memory, Pointer, _dims.Squeeze(axis));

    /// <summary>
    /// Copies host memory into the view, in stream order. The source may change as soon as this returns.
    /// </summary>
    /// <param name="source">As many elements as the view has.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, a stream of another device, or a view
    /// with gaps.</exception>
    /// <exception cref="ObjectDisposedException">The memory, the stream or the device was
    /// disposed.</exception>
    public void Upload(ReadOnlySpan<T> source, CudaStream stream)
    {
        CudaDevice device = RequireDevice();
        DeviceCall call = new(device);
        try
        {
            HoldForCopy(ref call, stream, source.Length, nameof(source));
            HostTransfer.Upload(device, Pointer, source, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>Copies the view to host memory behind the work now in the stream, and waits for it.</summary>
    /// <param name="destination">As many elements as the view has.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, a stream of another device, or a view
    /// with gaps.</exception>
    /// <exception cref="Bindings.CudaException">Work in the stream failed.</exception>
    /// <exception cref="ObjectDisposedException">The memory, the stream or the device was
    /// disposed.</exception>
    public void Download(Span<T> destination, CudaStream stream)
    {
        CudaDevice device = RequireDevice();
        DeviceCall call = new(device);
        try
        {
            HoldForCopy(ref call, stream, destination.Length, nameof(destination));
            HostTransfer.Download(device, Pointer, destination, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>
    /// Copies the view, as it is behind the work now in the stream, to host memory, without blocking.
    /// </summary>
    /// <param name="destination">As many elements as the view has; written when the task completes, not
    /// before.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <param name="cancellationToken">Stops the wait: the destination then stays as it was.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, a stream of another device, or a view
    /// with gaps.</exception>
    /// <exception cref="Bindings.CudaException">Work in the stream failed.</exception>
    /// <exception cref="ObjectDisposedException">The memory, the stream or the device was
    /// disposed.</exception>
    public ValueTask DownloadAsync(Memory<T> destination, CudaStream stream,
        CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        CudaDevice device = RequireDevice();
        DeviceCall call = new(device);
        try
        {
            HoldForCopy(ref call, stream, destination.Length, nameof(destination));
            return destination.IsEmpty
                ? new ValueTask(StreamCompletion.Attach(stream).WaitAsync(cancellationToken))
                : AsyncDownload.Start(device, Pointer, destination, stream, cancellationToken);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>Copies page-locked memory into the view, in stream order; returns at once.</summary>
    /// <param name="source">As many elements as the view has; must not change before the stream has come so
    /// far.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, another device, or a view with
    /// gaps.</exception>
    /// <exception cref="ObjectDisposedException">The memory, the buffer, the stream or the device was
    /// disposed.</exception>
    public void CopyFrom(PinnedBuffer<T> source, CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(source);
        CudaDevice device = RequireDevice();
        DeviceCall call = new(device);
        try
        {
            HoldForCopy(ref call, stream, source.Length, nameof(source));
            source.HoldFor(ref call, device, stream, nameof(source));
            if (Count > 0)
            {
                device.Context.CopyToDevice(Pointer, source.Pointer, (long)ExtentBytes, stream.Handle);
            }
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>Copies the view into page-locked memory, in stream order; returns at once.</summary>
    /// <param name="destination">As many elements as the view has; holds them when the stream has come so
    /// far.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, another device, or a view with
    /// gaps.</exception>
    /// <exception cref="ObjectDisposedException">The memory, the buffer, the stream or the device was
    /// disposed.</exception>
    public void CopyTo(PinnedBuffer<T> destination, CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(destination);
        CudaDevice device = RequireDevice();
        DeviceCall call = new(device);
        try
        {
            HoldForCopy(ref call, stream, destination.Length, nameof(destination));
            destination.HoldFor(ref call, device, stream, nameof(destination));
            if (Count > 0)
            {
                device.Context.CopyToHost(destination.Pointer, Pointer, (long)ExtentBytes, stream.Handle);
            }
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>Copies the view to another of the same device, in stream order; returns at once.</summary>
    /// <param name="destination">As many elements as the view has; must not overlap it.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, another device, overlap, or a view with
    /// gaps.</exception>
    /// <exception cref="ObjectDisposedException">The memory, the stream or the device was
    /// disposed.</exception>
    public void CopyTo(DeviceView<T> destination, CudaStream stream)
    {
        CudaDevice device = RequireDevice();
        DeviceCall call = new(device);
        try
        {
            HoldForCopy(ref call, stream, destination.Count, nameof(destination));
            call.Hold(destination, nameof(destination), stream);
            RequireDense(destination, nameof(destination));
            if (Overlaps(destination.Pointer, destination.ExtentBytes))
            {
                ThrowHelper.Argument(nameof(destination), "it overlaps the source; the two must be apart.");
            }

            if (Count > 0)
            {
                device.Context.CopyOnDevice(destination.Pointer, Pointer, (long)ExtentBytes, stream.Handle);
            }
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"DeviceView<{typeof(T).Name}>{_dims} on {Device?.ToString() ?? "nothing"}";

    /// <summary>Whether the bytes from first to last element meet a range of bytes.</summary>
    internal bool Overlaps(ulong start, ulong bytes) =>
        bytes > 0 && ExtentBytes > 0 && Pointer < start + bytes && start < Pointer + ExtentBytes;

    private ulong At(long offset) => Pointer + ((ulong)offset * (ulong)Unsafe.SizeOf<T>());

    private CudaDevice RequireDevice()
    {
        if (Device is null)
        {
            ThrowHelper.DefaultView("this");
        }

        return Device;
    }

    private void HoldForCopy(ref DeviceCall call, CudaStream stream, long length, string argument)
    {
        call.Hold(stream, nameof(stream));
        call.Hold(this, "this", stream);
        if (length != Count)
        {
            ThrowHelper.Argument(argument, $"{length} elements; {_dims} needs {Count}.");
        }

        RequireDense(this, "this");
    }

    private static void RequireDense(in DeviceView<T> view, string argument)
    {
        if (!view.IsDense)
        {
            ThrowHelper.Argument(argument,
                $"{view._dims} has gaps between its elements; only dense views are copied.");
        }
    }
}
