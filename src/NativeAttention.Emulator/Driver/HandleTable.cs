using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>
/// Opaque handles of driver objects. A handle is never used twice, so that one of a destroyed object is
/// always seen.
/// </summary>
internal static class HandleTable
{
    // Far from small numbers (which are special stream handles) and from addresses of host memory.
    private const long First = 0x4E41_0000_0000;
    private const long Step = 16;

    private static readonly ConcurrentDictionary<nint, object> Objects = new();
    private static long _last = First;

    internal static nint Add(object target)
    {
        nint handle = (nint)Interlocked.Add(ref _last, Step);
        Objects[handle] = target;
        return handle;
    }

    internal static void Remove(nint handle)
    {
        Objects.TryRemove(handle, out _);
    }

    /// <summary>
    /// The object of a handle; fails with <paramref name="code"/> when it is not one of this kind.
    /// </summary>
    internal static T Get<T>(nint handle, CudaResult code = CudaResult.InvalidHandle)
        where T : class
    {
        return Objects.TryGetValue(handle, out object? found) && found is T target
            ? target
            : ThrowInvalid<T>(handle, found, code);
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T ThrowInvalid<T>(nint handle, object? found, CudaResult code)
    {
        string wanted = NameOf(typeof(T));
        string what = found is not null
            ? $"is a {NameOf(found.GetType())}, not a {wanted}"
            : handle > First && handle <= _last && (handle & (Step - 1)) == 0
                ? $"was destroyed: it is no {wanted} any more"
                : $"never was a {wanted}";
        throw new DriverFailure(code, FormattableString.Invariant($"handle 0x{handle:x} {what}"));
    }

    private static string NameOf(Type type)
    {
        return type.Name.Replace("Emulated", "", StringComparison.Ordinal).ToLowerInvariant();
    }
}
