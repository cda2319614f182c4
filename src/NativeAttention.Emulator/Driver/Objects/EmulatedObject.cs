namespace NativeAttention.Emulation;

/// <summary>An object with a handle that belongs to a context.</summary>
internal abstract class EmulatedObject
{
    protected EmulatedObject(EmulatedContext context)
    {
        Context = context;
        Handle = HandleTable.Add(this);
    }

    internal EmulatedContext Context { get; }

    internal nint Handle { get; }
}

/// <summary>A graph: operations in an order that respects their dependencies.</summary>
internal sealed class EmulatedGraph(EmulatedContext context, Operation[] operations) : EmulatedObject(context)
{
    internal Operation[] Operations { get; } = operations;
}

/// <summary>A graph made ready to launch; it shares nothing with the graph that can change.</summary>
internal sealed class EmulatedExecutableGraph(EmulatedContext context, Operation[] operations)
    : EmulatedObject(context)
{
    internal Operation[] Operations { get; } = operations;
}

/// <summary>An event: the last point recorded into it.</summary>
internal sealed class EmulatedEvent(EmulatedContext context, bool hasTiming) : EmulatedObject(context)
{
    internal bool HasTiming { get; } = hasTiming;

    /// <summary>Null until the event is recorded outside of a capture.</summary>
    internal Fence? Fence { get; set; }

    /// <summary>Set when the last record was captured: what that point of the capture includes.</summary>
    internal CapturePoint? CapturePoint { get; set; }
}

/// <summary>A point in the work of a stream.</summary>
internal sealed class Fence(EmulatedStream stream, long id)
{
    private volatile bool _isComplete;

    internal EmulatedStream Stream { get; } = stream;

    /// <summary>Number of the operation that reaches the point.</summary>
    internal long Id { get; } = id;

    internal bool IsComplete => _isComplete;

    /// <summary>Time at which the point was reached, in ticks of the stop watch.</summary>
    internal long Timestamp { get; private set; }

    internal void Complete(long timestamp)
    {
        Timestamp = timestamp;
        _isComplete = true;
    }
}
