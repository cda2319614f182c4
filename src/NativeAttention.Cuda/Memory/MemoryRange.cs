namespace NativeAttention.Cuda;

/// <summary>The memory of one argument, from its first element to its last, gaps included.</summary>
/// <param name="Argument">Name of the argument.</param>
/// <param name="Start">Address of the first byte.</param>
/// <param name="Bytes">Number of bytes; 0 overlaps nothing.</param>
internal readonly record struct MemoryRange(string Argument, ulong Start, ulong Bytes)
{
    /// <summary>The memory of a view.</summary>
    public static MemoryRange Of<T>(string argument, in DeviceView<T> view)
        where T : unmanaged => new(argument, view.Pointer, view.ExtentBytes);
}
