using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The strips of a chunk of K or V in the order they are read: heads inside, so that where heads are
/// interleaved the memory is read nearly from front to back. Each strip prefetches the one after it.
/// </summary>
/// <param name="first">First key of the first head.</param>
/// <param name="strides">Strides of the tensor.</param>
/// <param name="keys">Keys of the chunk.</param>
/// <param name="stripKeys">Keys of a strip; the last may have fewer.</param>
/// <param name="heads">Neighbouring key/value heads to read.</param>
/// <param name="next">What is read after the last strip.</param>
internal unsafe ref struct ReadStrips<T>(T* first, TensorStrides strides, int keys, int stripKeys, int heads,
    T* next)
    where T : unmanaged
{
    /// <summary>Head of the current strip, from 0.</summary>
    public int Head { get; private set; } = -1;

    /// <summary>First key of the current strip, counted in the chunk.</summary>
    public int FirstKey { get; private set; }

    /// <summary>The current strip.</summary>
    public readonly ReadStrip<T> Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            T* rows = At(FirstKey, Head);
            int count = Math.Min(stripKeys, keys - FirstKey);
            T* after = Head + 1 < heads ? At(FirstKey, Head + 1)
                : FirstKey + count < keys ? At(FirstKey + count, 0)
                : next;
            return new ReadStrip<T>(rows, (nint)strides.Sequence, count, (nint)(after - rows));
        }
    }

    /// <summary>Goes to the next strip, or the first; false when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        if (++Head == heads)
        {
            Head = 0;
            FirstKey += stripKeys;
        }

        return FirstKey < keys;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T* At(int key, int head) => first + (key * strides.Sequence) + (head * strides.Head);
}
