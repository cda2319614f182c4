using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Issue of work and the order in which it runs. In late mode nothing runs by itself: whoever waits runs it.
internal sealed unsafe partial class EmulatedContext
{
    /// <summary>
    /// After this time a host function in late mode is called even if nothing waits for it.
    /// </summary>
    private static readonly TimeSpan Eventually = TimeSpan.FromMilliseconds(2);

    private readonly List<EmulatedStream> _streams = [];
    private readonly Random _random;
    private long _issued;

    internal bool HasPendingWork => _streams.Exists(s => s.Pending.Count > 0);

    internal EmulatedStream CreateStream(bool isNonBlocking)
    {
        EmulatedStream stream = new(this, isNonBlocking);
        Register(stream);
        _streams.Add(stream);
        return stream;
    }

    /// <summary>Takes the handle away; work already issued still runs.</summary>
    internal void DestroyStream(EmulatedStream stream)
    {
        stream.Capture?.Invalidate();
        Unregister(stream);
        stream.IsDestroyed = true;
        Prune();
    }

    /// <summary>The stream of a handle, which must belong to this context; 0 is the null stream.</summary>
    internal EmulatedStream Stream(nint handle)
    {
        // 1 is the explicit name of the same stream; 2 would be a null stream for every thread.
        if (handle is 0 or 1)
        {
            return NullStream;
        }

        if (handle == 2)
        {
            throw new DriverFailure(CudaResult.NotSupported, "per-thread default streams are not emulated");
        }

        return Own(HandleTable.Get<EmulatedStream>(handle));
    }

    /// <summary>Refuses an object of another context.</summary>
    internal T Own<T>(T target)
        where T : EmulatedObject
    {
        return ReferenceEquals(target.Context, this)
            ? target
            : throw new DriverFailure(
                CudaResult.InvalidHandle,
                FormattableString.Invariant($"an object of device {target.Context.Device.Ordinal} ")
                + FormattableString.Invariant($"while device {Device.Ordinal} is current"));
    }

    /// <summary>Runs, queues or captures an operation.</summary>
    internal void Issue(EmulatedStream stream, ref Operation operation)
    {
        if (stream.Capture is Capture capture)
        {
            capture.Add(stream, operation);
            return;
        }

        if (ReferenceEquals(stream, NullStream))
        {
            ForbidImplicitDependency();
        }

        operation.Id = ++_issued;
        if (IsEager || IsSpoilt)
        {
            Execute(ref operation);
            return;
        }

        stream.Pending.Enqueue(operation);
        if (operation.Kind == OperationKind.HostFunction)
        {
            RunEventually(stream, operation.Id);
        }
    }

    /// <summary>Runs the work of a stream up to an operation, with all it depends on.</summary>
    internal void RunThrough(EmulatedStream stream, long id)
    {
        while (stream.Pending.TryPeek(out Operation next) && next.Id <= id)
        {
            RunNext(stream);
        }
    }

    internal void RunAll(EmulatedStream stream)
    {
        RunThrough(stream, long.MaxValue);
    }

    /// <summary>Runs all work of all streams, interleaved at random as independent streams may be.</summary>
    internal void RunAll()
    {
        while (HasPendingWork)
        {
            EmulatedStream[] ready = [.. _streams.Where(s => s.Pending.Count > 0)];
            RunNext(ready[_random.Next(ready.Length)]);
        }

        Prune();
    }

    /// <summary>
    /// Runs what a blocking call waits for: the null stream and the streams that it waits for.
    /// </summary>
    internal void RunBlocking()
    {
        ForbidImplicitDependency();
        if (IsEager)
        {
            return;
        }

        foreach (EmulatedStream stream in _streams.ToArray())
        {
            if (!stream.IsNonBlocking)
            {
                RunAll(stream);
            }
        }
    }

    /// <summary>One step of progress for a query; true when there was nothing left to do.</summary>
    internal bool Poll(EmulatedStream stream)
    {
        if (stream.Pending.Count == 0)
        {
            return true;
        }

        RunNext(stream);
        return false;
    }

    private void RunNext(EmulatedStream stream)
    {
        Operation operation = stream.Pending.Dequeue();
        if (ReferenceEquals(stream, NullStream))
        {
            foreach (EmulatedStream older in _streams.ToArray())
            {
                if (!older.IsNonBlocking && !ReferenceEquals(older, stream))
                {
                    RunThrough(older, operation.Id);
                }
            }
        }
        else if (!stream.IsNonBlocking)
        {
            RunThrough(NullStream, operation.Id);
        }

        Execute(ref operation);
    }

    private void RunEventually(EmulatedStream stream, long id)
    {
        Timer? timer = null;
        timer = new Timer(
            _ =>
            {
                timer?.Dispose();
                RunInBackground(stream, id);
            },
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        timer.Change(Eventually, Timeout.InfiniteTimeSpan);
    }

    private void RunInBackground(EmulatedStream stream, long id)
    {
        try
        {
            using Lock.Scope scope = Enter();
            RunThrough(stream, id);
        }
        catch (DriverFailure)
        {
            // The context keeps the failure; the next call that uses it tells.
        }
        catch (Exception e)
        {
            // Nobody is there to be told, and nothing may leave a timer: the context is spoilt instead.
            lock (_gate)
            {
                Spoil(
                    CudaResult.Unknown,
                    new EmulatorFault { Kind = EmulatorFaultKind.LaunchMisuse, Message = e.ToString() });
            }
        }
    }

    private void Prune()
    {
        _streams.RemoveAll(s => s.IsDestroyed && s.Pending.Count == 0);
        if (!HasPendingWork)
        {
            ReleaseRetired();
        }
    }

    /// <summary>Forgets all work but the frees: what was given back counts as given back.</summary>
    private void DropWork()
    {
        foreach (EmulatedStream stream in _streams)
        {
            while (stream.Pending.TryDequeue(out Operation dropped))
            {
                if (dropped.Kind == OperationKind.Free)
                {
                    Release(dropped.Destination);
                }
            }
        }
    }
}
