using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The strips of a chunk of K or V in the order they are read, each with all heads: where those are interleaved,
/// a stream is read from front to back.
/// </summary>
internal unsafe ref struct ReadStrips<T>
    where T : unmanaged
{
    private readonly T* first;
    private readonly TensorStrides strides;
    private readonly int keys;
    private readonly int heads;
    private readonly StripLengths lengths;
    private readonly T* after;
    private KeyStreams streams;
    private int step;

    /// <summary>Begins before the first strip.</summary>
    /// <param name="first">First key of the first head.</param>
    /// <param name="strides">Strides of the tensor.</param>
    /// <param name="keys">Keys of the chunk.</param>
    /// <param name="heads">Neighbouring key/value heads to read.</param>
    /// <param name="lengths">How much is read at a time.</param>
    /// <param name="after">What is read after the last strip.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadStrips(T* first, TensorStrides strides, int keys, int heads, StripLengths lengths, T* after)
    {
        this.first = first;
        this.strides = strides;
        this.keys = keys;
        this.heads = heads;
        this.lengths = lengths;
        this.after = after;
        streams = KeyStreams.At(0, keys, lengths.StreamKeys);
        step = -lengths.Steps;
    }

    /// <summary>Where the current strip begins in a row of scores, which has a step's keys side by side.</summary>
    public readonly int FirstScore => streams.First + (step * KeyStreams.MostStreams);

    /// <summary>The current strip.</summary>
    public readonly ReadStrip<T> Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            // The same place of the next strip is asked for. Rows seldom begin where cache lines do: it is their
            // ends, since the line of a beginning has come with the row before.
            T* rows = At(streams.First + step);
            return new ReadStrip<T>
            {
                Rows = rows,
                Streams = streams.Count,
                Apart = (nint)(streams.Steps * strides.Sequence),
                Steps = Math.Min(lengths.Steps, streams.Steps - step),
                Stride = (nint)strides.Sequence,
                Heads = heads,
                HeadStride = (nint)strides.Head,
                Ahead = (nint)(Next - rows) + (CachePrefetch.LineBytes / sizeof(T)) - 1,
            };
        }
    }

    /// <summary>Goes to the next strip, or the first; false when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        step += lengths.Steps;
        if (step >= streams.Steps)
        {
            step = 0;
            streams = KeyStreams.At(streams.End, keys, lengths.StreamKeys);
        }

        return streams.First < keys;
    }

    // What the strip after the current one begins with.
    private readonly T* Next
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => step + lengths.Steps < streams.Steps ? At(streams.First + step + lengths.Steps)
            : streams.End < keys ? At(streams.End)
            : after;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T* At(int key) => first + (key * strides.Sequence);
}
