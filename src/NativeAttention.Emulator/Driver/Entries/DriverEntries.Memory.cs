using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Device memory and page-locked host memory.
internal static unsafe partial class DriverEntries
{
    [UnmanagedCallersOnly]
    private static CudaResult MemAlloc(ulong* pointer, nuint bytes)
    {
        try
        {
            Begin();
            RequireTarget(pointer, "pointer");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            context.ForbidDuringCapture("cuMemAlloc");
            *pointer = context.Allocate(bytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemFree(ulong pointer)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            context.ForbidDuringCapture("cuMemFree");
            context.Free(pointer);
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemAllocAsync(ulong* pointer, nuint bytes, nint stream)
    {
        try
        {
            Begin();
            RequireTarget(pointer, "pointer");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            RefuseCaptured(context.Stream(stream), "cuMemAllocAsync");
            *pointer = context.Allocate(bytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemFreeAsync(ulong pointer, nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            RefuseCaptured(target, "cuMemFreeAsync");
            context.BeginFree(pointer);
            Operation operation = new()
            {
                Kind = OperationKind.Free,
                Call = "cuMemFreeAsync",
                Destination = pointer,
            };
            context.Issue(target, ref operation);
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemPoolSetAttribute(nint pool, MemoryPoolAttribute attribute, void* value)
    {
        try
        {
            Begin();
            RequireInitialised();
            HandleTable.Get<EmulatedMemoryPool>(pool);
            DriverFailure.Require(value != null, "the value is null");
            DriverFailure.Require(
                attribute == MemoryPoolAttribute.ReleaseThreshold,
                $"pool attribute {(int)attribute} is not emulated");
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemPoolTrimTo(nint pool, nuint keep)
    {
        try
        {
            Begin();
            RequireInitialised();
            HandleTable.Get<EmulatedMemoryPool>(pool);
            _ = keep;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemGetInfo(nuint* free, nuint* total)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            RequireTarget(free, "free size");
            RequireTarget(total, "total size");
            *free = (nuint)context.FreeBytes;
            *total = (nuint)context.Memory.Capacity;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemGetAddressRange(ulong* start, nuint* bytes, ulong pointer)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            if (!context.Memory.TryGetAllocation(pointer, out ulong first, out long size))
            {
                throw new DriverFailure(CudaResult.NotFound, context.Memory.Describe(pointer));
            }

            if (start != null)
            {
                *start = first;
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
    private static CudaResult PointerGetAttribute(void* value, PointerAttribute attribute, ulong pointer)
    {
        try
        {
            Begin();
            RequireTarget(value, "value");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            WritePointerAttribute(context, value, attribute, pointer);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemAllocHost(void** pointer, nuint bytes)
    {
        try
        {
            Begin();
            RequireTarget(pointer, "pointer");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            context.ForbidDuringCapture("cuMemAllocHost");
            *pointer = context.AllocatePinned(bytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemHostAlloc(void** pointer, nuint bytes, uint flags)
    {
        try
        {
            Begin();
            RequireTarget(pointer, "pointer");
            DriverFailure.Require(flags <= 7, "unknown flags of cuMemHostAlloc");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            context.ForbidDuringCapture("cuMemHostAlloc");
            *pointer = context.AllocatePinned(bytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemFreeHost(void* pointer)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            context.ForbidDuringCapture("cuMemFreeHost");
            context.FreePinned(pointer);
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemHostRegister(void* pointer, nuint bytes, uint flags)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            context.ForbidDuringCapture("cuMemHostRegister");
            DriverFailure.Require(flags <= 15, "unknown flags of cuMemHostRegister");
            context.RegisterPinned(pointer, bytes);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemHostUnregister(void* pointer)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            context.ForbidDuringCapture("cuMemHostUnregister");
            context.UnregisterPinned(pointer);
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    private static void RefuseCaptured(EmulatedStream stream, string call)
    {
        if (stream.Capture is Capture capture)
        {
            capture.Invalidate();
            throw new DriverFailure(
                CudaResult.StreamCaptureUnsupported, $"{call} in a captured stream is not emulated");
        }
    }

    private static void WritePointerAttribute(
        EmulatedContext context, void* value, PointerAttribute attribute, ulong pointer)
    {
        ulong start = 0;
        ulong bytes = 0;
        bool isDevice = context.Memory.TryGetAllocation(pointer, out ulong first, out long size);
        if (isDevice)
        {
            (start, bytes) = (first, (ulong)size);
        }
        else if (context.TryGetPinned(pointer, 1, out PinnedRange range))
        {
            (start, bytes) = (range.Start, range.End - range.Start);
        }
        else
        {
            throw new DriverFailure(
                CudaResult.InvalidValue,
                FormattableString.Invariant($"0x{pointer:x} is neither memory nor page-locked memory of ")
                + FormattableString.Invariant($"device {context.Device.Ordinal}: ")
                + context.Memory.Describe(pointer));
        }

        WritePointerAttribute(context, value, attribute, pointer, (start, bytes, isDevice));
    }

    private static void WritePointerAttribute(
        EmulatedContext context,
        void* value,
        PointerAttribute attribute,
        ulong pointer,
        (ulong Start, ulong Bytes, bool IsDevice) found)
    {
        switch (attribute)
        {
            case PointerAttribute.Context:
                *(nint*)value = context.Handle;
                break;
            case PointerAttribute.MemoryType:
                *(MemoryType*)value = found.IsDevice ? MemoryType.Device : MemoryType.Host;
                break;
            case PointerAttribute.DevicePointer:
                *(ulong*)value = pointer;
                break;
            case PointerAttribute.HostPointer when !found.IsDevice:
                *(ulong*)value = pointer;
                break;
            case PointerAttribute.IsManaged:
                *(int*)value = 0;
                break;
            case PointerAttribute.DeviceOrdinal:
                *(int*)value = context.Device.Ordinal;
                break;
            case PointerAttribute.RangeStartAddress:
                *(ulong*)value = found.Start;
                break;
            case PointerAttribute.RangeSize:
                *(nuint*)value = (nuint)found.Bytes;
                break;
            default:
                throw new DriverFailure(
                    CudaResult.InvalidValue,
                    $"pointer attribute {(int)attribute} is not defined for this pointer");
        }
    }
}
