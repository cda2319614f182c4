using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Capture of streams into graphs, and what may not be called meanwhile.
internal sealed unsafe partial class EmulatedContext
{
    internal void BeginCapture(EmulatedStream stream, StreamCaptureMode mode)
    {
        DriverFailure.Require(Enum.IsDefined(mode), $"capture mode {(int)mode} is none of 0, 1, 2");
        if (ReferenceEquals(stream, NullStream))
        {
            throw new DriverFailure(
                CudaResult.StreamCaptureUnsupported, "the null stream cannot be captured");
        }

        if (stream.Capture is not null)
        {
            throw new DriverFailure(CudaResult.IllegalState, "the stream is being captured already");
        }

        stream.Capture = new Capture(stream, mode);
    }

    internal EmulatedGraph EndCapture(EmulatedStream stream)
    {
        Capture capture = stream.Capture
            ?? throw new DriverFailure(CudaResult.IllegalState, "the stream is not being captured");
        RequireEndable(capture, stream);
        capture.End();
        if (capture.IsInvalidated)
        {
            throw new DriverFailure(
                CudaResult.StreamCaptureInvalidated, "an earlier call invalidated the capture");
        }

        if (!capture.IsJoined)
        {
            throw new DriverFailure(
                CudaResult.StreamCaptureUnjoined,
                "a stream that joined the capture has work that its first stream does not wait for");
        }

        EmulatedGraph graph = new(this, capture.Operations);
        Register(graph);
        return graph;
    }

    /// <summary>A wait for an event that was recorded, or is to be waited for, inside a capture.</summary>
    /// <returns>False when no capture is involved.</returns>
    internal bool TryCaptureWait(EmulatedStream stream, EmulatedEvent awaited)
    {
        if (awaited.CapturePoint is not CapturePoint point)
        {
            if (stream.Capture is Capture isolated && awaited.Fence is not null)
            {
                isolated.Invalidate();
                throw new DriverFailure(
                    CudaResult.StreamCaptureIsolation, "a captured stream waits for an event from outside");
            }

            return stream.Capture is not null;
        }

        RequireWaitable(stream, point);
        point.Capture.Wait(stream, point);
        return true;
    }

    /// <summary>Refuses a call that a capture forbids, which also invalidates the capture.</summary>
    internal void ForbidDuringCapture(string call)
    {
        foreach (EmulatedStream stream in _streams)
        {
            if (stream.Capture is Capture capture && Forbids(capture))
            {
                capture.Invalidate();
                throw new DriverFailure(
                    CudaResult.StreamCaptureUnsupported, $"{call} is not allowed while a stream is captured");
            }
        }
    }

    /// <summary>Refuses a call that waits for a stream which is being captured.</summary>
    internal static void ForbidCaptured(EmulatedStream stream, string call)
    {
        if (stream.Capture is Capture capture)
        {
            capture.Invalidate();
            throw new DriverFailure(
                CudaResult.StreamCaptureUnsupported, $"{call} is not allowed on a stream that is captured");
        }
    }

    private void ForbidImplicitDependency()
    {
        foreach (EmulatedStream stream in _streams)
        {
            if (!stream.IsNonBlocking && stream.Capture is Capture capture)
            {
                capture.Invalidate();
                throw new DriverFailure(
                    CudaResult.StreamCaptureImplicit,
                    "the null stream would wait for a stream that is captured");
            }
        }
    }

    private static bool Forbids(Capture capture)
    {
        return capture.Mode switch
        {
            StreamCaptureMode.Global => true,
            StreamCaptureMode.ThreadLocal => capture.Thread == Environment.CurrentManagedThreadId,
            _ => false,
        };
    }

    private static void RequireEndable(Capture capture, EmulatedStream stream)
    {
        if (!ReferenceEquals(capture.Origin, stream))
        {
            throw new DriverFailure(
                CudaResult.StreamCaptureUnmatched, "the capture was begun on another stream");
        }

        bool isOwnThread = capture.Thread == Environment.CurrentManagedThreadId;
        if (!isOwnThread && capture.Mode != StreamCaptureMode.Relaxed)
        {
            throw new DriverFailure(
                CudaResult.StreamCaptureWrongThread, "the capture was begun by another thread");
        }
    }

    private void RequireWaitable(EmulatedStream stream, CapturePoint point)
    {
        if (point.Capture.HasEnded)
        {
            throw new DriverFailure(
                CudaResult.CapturedEvent, "the event was last recorded in a capture that has ended");
        }

        if (ReferenceEquals(stream, NullStream))
        {
            point.Capture.Invalidate();
            throw new DriverFailure(
                CudaResult.StreamCaptureImplicit, "the null stream cannot join a capture");
        }

        if (stream.Capture is Capture other && !ReferenceEquals(other, point.Capture))
        {
            other.Invalidate();
            point.Capture.Invalidate();
            throw new DriverFailure(CudaResult.StreamCaptureMerge, "the wait would merge two captures");
        }
    }
}
