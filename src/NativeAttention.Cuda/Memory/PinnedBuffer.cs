using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// Page-locked host memory: the device copies from and to it directly, without a detour and without blocking.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
public sealed class PinnedBuffer<T> : IDisposable, IDeviceResource
    where T : unmanaged
{
    private readonly StreamUses _uses = new();
    private readonly DeviceResource _resource;

    private PinnedBuffer(CudaDevice device, int length)
    {
        Length = length;
        Pointer = length == 0 ? 0 : device.Context.AllocatePinned((long)length * Unsafe.SizeOf<T>());
        _resource = new DeviceResource(device, this, TearDownOrder.Memory, $"PinnedBuffer<{typeof(T).Name}>");
    }

    /// <summary>The device it belongs to.</summary>
    public CudaDevice Device => _resource.Device;

    /// <summary>Number of elements.</summary>
    public int Length { get; }

    /// <summary>The elements. Not to be used once the buffer is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Span<T> Span
    {
        get
        {
            if (_resource.IsClosed)
            {
                ThrowHelper.Disposed(_resource.Kind);
            }

            return HostMemory.AsSpan<T>(Pointer, Length);
        }
    }

    /// <summary>Host address.</summary>
    internal nint Pointer { get; }

    /// <summary>
    /// Waits for the copies it takes part in, and frees it. Never throws; a second call does nothing.
    /// </summary>
    public void Dispose() => _resource.Dispose();

    /// <summary>Makes a buffer on a device that the caller holds open.</summary>
    internal static PinnedBuffer<T> Create(CudaDevice device, int length) => new(device, length);

    /// <summary>
    /// Holds it open for a call, after checking that it belongs to the device, and notes its use.
    /// </summary>
    internal void HoldFor(ref DeviceCall call, CudaDevice device, CudaStream stream, string argument)
    {
        if (!ReferenceEquals(Device, device))
        {
            ThrowHelper.OtherDevice(argument, Device, device);
        }

        call.Hold(_resource, argument);
        _uses.Add(stream);
    }

    void IDeviceResource.TearDown()
    {
        if (Pointer == 0)
        {
            return;
        }

        try
        {
            _uses.Wait(Device.Context);
        }
        finally
        {
            Device.Context.FreePinned(Pointer);
        }
    }
}
