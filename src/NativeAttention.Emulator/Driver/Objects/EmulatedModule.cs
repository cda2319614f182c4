using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>A loaded module and the functions taken from it.</summary>
internal sealed class EmulatedModule(EmulatedContext context, PtxModule module) : EmulatedObject(context)
{
    private readonly Dictionary<string, EmulatedFunction> _functions = new(StringComparer.Ordinal);

    internal PtxModule Module { get; } = module;

    internal bool IsUnloaded { get; private set; }

    /// <summary>The function of an entry; the same one every time.</summary>
    internal EmulatedFunction Function(string name)
    {
        if (!_functions.TryGetValue(name, out EmulatedFunction? function))
        {
            if (!Module.TryGetKernel(name, out PtxKernel? kernel))
            {
                string entries = string.Join(", ", Module.Kernels.Select(k => k.Name));
                throw new DriverFailure(
                    CudaResult.NotFound, $"module '{Module.Name}' has no entry '{name}'; it has: {entries}");
            }

            function = new EmulatedFunction(this, kernel);
            _functions.Add(name, function);
        }

        return function;
    }

    /// <summary>Takes the handles of the functions away.</summary>
    internal void Forget()
    {
        IsUnloaded = true;
        foreach (EmulatedFunction function in _functions.Values)
        {
            HandleTable.Remove(function.Handle);
        }
    }
}

/// <summary>An entry of a module, with its attributes and its last launch.</summary>
internal sealed class EmulatedFunction : EmulatedObject
{
    private readonly (int Offset, int Size)[] _parameters;
    private readonly byte[] _block;
    private LaunchRequest? _last;

    internal EmulatedFunction(EmulatedModule module, PtxKernel kernel)
        : base(module.Context)
    {
        Module = module;
        Kernel = kernel;
        _parameters = [.. kernel.Parameters.Select(p => (p.Offset, p.Size))];
        _block = new byte[kernel.ParameterBytes];
        MaxDynamicShared = DeviceProperties.DefaultSharedPerBlock - kernel.StaticSharedBytes;
    }

    internal EmulatedModule Module { get; }

    internal PtxKernel Kernel { get; }

    /// <summary>Bytes of dynamic shared memory that a launch may ask for.</summary>
    internal int MaxDynamicShared { get; private set; }

    internal int MaxThreads => Kernel.MaxThreads ?? DeviceProperties.MaxThreadsPerBlock;

    internal ReadOnlySpan<(int Offset, int Size)> Parameters => _parameters;

    /// <summary>Bytes of dynamic shared memory that the device can give this kernel at most.</summary>
    internal int SharedLimit => Context.Device.Properties.SharedPerBlock - Kernel.StaticSharedBytes;

    internal void SetMaxDynamicShared(int bytes)
    {
        DriverFailure.Require(
            bytes >= 0 && bytes <= SharedLimit,
            $"{bytes:N0} bytes of dynamic shared memory for '{Kernel.Name}': "
            + $"0 to {SharedLimit:N0} are possible");
        MaxDynamicShared = bytes;
    }

    /// <summary>
    /// A request that owns nothing: its parameter block is overwritten by the next launch. For launches that
    /// run at once; the same shape again takes the same object, so that a repeated launch allocates nothing.
    /// </summary>
    internal LaunchRequest Reuse(in LaunchShape shape, out Span<byte> block)
    {
        block = _block;
        if (_last is null || _last.Grid != shape.Grid || _last.Block != shape.Block
            || _last.DynamicSharedBytes != shape.DynamicSharedBytes)
        {
            _last = shape.Request(Kernel, _block);
        }

        return _last;
    }

    /// <summary>A request for a launch that runs later.</summary>
    internal LaunchRequest Create(in LaunchShape shape, out Span<byte> block)
    {
        byte[] own = new byte[_block.Length];
        block = own;
        return shape.Request(Kernel, own);
    }
}

/// <summary>Shape of a launch.</summary>
internal readonly record struct LaunchShape(
    (uint X, uint Y, uint Z) Grid, (uint X, uint Y, uint Z) Block, int DynamicSharedBytes)
{
    internal LaunchRequest Request(PtxKernel kernel, byte[] parameters)
    {
        return new LaunchRequest(kernel, Grid, Block, DynamicSharedBytes, parameters);
    }
}
