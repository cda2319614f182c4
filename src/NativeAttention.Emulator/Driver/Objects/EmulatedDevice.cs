using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>An emulated device and the life of its primary context.</summary>
internal sealed class EmulatedDevice
{
    private readonly Lock _gate = new();
    private EmulatedContext? _context;
    private int _users;
    private readonly List<KernelProfile> _profiles = [];
    private EmulatedObjectCounts _abandoned;
    private volatile EmulatorFault? _lastFault;

    internal EmulatedDevice(int ordinal, EmulatorOptions options)
    {
        Validate(options);
        Ordinal = ordinal;
        Options = options;
        Properties = DeviceProperties.Of(options.Target)!;
        MemoryPool = HandleTable.Add(new EmulatedMemoryPool(this));
    }

    internal int Ordinal { get; }

    internal EmulatorOptions Options { get; }

    internal DeviceProperties Properties { get; }

    /// <summary>Handle of the default memory pool.</summary>
    internal nint MemoryPool { get; }

    internal string Name =>
        FormattableString.Invariant($"NativeAttention emulator ({Options.Target}, {Options.SmCount} SMs)");

    internal EmulatorFault? LastFault
    {
        get => _lastFault;
        set => _lastFault = value;
    }

    /// <summary>Objects that contexts took with them when they were destroyed.</summary>
    internal EmulatedObjectCounts AbandonedObjects
    {
        get
        {
            lock (_gate)
            {
                return _abandoned;
            }
        }
    }

    internal bool IsContextActive
    {
        get
        {
            lock (_gate)
            {
                return _context is not null;
            }
        }
    }

    internal EmulatedObjectCounts CountLiveObjects()
    {
        lock (_gate)
        {
            return _context?.CountObjects() ?? default;
        }
    }

    /// <summary>The profiles of all kernels that ran here, when the options ask for them.</summary>
    internal IReadOnlyList<KernelProfile> Profiles
    {
        get
        {
            lock (_profiles)
            {
                return [.. _profiles];
            }
        }
    }

    /// <summary>The request, with the profile of its kernel when the options ask for one.</summary>
    internal LaunchRequest Observe(LaunchRequest request) =>
        Options.Profile ? request with { Profile = ProfileOf(request.Kernel) } : request;

    /// <summary>One more user of the primary context; creates it when there is none.</summary>
    internal EmulatedContext Retain()
    {
        lock (_gate)
        {
            _context ??= new EmulatedContext(this);
            _users++;
            return _context;
        }
    }

    /// <summary>One user less; the last one destroys the context.</summary>
    internal void Release()
    {
        lock (_gate)
        {
            if (_users == 0)
            {
                throw new DriverFailure(
                    CudaResult.InvalidContext,
                    FormattableString.Invariant($"the primary context of device {Ordinal} is not retained"));
            }

            if (--_users == 0)
            {
                DestroyContext();
            }
        }
    }

    /// <summary>Destroys the primary context under its users; the next retain makes a new one.</summary>
    internal void Reset()
    {
        lock (_gate)
        {
            DestroyContext();
        }
    }

    // A module that is loaded again, in another context too, goes on with its profile.
    private KernelProfile ProfileOf(PtxKernel kernel)
    {
        lock (_profiles)
        {
            KernelProfile? profile = _profiles.Find(p => p.IsOf(kernel));
            if (profile is null)
            {
                profile = new KernelProfile(kernel);
                _profiles.Add(profile);
            }

            return profile;
        }
    }

    private void DestroyContext()
    {
        if (_context is not null)
        {
            _abandoned = _abandoned.Plus(_context.Destroy());
            _context = null;
        }
    }

    /// <summary>Refuses options that no device can have.</summary>
    internal static void Validate(EmulatorOptions options)
    {
        if (options.Target is null || DeviceProperties.Of(options.Target) is null)
        {
            throw new ArgumentException(
                $"Target '{options.Target}' cannot be emulated; supported are {DeviceProperties.TargetList}.",
                nameof(options));
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.SmCount, "options.SmCount");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.CtasPerSm, "options.CtasPerSm");
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, "options.Threads");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.WarpQuantum, "options.WarpQuantum");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BlockQuantum, "options.BlockQuantum");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.LivelockLimit, "options.LivelockLimit");
        ArgumentOutOfRangeException.ThrowIfNegative(options.InstructionLimit, "options.InstructionLimit");
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MemoryBytes, 1L << 20, "options.MemoryBytes");
        ArgumentOutOfRangeException.ThrowIfNegative(options.QuarantineBytes, "options.QuarantineBytes");
    }
}

/// <summary>Stands for the memory pool of a device; its settings change nothing here.</summary>
internal sealed class EmulatedMemoryPool(EmulatedDevice device)
{
    internal EmulatedDevice Device { get; } = device;
}
