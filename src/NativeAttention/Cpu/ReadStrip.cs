using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Some steps through a few streams of rows of K or V, for one head or for several in turn, and where the rows
/// lie that are read after them: step s takes the rows s * <see cref="Stride"/>, and <see cref="Apart"/>
/// further that of the next stream.
/// </summary>
internal readonly unsafe struct ReadStrip<T>
    where T : unmanaged
{
    /// <summary>First element of the first row.</summary>
    public T* Rows { get; init; }

    /// <summary>Rows of a step: 1 to 4.</summary>
    public int Streams { get; init; }

    /// <summary>Elements from a stream to the next.</summary>
    public nint Apart { get; init; }

    /// <summary>Number of steps.</summary>
    public int Steps { get; init; }

    /// <summary>Elements from a step to the next.</summary>
    public nint Stride { get; init; }

    /// <summary>Number of heads.</summary>
    public int Heads { get; init; }

    /// <summary>Elements from a head to the next.</summary>
    public nint HeadStride { get; init; }

    /// <summary>Elements from what is read to what is asked for with it.</summary>
    public nint Ahead { get; init; }

    /// <summary>The same rows from a later lane on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadStrip<T> From(nint lane) => this with { Rows = Rows + lane };
}
