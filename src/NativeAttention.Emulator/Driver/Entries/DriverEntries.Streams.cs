using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Streams, their capture, graphs and host functions.
internal static unsafe partial class DriverEntries
{
    [UnmanagedCallersOnly]
    private static CudaResult StreamCreate(nint* stream, StreamFlags flags)
    {
        try
        {
            Begin();
            RequireTarget(stream, "stream");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            *stream = CreateStream(context, flags);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamCreateWithPriority(nint* stream, StreamFlags flags, int priority)
    {
        try
        {
            Begin();
            RequireTarget(stream, "stream");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            _ = priority; // clamped by a driver, whatever it is; here all streams run one at a time
            *stream = CreateStream(context, flags);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamDestroy(nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            DriverFailure.Require(stream > 2, "the null stream cannot be destroyed");
            context.DestroyStream(context.Stream(stream));
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamSynchronize(nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            EmulatedContext.ForbidCaptured(target, "cuStreamSynchronize");
            context.RunAll(target);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamQuery(nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            EmulatedContext.ForbidCaptured(target, "cuStreamQuery");
            return context.Poll(target) ? CudaResult.Success : CudaResult.NotReady;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamWaitEvent(nint stream, nint awaited, uint flags)
    {
        try
        {
            Begin();
            DriverFailure.Require(flags <= 1, "unknown flags of cuStreamWaitEvent");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedStream target = context.Stream(stream);
            EmulatedEvent source = HandleTable.Get<EmulatedEvent>(awaited);
            if (source.Fence is { IsComplete: true } && source.CapturePoint is null && target.Capture is null)
            {
                return CudaResult.Success;
            }

            context.Own(source);
            if (!context.TryCaptureWait(target, source) && source.Fence is Fence fence)
            {
                Operation operation = new()
                {
                    Kind = OperationKind.Wait,
                    Call = "cuStreamWaitEvent",
                    Fence = fence,
                };
                context.Issue(target, ref operation);
            }
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamGetCtx(nint stream, nint* owner)
    {
        try
        {
            Begin();
            RequireTarget(owner, "context");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            *owner = context.Stream(stream).Context.Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamBeginCapture(nint stream, StreamCaptureMode mode)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            context.BeginCapture(context.Stream(stream), mode);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamEndCapture(nint stream, nint* graph)
    {
        try
        {
            Begin();
            RequireTarget(graph, "graph");
            *graph = 0;
            using Lock.Scope scope = Enter(out EmulatedContext context);
            *graph = context.EndCapture(context.Stream(stream)).Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamIsCapturing(nint stream, StreamCaptureStatus* status)
    {
        try
        {
            Begin();
            RequireTarget(status, "status");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            *status = context.Stream(stream).Capture switch
            {
                null => StreamCaptureStatus.None,
                { IsInvalidated: true } => StreamCaptureStatus.Invalidated,
                _ => StreamCaptureStatus.Active,
            };
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult LaunchHostFunc(
        nint stream, delegate* unmanaged<void*, void> function, void* argument)
    {
        try
        {
            Begin();
            DriverFailure.Require(function != null, "the host function is null");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            Operation operation = new()
            {
                Kind = OperationKind.HostFunction,
                Call = "cuLaunchHostFunc",
                Source = (ulong)function,
                Count = (long)argument,
            };
            context.Issue(context.Stream(stream), ref operation);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphInstantiateWithFlags(nint* executable, nint graph, ulong flags)
    {
        try
        {
            Begin();
            RequireTarget(executable, "executable graph");
            DriverFailure.Require(flags is 0 or 1 or 8, "unknown flags of cuGraphInstantiateWithFlags");
            using Lock.Scope scope = Enter(out EmulatedContext context);
            EmulatedGraph source = context.Own(HandleTable.Get<EmulatedGraph>(graph));
            EmulatedExecutableGraph made = new(context, [.. source.Operations]);
            context.Register(made);
            *executable = made.Handle;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphLaunch(nint executable, nint stream)
    {
        try
        {
            Begin();
            using Lock.Scope scope = Enter(out EmulatedContext context);
            Operation operation = new()
            {
                Kind = OperationKind.Graph,
                Call = "cuGraphLaunch",
                Operations = context.Own(HandleTable.Get<EmulatedExecutableGraph>(executable)).Operations,
            };
            context.Issue(context.Stream(stream), ref operation);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphExecDestroy(nint executable)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            context.Unregister(context.Own(HandleTable.Get<EmulatedExecutableGraph>(executable)));
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphDestroy(nint graph)
    {
        try
        {
            Begin();
            using Lock.Scope scope = EnterToDestroy(out EmulatedContext context);
            context.Unregister(context.Own(HandleTable.Get<EmulatedGraph>(graph)));
            context.ThrowIfSpoilt();
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    private const int LeastPriority = 0;
    private const int GreatestPriority = -5;

    private static nint CreateStream(EmulatedContext context, StreamFlags flags)
    {
        DriverFailure.Require(
            flags is StreamFlags.Default or StreamFlags.NonBlocking, "unknown flags of a stream");
        return context.CreateStream(flags == StreamFlags.NonBlocking).Handle;
    }
}
