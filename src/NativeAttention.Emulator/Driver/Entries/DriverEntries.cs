using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>
/// The functions of the table. Each catches everything: what is thrown inside becomes a code, and a text that
/// the <see cref="CudaException"/> of the caller takes up. They are named as the fields of the table.
/// </summary>
internal static unsafe partial class DriverEntries
{
    [ThreadStatic]
    private static string? _lastFinding;

    private static volatile bool _isInitialised;

    /// <summary>Called at the start of every entry with its name; for tests that make one throw.</summary>
    internal static Action<string>? Probe { get; set; }

    internal static CudaDriver CreateTable()
    {
        return CudaDriver.FromExports(
            Find, new DriverOrigin("PTX emulator", IsEmulated: true, LastFinding: _ => _lastFinding));
    }

    /// <summary>What every entry begins with.</summary>
    private static void Begin([CallerMemberName] string entry = "")
    {
        Probe?.Invoke(entry);
        if (HostFunction.IsRunning)
        {
            throw new DriverFailure(
                CudaResult.NotPermitted, "a host function of a stream must not call the driver");
        }
    }

    /// <summary>The device of an ordinal, once the driver is initialised.</summary>
    private static EmulatedDevice Device(int ordinal)
    {
        RequireInitialised();
        return EmulatedDriver.DeviceOrFail(ordinal);
    }

    /// <summary>Takes the lock of the current context.</summary>
    private static Lock.Scope Enter(out EmulatedContext context)
    {
        context = CurrentContext.OrFail;
        return context.Enter();
    }

    /// <summary>
    /// Takes the lock of the current context for a call that destroys something. That happens in a spoilt
    /// context, too; the call then ends with <see cref="EmulatedContext.ThrowIfSpoilt"/>, as the driver
    /// returns its failure.
    /// </summary>
    private static Lock.Scope EnterToDestroy(out EmulatedContext context)
    {
        context = CurrentContext.OrFail;
        return context.EnterToDestroy();
    }

    private static void RequireInitialised()
    {
        if (!_isInitialised)
        {
            throw new DriverFailure(CudaResult.NotInitialized, "cuInit has not been called");
        }
    }

    private static void RequireTarget([NotNull] void* pointer, string what)
    {
        DriverFailure.Require(pointer != null, $"the pointer that takes the {what} is null");
    }

    /// <summary>What every entry ends with when something was thrown.</summary>
    private static CudaResult Failed(Exception error)
    {
        try
        {
            (CudaResult result, _lastFinding) = error switch
            {
                DriverFailure failure => (failure.Result, failure.Finding),
                OutOfMemoryException => (CudaResult.OutOfMemory, "the host has no memory left for this"),
                _ => (CudaResult.Unknown, $"the emulator failed by itself: {error}"),
            };
            return result;
        }
        catch (Exception)
        {
            return CudaResult.Unknown;
        }
    }
}
