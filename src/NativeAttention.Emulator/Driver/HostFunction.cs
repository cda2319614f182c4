namespace NativeAttention.Emulation;

/// <summary>Calls host functions of streams, which must not call the driver.</summary>
internal static unsafe class HostFunction
{
    [ThreadStatic]
    private static bool _isRunning;

    /// <summary>Whether this thread is inside a host function.</summary>
    internal static bool IsRunning => _isRunning;

    internal static void Call(nint function, nint argument)
    {
        _isRunning = true;
        try
        {
            ((delegate* unmanaged<void*, void>)function)((void*)argument);
        }
        finally
        {
            _isRunning = false;
        }
    }
}
