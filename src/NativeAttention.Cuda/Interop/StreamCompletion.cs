using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// A task that ends when the work in a stream is done. The driver calls back from a thread of its own, where
/// no driver call is allowed; so the callback only completes the task, and continuations run elsewhere.
/// </summary>
/// <remarks>
/// The driver never calls back once a context has failed. A timer therefore asks now and then whether the
/// stream has failed; it is the only way such a wait ends.
/// </remarks>
[SuppressMessage("Design", "CA1001",
    Justification = "The timer is disposed when the task ends, however it ends.")]
internal sealed unsafe class StreamCompletion
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan NextLook = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CudaStream _stream;
    private readonly Timer _watch;

    private StreamCompletion(CudaStream stream)
    {
        _stream = stream;
        _watch = new Timer(
            static state => ((StreamCompletion)state!).Look(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Makes the task of a stream that the caller holds open.</summary>
    /// <exception cref="CudaException">The stream has failed already.</exception>
    public static Task Attach(CudaStream stream)
    {
        StreamCompletion completion = new(stream);
        GCHandle handle = GCHandle.Alloc(completion);
        try
        {
            stream.Device.Context.CallWhenDone(stream.Handle, &OnDone, (void*)GCHandle.ToIntPtr(handle));
        }
        catch
        {
            handle.Free();
            completion._watch.Dispose();
            throw;
        }

        completion.StartWatch();
        return completion._source.Task;
    }

    [UnmanagedCallersOnly]
    private static void OnDone(void* argument)
    {
        GCHandle handle = GCHandle.FromIntPtr((nint)argument);
        StreamCompletion completion = (StreamCompletion)handle.Target!;
        handle.Free();
        completion._source.TrySetResult();
        completion._watch.Dispose();
    }

    private void StartWatch()
    {
        try
        {
            _watch.Change(FirstLook, NextLook);
        }
        catch (ObjectDisposedException)
        {
            // Done already.
        }
    }

    private void Look()
    {
        Exception? failure = Failure();
        if (failure is not null && _source.TrySetException(failure))
        {
            _watch.Dispose();
        }
    }

    private Exception? Failure()
    {
        try
        {
            if (_stream.IsDrained)
            {
                return new ObjectDisposedException(nameof(CudaStream), "The stream failed and was disposed.");
            }

            _stream.IsCompleted();
            return null;
        }
        catch (CudaException failure)
        {
            return failure;
        }
        catch (ObjectDisposedException)
        {
            // Being disposed: that waits for the work, and the callback comes with it or the next look finds
            // it drained.
            return null;
        }
    }
}
