using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>
/// The primary context of an emulated device: its memory, the objects made in it and the work issued to it.
/// Everything happens under one lock, work included, since launches of one device run one at a time anyway.
/// </summary>
internal sealed unsafe partial class EmulatedContext
{
    private readonly Lock _gate = new();
    private readonly HashSet<EmulatedObject> _objects = [];
    private volatile bool _isDestroyed;
    private CudaResult _failure;
    private string _failureText = "";

    internal EmulatedContext(EmulatedDevice device)
    {
        Device = device;
        Memory = new DeviceMemory(device.Options.MemoryBytes, device.Options.QuarantineBytes);
        IsEager = device.Options.Streams == StreamMode.Eager;
        _random = new Random(device.Options.Seed);
        NullStream = new EmulatedStream(this, isNonBlocking: false);
        _streams.Add(NullStream);
        Handle = HandleTable.Add(this);
    }

    internal EmulatedDevice Device { get; }

    internal nint Handle { get; }

    internal DeviceMemory Memory { get; }

    /// <summary>Whether work runs when it is issued.</summary>
    internal bool IsEager { get; }

    /// <summary>The stream of handle 0.</summary>
    internal EmulatedStream NullStream { get; }

    internal bool IsDestroyed => _isDestroyed;

    /// <summary>Whether a fault has spoilt it; then it only takes calls that destroy something.</summary>
    private bool IsSpoilt => _failure != CudaResult.Success;

    /// <summary>
    /// Takes the lock; fails, without it, when the context is destroyed or a fault has spoilt it.
    /// </summary>
    internal Lock.Scope Enter()
    {
        Lock.Scope scope = _gate.EnterScope();
        if (_isDestroyed || IsSpoilt)
        {
            scope.Dispose();
            ThrowUnusable();
        }

        return scope;
    }

    /// <summary>Takes the lock; fails only when the context is destroyed.</summary>
    internal Lock.Scope EnterToDestroy()
    {
        Lock.Scope scope = _gate.EnterScope();
        if (_isDestroyed)
        {
            scope.Dispose();
            ThrowUnusable();
        }

        return scope;
    }

    internal void ThrowIfSpoilt()
    {
        if (IsSpoilt)
        {
            ThrowUnusable();
        }
    }

    internal void Register(EmulatedObject created)
    {
        _objects.Add(created);
    }

    internal void Unregister(EmulatedObject destroyed)
    {
        _objects.Remove(destroyed);
        HandleTable.Remove(destroyed.Handle);
    }

    internal EmulatedObjectCounts CountObjects()
    {
        lock (_gate)
        {
            return new EmulatedObjectCounts(
                _allocations.Count,
                _pinned.Count,
                _objects.Count(o => o is EmulatedStream),
                _objects.Count(o => o is EmulatedEvent),
                _objects.Count(o => o is EmulatedModule),
                _objects.Count(o => o is EmulatedGraph),
                _objects.Count(o => o is EmulatedExecutableGraph));
        }
    }

    /// <summary>Destroys the context with everything in it; work not yet run is dropped.</summary>
    /// <returns>What was still there.</returns>
    internal EmulatedObjectCounts Destroy()
    {
        lock (_gate)
        {
            DropWork();
            EmulatedObjectCounts left = CountObjects();
            _isDestroyed = true;
            foreach (EmulatedObject owned in _objects)
            {
                HandleTable.Remove(owned.Handle);
                (owned as EmulatedModule)?.Forget();
            }

            _objects.Clear();
            ReleasePinned();
            _allocations.Clear();
            Memory.Dispose();
            HandleTable.Remove(NullStream.Handle);
            HandleTable.Remove(Handle);
            return left;
        }
    }

    /// <summary>
    /// Spoils the context: work not yet run is dropped, and from now on every call in it fails with the same
    /// code.
    /// </summary>
    private DriverFailure Spoil(CudaResult code, EmulatorFault fault)
    {
        Device.LastFault = fault;
        _failure = code;
        _failureText = fault.ToString();
        DropWork();
        return new DriverFailure(code, _failureText);
    }

    private void ThrowUnusable()
    {
        throw _isDestroyed
            ? new DriverFailure(
                CudaResult.ContextIsDestroyed,
                FormattableString.Invariant(
                    $"the primary context of device {Device.Ordinal} was destroyed or reset"))
            : new DriverFailure(_failure, _failureText);
    }
}
