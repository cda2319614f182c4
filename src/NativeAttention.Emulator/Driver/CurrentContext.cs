using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>The contexts of the calling thread: the current one, and those pushed below it.</summary>
internal static class CurrentContext
{
    [ThreadStatic]
    private static EmulatedContext? _current;

    [ThreadStatic]
    private static Stack<EmulatedContext?>? _below;

    /// <summary>The current context; null when there is none.</summary>
    internal static EmulatedContext? OrNull
    {
        get => _current;
        set => _current = value;
    }

    /// <summary>The current context; fails when there is none.</summary>
    internal static EmulatedContext OrFail =>
        _current
        ?? throw new DriverFailure(CudaResult.InvalidContext, "no context is current on this thread");

    internal static void Push(EmulatedContext context)
    {
        (_below ??= new()).Push(_current);
        _current = context;
    }

    internal static EmulatedContext Pop()
    {
        EmulatedContext popped = OrFail;
        _current = _below is { Count: > 0 } ? _below.Pop() : null;
        return popped;
    }
}
