using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Keys of a chunk that are read as streams side by side: step s takes the keys First + s, First + s + Steps,
/// First + s + 2 Steps and so on, one of each stream. A processor has more memory on the way to it, and its
/// own prefetching sees ahead further, where it reads a few places in turn.
/// </summary>
/// <param name="First">First key, counted in the chunk.</param>
/// <param name="Count">Number of streams.</param>
/// <param name="Steps">Keys of a stream.</param>
internal readonly record struct KeyStreams(int First, int Count, int Steps)
{
    /// <summary>Streams, wherever there are keys enough: as many keys as the score product takes.</summary>
    public const int MostStreams = 4;

    /// <summary>Where the keys end.</summary>
    public int End => First + (Count * Steps);

    /// <summary>The streams that begin with a key; what is left of a chunk below four keys is one step.</summary>
    /// <param name="first">The key, counted in the chunk.</param>
    /// <param name="keys">Keys of the chunk.</param>
    /// <param name="mostSteps">Most keys of a stream.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeyStreams At(int first, int keys, int mostSteps)
    {
        int left = keys - first;
        return left < MostStreams
            ? new KeyStreams(first, left, 1)
            : new KeyStreams(first, MostStreams, Math.Min(mostSteps, left / MostStreams));
    }
}
