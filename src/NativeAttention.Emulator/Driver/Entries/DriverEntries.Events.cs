using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Events.
internal static unsafe partial class DriverEntries
{
    [UnmanagedCallersOnly]
    private static CudaResult EventCreate(nint* created, EventFlags flags)
    {
        try
        {
            Begin();
            RequireTarget(created, "event");
            DriverFailure.Require(
                (flags & ~(EventFlags.BlockingSync | EventFlags.DisableTiming)) == 0,
                "event flags other than blocking synchronisation and no timing");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedEvent made = new(context, (flags & EventFlags.DisableTiming) == 0);
            context.Register(made);
            *created = made.Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult EventDestroy(nint handle)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            context.Unregister(context.Own(HandleTable.Get<EmulatedEvent>(handle)));
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult EventRecord(nint handle, nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedEvent target = context.Own(HandleTable.Get<EmulatedEvent>(handle));
            context.Record(context.Stream(stream), target);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult EventQuery(nint handle)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            return context.WaitFence(handle) is not { IsComplete: false } fence || context.Poll(fence.Stream)
                ? CudaResult.Success
                : CudaResult.NotReady;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult EventSynchronize(nint handle)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            if (context.WaitFence(handle) is { IsComplete: false } fence)
            {
                context.RunThrough(fence.Stream, fence.Id);
            }
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult EventElapsedTime(float* milliseconds, nint start, nint end)
    {
        try
        {
            Begin();
            RequireTarget(milliseconds, "time");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            Fence first = context.TimedFence(start);
            Fence last = context.TimedFence(end);
            if (!first.IsComplete || !last.IsComplete)
            {
                return CudaResult.NotReady;
            }

            TimeSpan elapsed = Stopwatch.GetElapsedTime(first.Timestamp, last.Timestamp);
            *milliseconds = (float)elapsed.TotalMilliseconds;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }
}
