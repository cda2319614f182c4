namespace NativeAttention.Cpu;

/// <summary>How much of K or V is read at a time: lengths of streams and of strips, all measured.</summary>
internal readonly record struct StripLengths
{
    /// <summary>Most bytes from a stream to the next.</summary>
    private const int StreamBytes = 256 * 1024;

    private const int MostStreamKeys = KeySplit.ChunkKeys / KeyStreams.MostStreams;

    /// <summary>Bytes of a stream between what is read and what is asked for.</summary>
    private const int AheadBytes = 2048;

    /// <summary>Bytes of a stream in a strip of values, where heads take turns.</summary>
    private const int TurnBytes = 1024;

    /// <summary>Chooses the lengths.</summary>
    /// <param name="keyBytes">Bytes from a key to the next, in the tensor where they are more.</param>
    /// <param name="rowBytes">Bytes of a row of a head.</param>
    /// <param name="heads">Heads that are read in turn.</param>
    /// <param name="sums">
    /// Whether each strip reads and writes what has been summed up so far, which must not come too often.
    /// </param>
    public StripLengths(long keyBytes, long rowBytes, int heads, bool sums)
    {
        long strip = heads == 1 ? AheadBytes : sums ? TurnBytes : 0;
        StreamKeys = (int)Math.Clamp(StreamBytes / Math.Max(1, keyBytes), 1, MostStreamKeys);
        StripSteps = (int)Math.Clamp(strip / rowBytes, 1, StreamKeys);
        StripsAhead = heads == 1 || sums ? 1 : (int)Math.Clamp(AheadBytes / rowBytes, 1, MostStreamKeys);
    }

    /// <summary>Most keys of a stream. It decides the order of sums, and is the same for K and V.</summary>
    public int StreamKeys { get; }

    /// <summary>Most steps of a strip.</summary>
    public int StripSteps { get; }

    /// <summary>From a strip to the one that it prefetches.</summary>
    public int StripsAhead { get; }
}
