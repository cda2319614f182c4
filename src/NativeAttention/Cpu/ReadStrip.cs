using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Some steps through a few streams of rows of K or V, and where the rows lie that are read after them: step
/// s takes the rows s * <see cref="Stride"/>, and <see cref="Apart"/> further that of the next stream.
/// </summary>
internal readonly unsafe struct ReadStrip<T>(T* rows, int streams, nint apart, int steps, nint stride, nint ahead)
    where T : unmanaged
{
    /// <summary>First element of the first row.</summary>
    public readonly T* Rows = rows;

    /// <summary>Rows of a step: 1 to 4.</summary>
    public readonly int Streams = streams;

    /// <summary>Elements from a stream to the next.</summary>
    public readonly nint Apart = apart;

    /// <summary>Number of steps.</summary>
    public readonly int Steps = steps;

    /// <summary>Elements from a step to the next.</summary>
    public readonly nint Stride = stride;

    /// <summary>Elements from what is read to what is to be prefetched with it.</summary>
    public readonly nint Ahead = ahead;

    /// <summary>The same rows from a later lane on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadStrip<T> From(nint lane) => new(Rows + lane, Streams, Apart, Steps, Stride, Ahead);
}
