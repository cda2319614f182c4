namespace NativeAttention.Cuda;

/// <summary>Page-locked host memory as spans.</summary>
internal static unsafe class HostMemory
{
    /// <summary>The elements at an address.</summary>
    public static Span<T> AsSpan<T>(nint pointer, int count)
        where T : unmanaged => new((void*)pointer, count);
}
