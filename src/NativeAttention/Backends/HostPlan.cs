namespace NativeAttention;

/// <summary>What all plans over host memory share: one run at a time, disposal.</summary>
/// <remarks>
/// A plan may be used from any thread, but by one thread at a time: a second run that starts before the first
/// has ended is refused. Disposing is safe at any time; a run in progress ends first and the memory goes
/// then.
/// </remarks>
public abstract class HostPlan : IDisposable
{
    private const int Idle = 0;
    private const int Running = 1;
    private const int Disposed = 2;
    private const int RunningDisposed = 3;
    private int state;

    private protected HostPlan()
    {
    }

    /// <summary>Name of the kernel that was chosen.</summary>
    public abstract string KernelName { get; }

    /// <summary>Bytes of scratch memory the plan holds, on whatever device it runs.</summary>
    public abstract long WorkspaceBytes { get; }

    /// <summary>
    /// Frees what the plan owns, as soon as no run is in progress. Further runs are refused.
    /// </summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        while (true)
        {
            int before = Volatile.Read(ref state);
            if (before is Disposed or RunningDisposed)
            {
                return;
            }

            // A run in progress sees the mark when it leaves, and releases then.
            int after = before == Idle ? Disposed : RunningDisposed;
            if (Interlocked.CompareExchange(ref state, after, before) == before)
            {
                if (after == Disposed)
                {
                    Release();
                }

                return;
            }
        }
    }

    /// <summary>Frees what the plan owns: called once, when no run is in progress.</summary>
    protected virtual void Release()
    {
    }

    /// <summary>Begins a run, or refuses it.</summary>
    private protected void Enter()
    {
        int before = Interlocked.CompareExchange(ref state, Running, Idle);
        ObjectDisposedException.ThrowIf(before is Disposed or RunningDisposed, this);
        if (before == Running)
        {
            throw new InvalidOperationException(
                "The plan is running already: use one plan per concurrent run (plans are cheap to make).");
        }
    }

    /// <summary>Ends a run.</summary>
    private protected void Leave()
    {
        if (Interlocked.CompareExchange(ref state, Idle, Running) == RunningDisposed)
        {
            // The plan was disposed meanwhile: nobody can enter any more, so this thread is the last.
            state = Disposed;
            Release();
        }
    }

    /// <summary>Refuses a problem of another element type.</summary>
    private protected static void RequireType<T>(ElementType type, string argument = "problem")
        where T : unmanaged
    {
        if (ElementTypes.Of<T>() != type)
        {
            throw new ArgumentException(
                $"The problem has elements of type {type}, but the plan was asked for {typeof(T)}.", argument);
        }
    }
}
