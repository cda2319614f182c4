using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Events.
internal sealed unsafe partial class EmulatedContext
{
    internal void Record(EmulatedStream stream, EmulatedEvent target)
    {
        if (stream.Capture is Capture capture)
        {
            target.CapturePoint = capture.PointOf(stream);
            return;
        }

        // In eager mode a point is reached when it is recorded: nobody waits for it, so it can be used again.
        Fence fence = IsEager && target.Fence is Fence own ? own : new Fence(stream, _issued + 1);
        Operation operation = new() { Kind = OperationKind.Record, Call = "cuEventRecord", Fence = fence };
        Issue(stream, ref operation);
        target.Fence = fence;
        target.CapturePoint = null;
    }

    /// <summary>The point to wait for on the host; null when the event was never recorded.</summary>
    internal Fence? WaitFence(nint handle)
    {
        EmulatedEvent asked = Own(HandleTable.Get<EmulatedEvent>(handle));
        RefuseCaptured(asked);
        return asked.Fence;
    }

    internal Fence TimedFence(nint handle)
    {
        EmulatedEvent asked = Own(HandleTable.Get<EmulatedEvent>(handle));
        RefuseCaptured(asked);
        if (!asked.HasTiming)
        {
            throw new DriverFailure(CudaResult.InvalidHandle, "the event was created without timing");
        }

        return asked.Fence
            ?? throw new DriverFailure(CudaResult.InvalidHandle, "the event was never recorded");
    }

    private static void RefuseCaptured(EmulatedEvent asked)
    {
        if (asked.CapturePoint is CapturePoint point)
        {
            point.Capture.Invalidate();
            throw new DriverFailure(CudaResult.CapturedEvent, "the event was last recorded in a capture");
        }
    }
}
