namespace NativeAttention.Cpu;

/// <summary>How much of K or V is read at a time: lengths of streams and of strips, all measured.</summary>
internal readonly record struct StripLengths
{
    /// <summary>Most bytes from a stream to the next: with 512 KB and more the time was up to twice as long.</summary>
    private const int StreamBytes = 256 * 1024;

    private const int MostStreamKeys = KeySplit.ChunkKeys / KeyStreams.MostStreams;

    /// <summary>Least bytes of a stream in a strip, and so between what is read and what is asked for.</summary>
    private const int StripBytes = 2048;

    /// <summary>The lengths for a tensor.</summary>
    /// <param name="streamKeys">Most keys of a stream.</param>
    /// <param name="dim">Elements of a row.</param>
    /// <param name="elementBytes">Bytes of an element.</param>
    /// <param name="heads">Heads that are read in turn.</param>
    public StripLengths(int streamKeys, long dim, int elementBytes, int heads)
    {
        StreamKeys = streamKeys;
        Steps = (int)Math.Clamp(StripBytes / (dim * elementBytes * heads), 1, streamKeys);
    }

    /// <summary>Most keys of a stream. It decides the order of sums, and is the same for K and V.</summary>
    public int StreamKeys { get; }

    /// <summary>Most steps of a strip. With interleaved heads that is one token, or a few short ones.</summary>
    public int Steps { get; }

    /// <summary>Most keys of a stream, from the bytes from a key to the next.</summary>
    public static int KeysOfStream(long keyBytes) =>
        (int)Math.Clamp(StreamBytes / Math.Max(1, keyBytes), 1, MostStreamKeys);
}
