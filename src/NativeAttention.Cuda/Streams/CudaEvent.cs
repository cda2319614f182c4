namespace NativeAttention.Cuda;

/// <summary>
/// A mark in a stream: it can be waited for, by the host or by other streams, and measures time on the
/// device. All members may be called from any thread.
/// </summary>
public sealed class CudaEvent : IDisposable, IDeviceResource
{
    private CudaEvent(CudaDevice device, nint handle)
    {
        Handle = handle;
        Resource = new DeviceResource(device, this, TearDownOrder.Event, nameof(CudaEvent));
    }

    /// <summary>The device it belongs to.</summary>
    public CudaDevice Device => Resource.Device;

    /// <summary>The driver's handle.</summary>
    internal nint Handle { get; }

    /// <summary>Its life.</summary>
    internal DeviceResource Resource { get; }

    /// <summary>Puts the mark behind all work now in a stream. Recording again moves the mark.</summary>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">The stream belongs to another device.</exception>
    /// <exception cref="ObjectDisposedException">The event, the stream or the device was
    /// disposed.</exception>
    public void Record(CudaStream stream)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(Resource);
            call.Hold(stream, nameof(stream));
            Device.Context.RecordEvent(Handle, stream.Handle);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>
    /// Waits until the work before the mark is done. An event that was never recorded is not waited for.
    /// </summary>
    /// <exception cref="Bindings.CudaException">That work failed.</exception>
    /// <exception cref="ObjectDisposedException">The event or its device was disposed.</exception>
    public void Synchronize()
    {
        using DeviceResource.Scope scope = Resource.Use();
        Device.Context.SynchronizeEvent(Handle);
    }

    /// <summary>Time on the device from an earlier mark to this one; both must have happened.</summary>
    /// <param name="start">The earlier mark.</param>
    /// <exception cref="ArgumentException">The other event belongs to another device.</exception>
    /// <exception cref="Bindings.CudaException">One of them was never recorded or has not happened
    /// yet.</exception>
    /// <exception cref="ObjectDisposedException">An event or the device was disposed.</exception>
    public TimeSpan ElapsedSince(CudaEvent start)
    {
        ArgumentNullException.ThrowIfNull(start);
        DeviceCall call = new(Device);
        try
        {
            call.Hold(Resource);
            call.Hold(start, nameof(start));
            return TimeSpan.FromMilliseconds(Device.Context.ElapsedMilliseconds(start.Handle, Handle));
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>
    /// Gives the event back; waits already issued stay valid. Never throws; a second call does nothing.
    /// </summary>
    public void Dispose() => Resource.Dispose();

    /// <summary>Makes an event on a device that the caller holds open.</summary>
    internal static CudaEvent Create(CudaDevice device) =>
        new(device, device.Context.CreateEvent(timing: true));

    void IDeviceResource.TearDown() => Device.Context.DestroyEvent(Handle);
}
