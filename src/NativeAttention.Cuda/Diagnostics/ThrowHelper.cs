using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>The throws of hot methods, kept out of them so that they stay small.</summary>
internal static class ThrowHelper
{
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Disposed(string what, string? argument = null)
    {
        throw new ObjectDisposedException(what, argument is null
            ? $"The {what} was disposed."
            : $"Argument '{argument}' is a {what} that was disposed.");
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Argument(string argument, string message)
    {
        throw new ArgumentException($"Argument '{argument}': {message}", argument);
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void OutOfRange(string argument, object value, string allowed)
    {
        throw new ArgumentOutOfRangeException(
            argument, value, $"Argument '{argument}' is {value}; allowed is {allowed}.");
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void DefaultView(string argument)
    {
        throw new ArgumentException($"Argument '{argument}' is null or a default view; pass a DeviceTensor, "
            + "one of its views or a wrapped pointer.", argument);
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void OtherDevice(string argument, CudaDevice actual, CudaDevice expected)
    {
        throw new ArgumentException($"Argument '{argument}' belongs to {actual}, but the call runs on "
            + $"{expected}; both must come from one CudaDevice object.", argument);
    }
}
