using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>A few neighbouring rows of K or V, and where the rows lie that are read after them.</summary>
internal readonly unsafe struct ReadStrip<T>(T* rows, nint stride, int count, nint ahead)
    where T : unmanaged
{
    /// <summary>First element of the first row.</summary>
    public readonly T* Rows = rows;

    /// <summary>Elements from a row to the next.</summary>
    public readonly nint Stride = stride;

    /// <summary>Number of rows.</summary>
    public readonly int Count = count;

    /// <summary>Elements from what is read to what is to be prefetched with it.</summary>
    public readonly nint Ahead = ahead;

    /// <summary>The same rows from a later lane on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadStrip<T> From(nint lane) => new(Rows + lane, Stride, Count, Ahead);
}
