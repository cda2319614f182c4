using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// A dense tensor in device memory that it owns. Its elements are uninitialised until something writes them.
/// </summary>
/// <remarks>
/// Work on a tensor is ordered by the streams it is put into: a tensor made in one stream may be used in
/// another once that one waits for the first (<see cref="CudaStream.WaitFor"/>). Disposing it at any time is
/// safe: the memory is freed behind the last use in every stream. Wherever a view is expected, a tensor may
/// be given.
/// </remarks>
/// <typeparam name="T">Element type.</typeparam>
/// <example>
/// <code>
/// using DeviceTensor&lt;float&gt; tensor = gpu.Upload&lt;float&gt;(host, [2, 3], stream);
/// tensor.Slice(axis: 0, start: 1, length: 1).Download(lastRow, stream);
/// </code>
/// </example>
public sealed class DeviceTensor<T> : IDisposable
    where T : unmanaged
{
    private readonly DeviceMemory _memory;
    private readonly StridedDims _dims;

    private DeviceTensor(DeviceMemory memory, StridedDims dims)
    {
        _memory = memory;
        _dims = dims;
    }

    /// <summary>The device it lies on.</summary>
    public CudaDevice Device => _memory.Resource.Device;

    /// <summary>Length of every axis.</summary>
    public ReadOnlySpan<int> Dims => _dims.AllLengths;

    /// <summary>Distance between neighbours along every axis, in elements; the last is 1.</summary>
    public ReadOnlySpan<long> Strides => _dims.AllStrides;

    /// <summary>Number of elements.</summary>
    public long Count => _dims.Count;

    /// <summary>The whole tensor as a view.</summary>
    /// <param name="tensor">The tensor; null gives the default view, which every call refuses.</param>
    public static implicit operator DeviceView<T>(DeviceTensor<T>? tensor) => tensor?.AsView() ?? default;

    /// <summary>The whole tensor as a view.</summary>
    public DeviceView<T> AsView() => new(Device, _memory, _memory.Pointer, _dims);

    /// <summary>A view of part of one axis. The axis stays.</summary>
    /// <param name="axis">Which axis, counted from 0.</param>
    /// <param name="start">First entry.</param>
    /// <param name="length">Number of entries.</param>
    /// <exception cref="ArgumentOutOfRangeException">Outside the tensor.</exception>
    public DeviceView<T> Slice(int axis, int start, int length) => AsView().Slice(axis, start, length);

    /// <summary>
    /// Copies host memory into the tensor, in stream order. The source may change as soon as this returns.
    /// </summary>
    /// <param name="source">As many elements as the tensor has.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, or a stream of another
    /// device.</exception>
    /// <exception cref="ObjectDisposedException">The tensor, the stream or the device was
    /// disposed.</exception>
    public void Upload(ReadOnlySpan<T> source, CudaStream stream) => AsView().Upload(source, stream);

    /// <summary>
    /// Copies the tensor to host memory behind the work now in the stream, and waits for it.
    /// </summary>
    /// <param name="destination">As many elements as the tensor has.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, or a stream of another
    /// device.</exception>
    /// <exception cref="Bindings.CudaException">Work in the stream failed.</exception>
    /// <exception cref="ObjectDisposedException">The tensor, the stream or the device was
    /// disposed.</exception>
    public void Download(Span<T> destination, CudaStream stream) => AsView().Download(destination, stream);

    /// <summary>
    /// Copies the tensor, as it is behind the work now in the stream, to host memory, without blocking.
    /// </summary>
    /// <param name="destination">As many elements as the tensor has; written when the task completes, not
    /// before.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <param name="cancellationToken">Stops the wait: the destination then stays as it was.</param>
    /// <exception cref="ArgumentException">Wrong number of elements, or a stream of another
    /// device.</exception>
    /// <exception cref="Bindings.CudaException">Work in the stream failed.</exception>
    /// <exception cref="ObjectDisposedException">The tensor, the stream or the device was
    /// disposed.</exception>
    public ValueTask DownloadAsync(Memory<T> destination, CudaStream stream,
        CancellationToken cancellationToken = default) =>
        AsView().DownloadAsync(destination, stream, cancellationToken);

    /// <summary>Frees the memory behind its last use. Never throws; a second call does nothing.</summary>
    public void Dispose() => _memory.Resource.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"DeviceTensor<{typeof(T).Name}>{_dims} on {Device}";

    /// <summary>Makes a tensor on a device that the caller holds open.</summary>
    internal static DeviceTensor<T> Create(CudaDevice device, ReadOnlySpan<int> dims, CudaStream stream)
    {
        StridedDims dense = StridedDims.Dense(dims, Unsafe.SizeOf<T>());
        string kind = $"DeviceTensor<{typeof(T).Name}>";
        return new DeviceTensor<T>(
            new DeviceMemory(device, dense.Count * Unsafe.SizeOf<T>(), stream, kind), dense);
    }
}
