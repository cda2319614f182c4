using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The strips of a chunk of K or V in the order they are read: heads inside, so that where heads are
/// interleaved each stream is read from front to back.
/// </summary>
internal unsafe ref struct ReadStrips<T>
    where T : unmanaged
{
    private readonly T* first;
    private readonly TensorStrides strides;
    private readonly int keys;
    private readonly int heads;
    private readonly StripLengths lengths;
    private readonly T* next;
    private KeyStreams streams;
    private int step;

    /// <summary>Begins before the first strip.</summary>
    /// <param name="first">First key of the first head.</param>
    /// <param name="strides">Strides of the tensor.</param>
    /// <param name="keys">Keys of the chunk.</param>
    /// <param name="heads">Neighbouring key/value heads to read.</param>
    /// <param name="lengths">How much is read at a time.</param>
    /// <param name="next">What is read after the last strip.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadStrips(T* first, TensorStrides strides, int keys, int heads, StripLengths lengths, T* next)
    {
        this.first = first;
        this.strides = strides;
        this.keys = keys;
        this.heads = heads;
        this.lengths = lengths;
        this.next = next;
        streams = KeyStreams.At(0, keys, lengths.StreamKeys);
        Head = -lengths.Heads;
    }

    /// <summary>First head of the current strip, from 0.</summary>
    public int Head { get; private set; }

    /// <summary>Where the current strip begins in a row of scores, which has a step's keys side by side.</summary>
    public readonly int FirstScore => streams.First + (step * KeyStreams.MostStreams);

    /// <summary>The current strip.</summary>
    public readonly ReadStrip<T> Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            // Rows seldom begin where cache lines do: the ends are asked for, since the line of the beginning
            // has come with the row before.
            T* rows = At(streams.First + step, Head);
            return new ReadStrip<T>
            {
                Rows = rows,
                Streams = streams.Count,
                Apart = (nint)(streams.Steps * strides.Sequence),
                Steps = Math.Min(lengths.StripSteps, streams.Steps - step),
                Stride = (nint)strides.Sequence,
                Heads = Math.Min(lengths.Heads, heads - Head),
                HeadStride = (nint)strides.Head,
                Ahead = Ahead(rows) + (CachePrefetch.LineBytes / sizeof(T)) - 1,
            };
        }
    }

    /// <summary>Goes to the next strip, or the first; false when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        Head += lengths.Heads;
        if (Head < heads)
        {
            return keys > 0;
        }

        Head = 0;
        step += lengths.StripSteps;
        if (step >= streams.Steps)
        {
            step = 0;
            streams = KeyStreams.At(streams.End, keys, lengths.StreamKeys);
        }

        return streams.First < keys;
    }

    // To what is read a little later: the strip after the current one, or what is nearer if it has all heads.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly nint Ahead(T* rows)
    {
        bool turns = Head + lengths.Heads < heads;
        int later = step + (turns ? 0 : lengths.StripSteps), head = turns ? Head + lengths.Heads : 0;
        return later < streams.Steps ? lengths.Ahead != 0
                ? lengths.Ahead
                : (nint)(At(streams.First + later, head) - rows)
            : streams.End < keys ? (nint)(At(streams.End, head) - rows)
            : (nint)(next + (head * strides.Head) - rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T* At(int key, int head) => first + (key * strides.Sequence) + (head * strides.Head);
}
