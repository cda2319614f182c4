using Microsoft.Extensions.Logging;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// One GPU, or one emulated GPU: where tensors, streams, events and plans come from. All members may be
/// called from any thread.
/// </summary>
/// <remarks>
/// A device owns what it makes: disposing it waits for its work, then disposes all of it. It shares the
/// device's primary context with everything else in the process that uses CUDA, and makes it current on the
/// calling thread with every call.
/// </remarks>
/// <example>
/// <code>
/// using CudaDevice gpu = CudaDevice.Open(ordinal: 0);
/// using CudaStream stream = gpu.CreateStream();
/// using DeviceTensor&lt;Half&gt; query = gpu.Upload&lt;Half&gt;(host, [2, 1024, 8, 64], stream);
/// </code>
/// </example>
public sealed partial class CudaDevice : IDisposable
{
    private readonly Lock _childrenLock = new();
    private readonly HashSet<DeviceResource> _children = [];
    private LifetimeGate _gate;

    private CudaDevice(DeviceContext context, ILoggerFactory? loggers)
    {
        Context = context;
        Journal = new DeviceJournal(context.Name, loggers);
        ProductName = context.ProductName();
        TotalMemory = context.TotalMemory();
        ComputeCapability = new Version(context.Attribute(DeviceAttribute.ComputeCapabilityMajor),
            context.Attribute(DeviceAttribute.ComputeCapabilityMinor));
        MaxSharedBytes = context.Attribute(DeviceAttribute.MaxSharedMemoryPerBlockOptin);
        Modules = new ModuleCache(this);
        Staging = new StagingPool(this);
        context.KeepPoolReserve();
        HouseStream = context.CreateStream();
    }

    /// <summary>Short name: <c>cuda:0</c>, or <c>emulator</c>.</summary>
    public string Name => Context.Name;

    /// <summary>Product name as the driver tells it.</summary>
    public string ProductName { get; }

    /// <summary>Ordinal of the device in its driver.</summary>
    public int Ordinal => Context.Ordinal;

    /// <summary>Compute capability, for example 9.0.</summary>
    public Version ComputeCapability { get; }

    /// <summary>Bytes of device memory.</summary>
    public long TotalMemory { get; }

    /// <summary>The newest CUDA version the driver supports, for example 12.4.</summary>
    public Version DriverVersion => new(Context.Driver.Version / 1000, Context.Driver.Version % 1000 / 10);

    /// <summary>Whether PTX runs on the CPU instead of a GPU.</summary>
    public bool IsEmulated => Context.Driver.IsEmulated;

    /// <summary>
    /// Number of tensors, streams, events, pinned buffers and plans that were made and not disposed.
    /// </summary>
    public int LiveResources
    {
        get
        {
            lock (_childrenLock)
            {
                return _children.Count;
            }
        }
    }

    /// <summary>The checked driver calls.</summary>
    internal DeviceContext Context { get; }

    /// <summary>Where this device logs.</summary>
    internal DeviceJournal Journal { get; }

    /// <summary>The modules that are loaded.</summary>
    internal ModuleCache Modules { get; }

    /// <summary>Page-locked memory for copies from and to ordinary memory.</summary>
    internal StagingPool Staging { get; }

    /// <summary>A stream of the device itself, for frees that no other stream has to order.</summary>
    internal nint HouseStream { get; }

    /// <summary>Most shared memory one block may have, in bytes.</summary>
    internal int MaxSharedBytes { get; }

    /// <summary>Compute capability as major times ten plus minor.</summary>
    internal int Capability => (ComputeCapability.Major * 10) + ComputeCapability.Minor;

    /// <summary>Opens a GPU through the installed driver.</summary>
    /// <param name="ordinal">Which one, counted from 0.</param>
    /// <param name="loggers">Where to log; null for nowhere.</param>
    /// <exception cref="NotSupportedException">There is no usable CUDA driver; the message says what was
    /// tried.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaDevice Open(int ordinal = 0, ILoggerFactory? loggers = null) =>
        Open(CudaDriver.Load(), ordinal, loggers);

