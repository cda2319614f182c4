using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

// Streams and events.
internal sealed unsafe partial class DeviceContext
{
    /// <summary>Creates a stream that does not wait for the null stream.</summary>
    public nint CreateStream()
    {
        nint stream;
        Check(_driver.StreamCreate(&stream, StreamFlags.NonBlocking), "cuStreamCreate");
        return stream;
    }

    /// <summary>Destroys a stream.</summary>
    public void DestroyStream(nint stream) => Check(_driver.StreamDestroy(stream), "cuStreamDestroy_v2");

    /// <summary>Waits for the work in a stream.</summary>
    public void SynchronizeStream(nint stream) =>
        Check(_driver.StreamSynchronize(stream), "cuStreamSynchronize");

    /// <summary>Whether all work in a stream is done.</summary>
    public bool IsStreamDone(nint stream) => IsDone(_driver.StreamQuery(stream), "cuStreamQuery");

    /// <summary>Lets later work in a stream wait for an event.</summary>
    public void WaitForEvent(nint stream, nint recorded) =>
        Check(_driver.StreamWaitEvent(stream, recorded, 0), "cuStreamWaitEvent");

    /// <summary>Calls a function on a driver thread when the work now in the stream is done.</summary>
    public void CallWhenDone(nint stream, delegate* unmanaged<void*, void> function, void* argument) =>
        Check(_driver.LaunchHostFunc(stream, function, argument), "cuLaunchHostFunc");

    /// <summary>Creates an event.</summary>
    /// <param name="timing">Whether it can measure time; without, it is cheaper.</param>
    public nint CreateEvent(bool timing)
    {
        nint created;
        Check(_driver.EventCreate(&created, timing ? EventFlags.Default : EventFlags.DisableTiming),
            "cuEventCreate");
        return created;
    }

    /// <summary>Destroys an event; a wait already issued stays valid.</summary>
    public void DestroyEvent(nint recorded) => Check(_driver.EventDestroy(recorded), "cuEventDestroy_v2");

    /// <summary>Records an event behind the work now in a stream.</summary>
    public void RecordEvent(nint recorded, nint stream) =>
        Check(_driver.EventRecord(recorded, stream), "cuEventRecord");

    /// <summary>Waits until an event has happened.</summary>
    public void SynchronizeEvent(nint recorded) =>
        Check(_driver.EventSynchronize(recorded), "cuEventSynchronize");

    /// <summary>Whether an event has happened.</summary>
    public bool IsEventDone(nint recorded) => IsDone(_driver.EventQuery(recorded), "cuEventQuery");

    /// <summary>Milliseconds between two events that have happened.</summary>
    public float ElapsedMilliseconds(nint start, nint end)
    {
        float milliseconds;
        Check(_driver.EventElapsedTime(&milliseconds, start, end), "cuEventElapsedTime");
        return milliseconds;
    }

    private bool IsDone(CudaResult result, string call)
    {
        if (result == CudaResult.NotReady)
        {
            return false;
        }

        Check(result, call);
        return true;
    }
}
