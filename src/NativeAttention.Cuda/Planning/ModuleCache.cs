using System.Diagnostics;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>The modules of one device: each loaded when a kernel of it is first planned, and once.</summary>
internal sealed class ModuleCache(CudaDevice device)
{
    /// <summary>Dynamic shared memory that needs no permission.</summary>
    private const int FreelyUsableShared = 48 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, nint> _modules = [];
    private readonly Dictionary<string, nint> _functions = [];

    /// <summary>Number of loaded modules, for tests.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _modules.Count;
            }
        }
    }

    /// <summary>The kernel's handle, ready to launch. The caller holds the device open.</summary>
    public nint Get(KernelEntry kernel)
    {
        lock (_lock)
        {
            if (!_functions.TryGetValue(kernel.Name, out nint function))
            {
                function = Prepare(kernel);
                _functions.Add(kernel.Name, function);
            }

            return function;
        }
    }

    /// <summary>Unloads everything.</summary>
    public void Unload()
    {
        lock (_lock)
        {
            foreach (nint module in _modules.Values)
            {
                device.Context.UnloadModule(module);
            }

            _modules.Clear();
            _functions.Clear();
        }
    }

    private nint Prepare(KernelEntry kernel)
    {
        if (!_modules.TryGetValue(kernel.Module, out nint module))
        {
            module = Load(kernel.Module);
            _modules.Add(kernel.Module, module);
        }

        nint function = device.Context.GetFunction(module, kernel.Name);
        if (kernel.SharedBytes > FreelyUsableShared)
        {
            device.Context.AllowSharedMemory(function, kernel.SharedBytes);
        }

        RequireThreads(kernel, function);
        return function;
    }

    private nint Load(string name)
    {
        byte[] image = PtxSource.ReadImage(name);
        long start = Stopwatch.GetTimestamp();
        nint module = device.Context.LoadModule(image, out string log);
        device.Journal.ModuleLoaded(name, Stopwatch.GetElapsedTime(start), PtxSource.Description);
        device.Journal.CompilerMessage(name, log);
        return module;
    }

    // The driver's compiler may give a kernel so many registers that a block no longer fits.
    private void RequireThreads(KernelEntry kernel, nint function)
    {
        int most = device.Context.Attribute(function, FunctionAttribute.MaxThreadsPerBlock);
        if (most < kernel.Threads)
        {
            throw new NotSupportedException(
                $"{kernel.Name} needs blocks of {kernel.Threads} threads; {device} allows it {most}.");
        }
    }
}
