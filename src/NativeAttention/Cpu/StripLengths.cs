namespace NativeAttention.Cpu;

/// <summary>How much of K or V is read at a time: lengths of streams and of strips, all measured.</summary>
internal readonly record struct StripLengths
{
    /// <summary>Most bytes from a stream to the next: with 512 KB and more the time was up to twice as long.</summary>
    private const int StreamBytes = 256 * 1024;

    private const int MostStreamKeys = KeySplit.ChunkKeys / KeyStreams.MostStreams;

    /// <summary>Bytes of a stream in a strip, and between what is read and what is asked for.</summary>
    private const int StripBytes = 2048;

    /// <summary>Bytes of a stream in a strip where heads take turns.</summary>
    private const int TurnBytes = 4096;

    private StripLengths(int streamKeys, long stripSteps, int heads, nint ahead)
    {
        StreamKeys = streamKeys;
        StripSteps = (int)Math.Clamp(stripSteps, 1, streamKeys);
        Heads = heads;
        Ahead = ahead;
    }

    /// <summary>Most keys of a stream. It decides the order of sums, and is the same for K and V.</summary>
    public int StreamKeys { get; }

    /// <summary>Most steps of a strip.</summary>
    public int StripSteps { get; }

    /// <summary>Most heads of a strip.</summary>
    public int Heads { get; }

    /// <summary>Elements to what is asked for, or 0 for what begins the strip after.</summary>
    public nint Ahead { get; }

    /// <summary>Where heads are interleaved all of a token at a time, in the order of the memory.</summary>
    /// <param name="streamKeys">Most keys of a stream.</param>
    /// <param name="strides">Strides of the tensor.</param>
    /// <param name="dim">Elements of a row.</param>
    /// <param name="elementBytes">Bytes of an element.</param>
    /// <param name="heads">Heads that are read in turn.</param>
    public static StripLengths OfTokens(int streamKeys, TensorStrides strides, long dim, int elementBytes, int heads)
    {
        bool noGaps = strides.Head == dim && strides.Sequence == heads * dim;
        return heads == 1
            ? new StripLengths(streamKeys, StripBytes / (dim * elementBytes), 1, 0)
            : new StripLengths(streamKeys, 1, heads, noGaps ? StripBytes / elementBytes : 0);
    }

    /// <summary>
    /// Heads take turns, each with several tokens: for V, whose strips each read and write what their head has
    /// summed up so far.
    /// </summary>
    /// <param name="streamKeys">Most keys of a stream.</param>
    /// <param name="dim">Elements of a row.</param>
    /// <param name="elementBytes">Bytes of an element.</param>
    /// <param name="heads">Heads that are read in turn.</param>
    public static StripLengths InTurns(int streamKeys, long dim, int elementBytes, int heads) =>
        new(streamKeys, (heads == 1 ? StripBytes : TurnBytes) / (dim * elementBytes), 1, 0);

    /// <summary>Most keys of a stream, from the bytes from a key to the next.</summary>
    public static int KeysOfStream(long keyBytes) =>
        (int)Math.Clamp(StreamBytes / Math.Max(1, keyBytes), 1, MostStreamKeys);
}
