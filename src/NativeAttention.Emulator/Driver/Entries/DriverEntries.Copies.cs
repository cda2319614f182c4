using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Copies and fills. Ranges are checked when a call is made and, if it runs later, once more when it runs.
internal static unsafe partial class DriverEntries
{
    [UnmanagedCallersOnly]
    private static CudaResult MemcpyHtoD(ulong destination, void* source, nuint bytes)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            BeginBlocking(context, "cuMemcpyHtoD");
            RequireHostRange(source, bytes);
            context.RequireDeviceRange(destination, bytes);
            context.RunBlocking();
            context.CopyToDevice(destination, source, (long)bytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemcpyDtoH(void* destination, ulong source, nuint bytes)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            BeginBlocking(context, "cuMemcpyDtoH");
            RequireHostRange(destination, bytes);
            context.RequireDeviceRange(source, bytes);
            context.RunBlocking();
            EmulatedContext.CopyToHost(destination, source, (long)bytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemcpyDtoD(ulong destination, ulong source, nuint bytes)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            BeginBlocking(context, "cuMemcpyDtoD");
            RequireSeparate(context, destination, source, bytes);
            context.RunBlocking();
            context.CopyOnDevice(destination, source, (long)bytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemcpyHtoDAsync(ulong destination, void* source, nuint bytes, nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            RequireHostRange(source, bytes);
            context.RequireDeviceRange(destination, bytes);
            Operation operation = new()
            {
                Kind = OperationKind.CopyToDevice,
                Call = "cuMemcpyHtoDAsync_v2",
                Destination = destination,
                Source = (ulong)source,
                Count = (long)bytes,
            };
            IssueCopy(context, target, ref operation, source);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemcpyDtoHAsync(void* destination, ulong source, nuint bytes, nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            RequireHostRange(destination, bytes);
            context.RequireDeviceRange(source, bytes);
            Operation operation = new()
            {
                Kind = OperationKind.CopyToHost,
                Call = "cuMemcpyDtoHAsync_v2",
                Destination = (ulong)destination,
                Source = source,
                Count = (long)bytes,
            };
            IssueCopy(context, target, ref operation, destination);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemcpyDtoDAsync(ulong destination, ulong source, nuint bytes, nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            RequireSeparate(context, destination, source, bytes);
            Operation operation = new()
            {
                Kind = OperationKind.CopyOnDevice,
                Call = "cuMemcpyDtoDAsync_v2",
                Destination = destination,
                Source = source,
                Count = (long)bytes,
            };
            context.Issue(target, ref operation);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemsetD8(ulong destination, byte value, nuint count)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            BeginBlocking(context, "cuMemsetD8");
            context.RequireDeviceRange(destination, count);
            context.RunBlocking();
            context.FillBytes(destination, value, (long)count);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemsetD8Async(ulong destination, byte value, nuint count, nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            context.RequireDeviceRange(destination, count);
            Operation operation = new()
            {
                Kind = OperationKind.FillBytes,
                Call = "cuMemsetD8Async",
                Destination = destination,
                Value = value,
                Count = (long)count,
            };
            context.Issue(target, ref operation);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemsetD32Async(ulong destination, uint value, nuint count, nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            DriverFailure.Require(
                destination % sizeof(uint) == 0, "the destination is not aligned to 4 bytes");
            DriverFailure.Require(count <= (nuint)context.Memory.Capacity, "a range larger than the device");
            context.RequireDeviceRange(destination, count * sizeof(uint));
            Operation operation = new()
            {
                Kind = OperationKind.FillWords,
                Call = "cuMemsetD32Async",
                Destination = destination,
                Value = value,
                Count = (long)count,
            };
            context.Issue(target, ref operation);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    private static void BeginBlocking(EmulatedContext context, string call)
    {
        context.ForbidDuringCapture(call);
    }

    /// <summary>
    /// A copy with page-locked memory runs in stream order. Any other host memory may move or go once the
    /// call has returned: the copy is done before, as by the real driver.
    /// </summary>
    private static void IssueCopy(
        EmulatedContext context, EmulatedStream stream, ref Operation operation, void* host)
    {
        bool isPinned = context.TryGetPinned((ulong)host, (ulong)operation.Count, out _);
        context.Issue(stream, ref operation);
        if (!isPinned && stream.Capture is null)
        {
            context.RunAll(stream);
        }
    }

    private static void RequireHostRange(void* pointer, nuint bytes)
    {
        DriverFailure.Require(pointer != null || bytes == 0, "the host pointer is null");
    }

    private static void RequireSeparate(EmulatedContext context, ulong destination, ulong source, nuint bytes)
    {
        context.RequireDeviceRange(source, bytes);
        context.RequireDeviceRange(destination, bytes);
        DriverFailure.Require(
            bytes == 0 || destination + bytes <= source || source + bytes <= destination,
            "source and destination of a copy overlap");
    }
}