    /// <summary>Opens a device of a given driver, for example of the emulator.</summary>
    /// <param name="driver">The driver's function table.</param>
    /// <param name="ordinal">Which device of that driver, counted from 0.</param>
    /// <param name="loggers">Where to log; null for nowhere.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaDevice Open(CudaDriver driver, int ordinal = 0, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        DeviceContext context = DeviceContext.Retain(driver, ordinal);
        try
        {
            CudaDevice device = new(context, loggers);
            device.Journal.DeviceOpened(device.ProductName, device.ComputeCapability, device.TotalMemory,
                device.DriverVersion, driver.Library);
            return device;
        }
        catch
        {
            context.Release();
            throw;
        }
    }

    /// <summary>Waits for all work on the device.</summary>
    /// <exception cref="CudaException">That work failed.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public void Synchronize()
    {
        using Scope scope = Use();
        Context.Synchronize();
    }

    /// <summary>
    /// Waits for the device's work, then disposes everything it made and gives the context back. Calls of
    /// other threads that are still inside finish first. Never throws; a second call does nothing.
    /// </summary>
    public void Dispose()
    {
        if (_gate.Close())
        {
            TearDown();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({ProductName})";

    /// <summary>Enters, and makes the context current; false when the device was disposed.</summary>
    internal bool TryEnter()
    {
        if (!_gate.TryEnter())
        {
            return false;
        }

        try
        {
            Context.MakeCurrent();
            return true;
        }
        catch
        {
            Exit();
            throw;
        }
    }

    /// <summary>
    /// As <see cref="TryEnter"/>, for calls that never throw: a context that is lost is logged.
    /// </summary>
    internal bool TryEnterQuietly()
    {
        if (!_gate.TryEnter())
        {
            return false;
        }

        try
        {
            Context.MakeCurrent();
        }
        catch (CudaException failure)
        {
            Journal.TearDownFailed(nameof(CudaDevice), failure);
        }

        return true;
    }

    /// <summary>Leaves.</summary>
    internal void Exit()
    {
        if (_gate.Exit())
        {
            TearDown();
        }
    }

    /// <summary>Enters for one call.</summary>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    internal Scope Use()
    {
        if (!TryEnter())
        {
            ThrowHelper.Disposed(nameof(CudaDevice));
        }

        return new Scope(this);
    }

    /// <summary>Takes a new resource into the books. The caller holds the device open.</summary>
    internal void Adopt(DeviceResource child)
    {
        lock (_childrenLock)
        {
            _children.Add(child);
        }
    }

    /// <summary>Takes a resource that was torn down out of the books.</summary>
    internal void Forget(DeviceResource child)
    {
        lock (_childrenLock)
        {
            _children.Remove(child);
        }
    }

    private void TearDown()
    {
        Attempt(Context.MakeCurrent);
        Attempt(Context.Synchronize);
        DeviceResource[] children;
        lock (_childrenLock)
        {
            children = [.. _children.OrderBy(child => child.Order)];
        }

        foreach (DeviceResource child in children)
        {
            child.Close();
        }

        // Frees are stream work, too.
        Attempt(Context.Synchronize);
        Attempt(Staging.Free);
        Attempt(Modules.Unload);
        Attempt(() => Context.DestroyStream(HouseStream));
        Attempt(Context.TrimPool);
        Attempt(Context.Release);
        Journal.DeviceClosed(children.Length);
    }

    private void Attempt(Action step)
    {
        try
        {
            step();
        }
        catch (CudaException failure)
        {
            Journal.TearDownFailed(nameof(CudaDevice), failure);
        }
    }

    /// <summary>One call inside the device.</summary>
    internal readonly ref struct Scope(CudaDevice device)
    {
        /// <summary>Leaves.</summary>
        public void Dispose() => device.Exit();
    }
}
