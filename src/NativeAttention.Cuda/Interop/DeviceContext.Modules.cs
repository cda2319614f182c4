using System.Text;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

// Modules and launches.
internal sealed unsafe partial class DeviceContext
{
    private const int LogBytes = 16 * 1024;

    /// <summary>
    /// Loads PTX. What the driver's compiler says is returned, and is part of the exception if it fails.
    /// </summary>
    /// <param name="image">PTX text that ends with a NUL.</param>
    /// <param name="log">What the driver's compiler says about it; may be empty.</param>
    public nint LoadModule(ReadOnlySpan<byte> image, out string log)
    {
        byte[] information = new byte[LogBytes];
        byte[] errors = new byte[LogBytes];
        CudaResult result;
        nint module;
        fixed (byte* text = image, informationBuffer = information, errorBuffer = errors)
        {
            JitOption* options = stackalloc JitOption[]
            {
                JitOption.InfoLogBuffer, JitOption.InfoLogBufferSizeBytes,
                JitOption.ErrorLogBuffer, JitOption.ErrorLogBufferSizeBytes, JitOption.LogVerbose,
            };
            void** values = stackalloc void*[]
            {
                informationBuffer, (void*)LogBytes, errorBuffer, (void*)LogBytes, (void*)1,
            };
            result = _driver.ModuleLoadDataEx(&module, text, 5, options, values);
        }

        log = TextOf(information);
        if (result != CudaResult.Success)
        {
            string said = TextOf(errors);
            throw _driver.CreateException(result, "cuModuleLoadDataEx", Ordinal,
                said.Length > 0 ? said : null);
        }

        return module;
    }

    /// <summary>Unloads a module.</summary>
    public void UnloadModule(nint module) => Check(_driver.ModuleUnload(module), "cuModuleUnload");

    /// <summary>Finds a kernel in a module.</summary>
    public nint GetFunction(nint module, string name)
    {
        nint function;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            Check(_driver.ModuleGetFunction(&function, module, text), "cuModuleGetFunction");
        }

        return function;
    }

    /// <summary>One number about a kernel.</summary>
    public int Attribute(nint function, FunctionAttribute attribute)
    {
        int value;
        Check(_driver.FuncGetAttribute(&value, attribute, function), "cuFuncGetAttribute");
        return value;
    }

    /// <summary>Allows a kernel more than 48 KiB of dynamic shared memory.</summary>
    public void AllowSharedMemory(nint function, int bytes) => Check(
        _driver.FuncSetAttribute(function, FunctionAttribute.MaxDynamicSharedSizeBytes, bytes),
        "cuFuncSetAttribute");

    /// <summary>Launches a kernel with one by-value parameter struct on a one-dimensional grid.</summary>
    public void Launch(nint function, uint grid, uint threads, uint sharedBytes, nint stream,
        void* parameters)
    {
        void* arguments = parameters;
        Check(
            _driver.LaunchKernel(function, grid, 1, 1, threads, 1, 1, sharedBytes, stream, &arguments, null),
            "cuLaunchKernel");
    }

    private static string TextOf(byte[] log)
    {
        int end = Array.IndexOf(log, (byte)0);
        return Encoding.UTF8.GetString(log, 0, end < 0 ? log.Length : end).Trim();
    }
}
