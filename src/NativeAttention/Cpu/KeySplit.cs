namespace NativeAttention.Cpu;

/// <summary>
/// How the keys of a sequence are split between tiles: a split is a whole number of chunks. It depends on the
/// number of keys alone (unless memory is short), and so does the order of every sum: neither the number of
/// threads nor the batch changes a bit of a result.
/// </summary>
internal readonly record struct KeySplit
{
    /// <summary>Keys of a chunk: what one pass of the softmax takes.</summary>
    public const int ChunkKeys = 512;

    /// <summary>More would cost memory and merging and keep no more processors busy.</summary>
    private const int MostSplits = 64;

    /// <summary>Splits the keys.</summary>
    /// <param name="keyLength">Keys of a sequence.</param>
    /// <param name="floatsPerSplit">What one split of the whole problem leaves to be merged.</param>
    /// <param name="mostFloats">Limit on what all splits leave.</param>
    public KeySplit(int keyLength, long floatsPerSplit, long mostFloats)
    {
        long chunks = Math.Max(1, ((long)keyLength + ChunkKeys - 1) / ChunkKeys);
        long most = Math.Clamp(mostFloats / Math.Max(1, floatsPerSplit), 1, MostSplits);
        Chunks = (int)((chunks + most - 1) / most);
        Splits = (int)((chunks + Chunks - 1) / Chunks);
    }

    /// <summary>Chunks of a split; the last split may have fewer.</summary>
    public int Chunks { get; }

    /// <summary>Number of splits, at least 1.</summary>
    public int Splits { get; }
}
