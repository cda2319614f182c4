using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Modules, functions and launches.
internal static unsafe partial class DriverEntries
{
    [UnmanagedCallersOnly]
    private static CudaResult ModuleLoadDataEx(
        nint* module, void* image, uint count, JitOption* options, void** values)
    {
        try
        {
            Begin();
            RequireTarget(module, "module");
            JitLogs logs = new(count, options, values);
            using Lock.Scope scope = Enter(out EmulatedContext context);
            context.ForbidDuringCapture("cuModuleLoadDataEx");
            *module = context.LoadModule(image, logs).Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult ModuleUnload(nint module)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            context.ForbidDuringCapture("cuModuleUnload");
            context.UnloadModule(context.Own(HandleTable.Get<EmulatedModule>(module)));
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult ModuleGetFunction(nint* function, nint module, byte* name)
    {
        try
        {
            Begin();
            RequireTarget(function, "function");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedModule source = context.Own(HandleTable.Get<EmulatedModule>(module));
            *function = source.Function(NameAt(name)).Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult ModuleGetGlobal(ulong* pointer, nuint* bytes, nint module, byte* name)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedModule source = context.Own(HandleTable.Get<EmulatedModule>(module));
            string wanted = NameAt(name);
            if (!source.Module.TryGetGlobal(wanted, out ulong address, out long size))
            {
                throw new DriverFailure(
                    CudaResult.NotFound, $"module '{source.Module.Name}' has no global variable '{wanted}'");
            }

            if (pointer != null)
            {
                *pointer = address;
            }

            if (bytes != null)
            {
                *bytes = (nuint)size;
            }
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult FuncGetAttribute(int* value, FunctionAttribute attribute, nint function)
    {
        try
        {
            Begin();
            RequireTarget(value, "value");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            *value = AttributeOf(context.Own(HandleTable.Get<EmulatedFunction>(function)), attribute);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult FuncSetAttribute(nint function, FunctionAttribute attribute, int value)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedFunction target = context.Own(HandleTable.Get<EmulatedFunction>(function));
            switch (attribute)
            {
                case FunctionAttribute.MaxDynamicSharedSizeBytes:
                    target.SetMaxDynamicShared(value);
                    break;
                case FunctionAttribute.PreferredSharedMemoryCarveout:
                    DriverFailure.Require(value is >= -1 and <= 100, "a carveout is -1, or 0 to 100 percent");
                    break;
                default:
                    throw new DriverFailure(
                        CudaResult.InvalidValue, $"function attribute {(int)attribute} cannot be set");
            }
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult LaunchKernel(
        nint function,
        uint gridX,
        uint gridY,
        uint gridZ,
        uint blockX,
        uint blockY,
        uint blockZ,
        uint sharedBytes,
        nint stream,
        void** parameters,
        void** extra)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedFunction target = context.Own(HandleTable.Get<EmulatedFunction>(function));
            EmulatedStream issued = context.Stream(stream);
            LaunchShape shape = new((gridX, gridY, gridZ), (blockX, blockY, blockZ), (int)sharedBytes);
            LaunchArguments.Check(target, shape, sharedBytes);
            context.Launch(issued, target, shape, parameters, extra);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult OccupancyMaxActiveBlocks(
        int* blocks, nint function, int blockSize, nuint sharedBytes)
    {
        try
        {
            Begin();
            RequireTarget(blocks, "number of blocks");
            DriverFailure.Require(blockSize > 0, "a block without threads");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedFunction asked = context.Own(HandleTable.Get<EmulatedFunction>(function));
            *blocks = ResidentBlocks(asked, blockSize, sharedBytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    private static string NameAt(byte* name)
    {
        DriverFailure.Require(name != null, "the name is null");
        return Marshal.PtrToStringUTF8((nint)name)!;
    }

    private static int AttributeOf(EmulatedFunction function, FunctionAttribute attribute)
    {
        DeviceProperties device = function.Context.Device.Properties;
        return attribute switch
        {
            FunctionAttribute.MaxThreadsPerBlock => function.MaxThreads,
            FunctionAttribute.SharedSizeBytes => function.Kernel.StaticSharedBytes,
            FunctionAttribute.ConstSizeBytes => 0,
            FunctionAttribute.LocalSizeBytes => function.Kernel.LocalBytes,
            FunctionAttribute.RegisterCount => function.Kernel.RegisterEstimate,
            FunctionAttribute.PtxVersion => PtxImage.VersionNumber(function.Module.Module.PtxVersion),
            FunctionAttribute.BinaryVersion => (device.Major * 10) + device.Minor,
            FunctionAttribute.MaxDynamicSharedSizeBytes => function.MaxDynamicShared,
            FunctionAttribute.PreferredSharedMemoryCarveout => -1,
            _ => throw new DriverFailure(
                CudaResult.InvalidValue, $"function attribute {(int)attribute} is not emulated"),
        };
    }

    /// <summary>
    /// Blocks of a launch that run at a time on one multiprocessor: what the options say, less where the
    /// threads or the shared memory of the device do not allow that many. Kernels that stay resident size
    /// their grid by it.
    /// </summary>
    private static int ResidentBlocks(EmulatedFunction function, int blockSize, nuint sharedBytes)
    {
        DeviceProperties device = function.Context.Device.Properties;
        if (blockSize > function.MaxThreads || sharedBytes > (nuint)function.SharedLimit)
        {
            return 0;
        }

        int shared = function.Kernel.StaticSharedBytes + (int)sharedBytes
            + DeviceProperties.ReservedSharedPerBlock;
        int blocks = Math.Min(device.ThreadsPerSm / blockSize, device.SharedPerSm / shared);
        return Math.Min(Math.Min(blocks, device.BlocksPerSm), function.Context.Device.Options.CtasPerSm);
    }
}
