using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Cuda;

/// <summary>
/// A queue of work on one device: what is put into it runs in order. Streams made here do not wait for the
/// null stream. All members may be called from any thread.
/// </summary>
[SuppressMessage("Naming", "CA1711", Justification = "A stream is what CUDA calls this.")]
public sealed class CudaStream : IDisposable, IDeviceResource
{
    private readonly bool _owned;
    private volatile bool _drained;

    private CudaStream(CudaDevice device, nint handle, bool owned)
    {
        Handle = handle;
        _owned = owned;
        Resource = new DeviceResource(device, this, TearDownOrder.Stream, nameof(CudaStream));
    }

    /// <summary>The device it belongs to.</summary>
    public CudaDevice Device => Resource.Device;

    /// <summary>Whether the handle belongs to somebody else.</summary>
    public bool IsWrapped => !_owned;

    /// <summary>The driver's handle.</summary>
    internal nint Handle { get; }

    /// <summary>Its life.</summary>
    internal DeviceResource Resource { get; }

    /// <summary>Whether it was torn down, and so all its work is done.</summary>
    internal bool IsDrained => _drained;

    /// <summary>
    /// Wraps a stream of another library (a <c>CUstream</c> of the device's primary context).
    /// </summary>
    /// <remarks>
    /// The wrap does not own the stream: disposing it waits for the stream's work, so that memory used in it
    /// may be freed, but leaves the stream alive. Dispose the wrap before the stream is destroyed.
    /// </remarks>
    /// <param name="device">The device that the stream belongs to.</param>
    /// <param name="handle">The handle; not 0, since the null stream is never used.</param>
    /// <exception cref="ArgumentException">The handle is 0.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public static CudaStream Wrap(CudaDevice device, nint handle)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (handle == 0)
        {
            ThrowHelper.Argument(nameof(handle),
                "0 is the null stream, which is never used; allowed is any other stream.");
        }

        using CudaDevice.Scope scope = device.Use();
        return new CudaStream(device, handle, owned: false);
    }

    /// <summary>Waits until all work now in the stream is done.</summary>
    /// <exception cref="Bindings.CudaException">That work failed.</exception>
    /// <exception cref="ObjectDisposedException">The stream or its device was disposed.</exception>
    public void Synchronize()
    {
        using DeviceResource.Scope scope = Resource.Use();
        Device.Context.SynchronizeStream(Handle);
    }

    /// <summary>
    /// Completes when all work now in the stream is done. The driver reports the end; no thread waits
    /// meanwhile.
    /// </summary>
    /// <param name="cancellationToken">Stops the wait only: the work goes on.</param>
    /// <exception cref="Bindings.CudaException">That work failed.</exception>
    /// <exception cref="ObjectDisposedException">The stream or its device was disposed.</exception>
    public ValueTask SynchronizeAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        using DeviceResource.Scope scope = Resource.Use();
        Task done = StreamCompletion.Attach(this);
        return new ValueTask(done.WaitAsync(cancellationToken));
    }

    /// <summary>Whether all work now in the stream is done; never waits.</summary>
    /// <exception cref="Bindings.CudaException">That work failed.</exception>
    /// <exception cref="ObjectDisposedException">The stream or its device was disposed.</exception>
    public bool IsCompleted()
    {
        using DeviceResource.Scope scope = Resource.Use();
        return Device.Context.IsStreamDone(Handle);
    }

    /// <summary>
    /// Lets work put into this stream from now on wait until an event has happened. Returns at once.
    /// </summary>
    /// <param name="recorded">An event of the same device; one that was never recorded is not waited
    /// for.</param>
    /// <exception cref="ArgumentException">The event belongs to another device.</exception>
    /// <exception cref="ObjectDisposedException">The stream, the event or the device was
    /// disposed.</exception>
    public void WaitFor(CudaEvent recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        DeviceCall call = new(Device);
        try
        {
            call.Hold(Resource);
            call.Hold(recorded, nameof(recorded));
            Device.Context.WaitForEvent(Handle, recorded.Handle);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>
    /// Waits for the stream's work and gives the stream back. Never throws; a second call does nothing.
    /// </summary>
    public void Dispose() => Resource.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"CudaStream on {Device}";

    /// <summary>Makes a stream on a device that the caller holds open.</summary>
    internal static CudaStream Create(CudaDevice device) =>
        new(device, device.Context.CreateStream(), owned: true);

    void IDeviceResource.TearDown()
    {
        try
        {
            Device.Context.SynchronizeStream(Handle);
        }
        finally
        {
            _drained = true;
            if (_owned)
            {
                Device.Context.DestroyStream(Handle);
            }
        }
    }
}
