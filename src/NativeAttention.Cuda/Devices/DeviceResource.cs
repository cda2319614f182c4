namespace NativeAttention.Cuda;

/// <summary>What a device can tear down. Called once, with the context current, and nobody inside.</summary>
internal interface IDeviceResource
{
    /// <summary>Gives everything back to the driver.</summary>
    void TearDown();
}

/// <summary>
/// Which resources go first when a device is disposed: those that need others before those.
/// </summary>
internal enum TearDownOrder
{
    Plan,
    Memory,
    Event,
    Stream,
}

/// <summary>
/// The life of one object that belongs to a device: entered by every call, closed by <c>Dispose</c>, torn
/// down by whoever is last. Always entered inside the device's own gate, so a device never goes before its
/// children.
/// </summary>
internal sealed class DeviceResource
{
    private readonly IDeviceResource _target;
    private LifetimeGate _gate;

    /// <summary>Registers a resource with its device, which the caller holds open.</summary>
    public DeviceResource(CudaDevice device, IDeviceResource target, TearDownOrder order, string kind)
    {
        Device = device;
        Order = order;
        Kind = kind;
        _target = target;
        device.Adopt(this);
    }

    /// <summary>The device it belongs to.</summary>
    public CudaDevice Device { get; }

    /// <summary>When it is torn down with its device.</summary>
    public TearDownOrder Order { get; }

    /// <summary>Type name for messages.</summary>
    public string Kind { get; }

    /// <summary>Whether it was disposed.</summary>
    public bool IsClosed => _gate.IsClosed;

    /// <summary>Enters inside an open device; false when it was disposed.</summary>
    public bool TryEnter() => _gate.TryEnter();

    /// <summary>Enters inside an open device.</summary>
    /// <param name="argument">Name of the argument that carried the object; null for <c>this</c>.</param>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public void Enter(string? argument = null)
    {
        if (!_gate.TryEnter())
        {
            ThrowHelper.Disposed(Kind, argument);
        }
    }

    /// <summary>Leaves, still inside the device.</summary>
    public void Exit()
    {
        if (_gate.Exit())
        {
            TearDown();
        }
    }

    /// <summary>Enters the device and the resource, and makes the context current.</summary>
    /// <exception cref="ObjectDisposedException">The resource or its device was disposed.</exception>
    public Scope Use()
    {
        if (!Device.TryEnter())
        {
            ThrowHelper.Disposed(IsClosed ? Kind : nameof(CudaDevice));
        }

        if (!_gate.TryEnter())
        {
            Device.Exit();
            ThrowHelper.Disposed(Kind);
        }

        return new Scope(this);
    }

    /// <summary>
    /// Closes it; what is inside finishes first. Never throws, and does nothing the second time.
    /// </summary>
    public void Dispose()
    {
        // A closed device tears its children down itself.
        if (!IsClosed && Device.TryEnterQuietly())
        {
            Close();
            Device.Exit();
        }
    }

    /// <summary>Closes it inside the device, or during the device's own tear-down.</summary>
    public void Close()
    {
        if (_gate.Close())
        {
            TearDown();
        }
    }

    private void TearDown()
    {
        try
        {
            _target.TearDown();
        }
        catch (Bindings.CudaException failure)
        {
            Device.Journal.TearDownFailed(Kind, failure);
        }
        finally
        {
            Device.Forget(this);
        }
    }

    /// <summary>One call inside a resource and its device.</summary>
    public readonly ref struct Scope(DeviceResource resource)
    {
        /// <summary>Leaves both.</summary>
        public void Dispose()
        {
            resource.Exit();
            resource.Device.Exit();
        }
    }
}
