using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// One call: it holds the device and every object it uses open until it is disposed, so that another thread
/// may dispose any of them meanwhile. Lives on the stack and allocates nothing.
/// </summary>
internal ref struct DeviceCall
{
    private readonly CudaDevice _device;
    private Held _held;
    private int _count;

    /// <summary>Enters a device.</summary>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public DeviceCall(CudaDevice device)
    {
        if (!device.TryEnter())
        {
            ThrowHelper.Disposed(nameof(CudaDevice));
        }

        _device = device;
    }

    /// <summary>Holds one object open.</summary>
    /// <param name="resource">The object.</param>
    /// <param name="argument">Name of the argument that carried it; null for <c>this</c>.</param>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public void Hold(DeviceResource resource, string? argument = null)
    {
        resource.Enter(argument);
        _held[_count++] = resource;
    }

    /// <summary>Holds a stream open, after checking that it belongs to the device.</summary>
    public void Hold(CudaStream stream, string argument)
    {
        if (stream is null)
        {
            throw new ArgumentNullException(argument);
        }

        if (!ReferenceEquals(stream.Device, _device))
        {
            ThrowHelper.OtherDevice(argument, stream.Device, _device);
        }

        Hold(stream.Resource, argument);
    }

    /// <summary>Holds an event open, after checking that it belongs to the device.</summary>
    public void Hold(CudaEvent recorded, string argument)
    {
        if (!ReferenceEquals(recorded.Device, _device))
        {
            ThrowHelper.OtherDevice(argument, recorded.Device, _device);
        }

        Hold(recorded.Resource, argument);
    }

    /// <summary>
    /// Holds the memory of a view open, after checking that it belongs to the device, and notes its use.
    /// </summary>
    public void Hold<T>(in DeviceView<T> view, string argument, CudaStream stream)
        where T : unmanaged
    {
        if (view.Device is null)
        {
            ThrowHelper.DefaultView(argument);
        }

        Hold(view.Device, view.Memory, argument, stream);
    }

    /// <summary>As the other overload, for what is left of a view without its type.</summary>
    public void Hold(CudaDevice device, DeviceMemory? memory, string argument, CudaStream stream)
    {
        if (!ReferenceEquals(device, _device))
        {
            ThrowHelper.OtherDevice(argument, device, _device);
        }

        if (memory is not null)
        {
            Hold(memory.Resource, argument);
            memory.Uses.Add(stream);
        }
    }

    /// <summary>Leaves everything.</summary>
    public void Dispose()
    {
        while (_count > 0)
        {
            _held[--_count]!.Exit();
        }

        _device.Exit();
    }

    // Of a backward plan: plan, stream, four buffers of its own, ten tensors that it reads and six that it writes.
    [InlineArray(22)]
    private struct Held
    {
        private DeviceResource? _first;
    }
}
