using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Primary contexts, and the context of the calling thread.
internal static unsafe partial class DriverEntries
{
    [UnmanagedCallersOnly]
    private static CudaResult DevicePrimaryCtxRetain(nint* context, int device)
    {
        try
        {
            Begin();
            RequireTarget(context, "context");
            *context = Device(device).Retain().Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DevicePrimaryCtxRelease(int device)
    {
        try
        {
            Begin();
            Device(device).Release();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DevicePrimaryCtxReset(int device)
    {
        try
        {
            Begin();
            Device(device).Reset();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DevicePrimaryCtxGetState(int device, uint* flags, int* active)
    {
        try
        {
            Begin();
            RequireTarget(flags, "flags");
            RequireTarget(active, "state");
            *flags = 0;
            *active = Device(device).IsContextActive ? 1 : 0;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxSetCurrent(nint context)
    {
        try
        {
            Begin();
            RequireInitialised();
            CurrentContext.OrNull = context == 0 ? null : ContextOf(context);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxGetCurrent(nint* context)
    {
        try
        {
            Begin();
            RequireInitialised();
            RequireTarget(context, "context");
            *context = CurrentContext.OrNull?.Handle ?? 0;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxPushCurrent(nint context)
    {
        try
        {
            Begin();
            CurrentContext.Push(ContextOf(context));
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxPopCurrent(nint* context)
    {
        try
        {
            Begin();
            nint popped = CurrentContext.Pop().Handle;
            if (context != null)
            {
                *context = popped;
            }
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxGetDevice(int* device)
    {
        try
        {
            Begin();
            RequireTarget(device, "device");
            *device = CurrentContext.OrFail.Device.Ordinal;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxSynchronize()
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            context.ForbidDuringCapture("cuCtxSynchronize");
            context.RunAll();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxGetStreamPriorityRange(int* least, int* greatest)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            if (least != null)
            {
                *least = LeastPriority;
            }

            if (greatest != null)
            {
                *greatest = GreatestPriority;
            }
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    private static EmulatedContext ContextOf(nint handle)
    {
        return HandleTable.Get<EmulatedContext>(handle, CudaResult.InvalidContext);
    }
}
