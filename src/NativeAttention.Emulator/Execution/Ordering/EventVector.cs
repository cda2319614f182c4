using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// A vector clock: for every actor of a block the last of its events that is ordered before the holder.
/// Barriers, mbarriers and flags in shared memory hold one; warps add what they know to it when they arrive
/// (<see cref="WarpClock.Release"/>) and take over what it holds when they have waited
/// (<see cref="WarpClock.Acquire"/>).
/// </summary>
internal sealed unsafe class EventVector
{
    private const int Actors = 256;

    private readonly CtaClocks _clocks;
    private readonly NativeBuffer _buffer = new(2 * Actors * sizeof(uint));

    // Entries from here on are zero: most vectors are small, and many are cleared for every block.
    private int _end = Actors;

    /// <summary>Made by <see cref="CtaClocks.NewVector"/>, which knows all vectors of the block.</summary>
    public EventVector(CtaClocks clocks)
    {
        _clocks = clocks;
        Clear();
    }

    /// <summary>The bound of each actor: accesses up to it are ordered before the holder.</summary>
    public uint* Bounds => (uint*)_buffer.Pointer;

    /// <summary>
    /// The bound of each actor up to which its generic accesses are also ordered before accesses of the
    /// asynchronous proxy, because a <c>fence.proxy.async</c> of the writer followed them.
    /// </summary>
    public uint* Fenced => Bounds + Actors;

    /// <summary>What is ordered before the holder in other blocks; null where nothing is.</summary>
    public RemoteKnowledge? Remote { get; set; }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        new Span<uint>(Bounds, _end).Clear();
        new Span<uint>(Fenced, _end).Clear();
        _end = 0;
        Remote = null;
    }

    /// <summary>Adds what <paramref name="other"/> holds.</summary>
    public void Join(EventVector other)
    {
        int end = _clocks.ActorEnd;
        Maximum(Bounds, other.Bounds, end);
        Maximum(Fenced, other.Fenced, end);
        _end = Math.Max(_end, end);
        Remote = RemoteKnowledge.Merge(Remote, other.Remote);
    }

    /// <summary>Adds one event, and all earlier ones of its actor.</summary>
    public void Add(uint tag)
    {
        int actor = EventTag.Actor(tag);
        Bounds[actor] = Math.Max(Bounds[actor], EventTag.Bound(tag));
        _end = Math.Max(_end, actor + 1);
    }

    /// <summary>True when all that <paramref name="other"/> holds is ordered before the holder.</summary>
    public bool Contains(EventVector other)
    {
        for (int i = 0; i < _clocks.ActorEnd; i += Vector512<uint>.Count)
        {
            if (Vector512.GreaterThanAny(Vector512.Load(other.Bounds + i), Vector512.Load(Bounds + i)))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Adds bounds that were published.</summary>
    public void AddBounds(ReadOnlySpan<uint> bounds)
    {
        for (int i = 0; i < bounds.Length; i++)
        {
            Bounds[i] = Math.Max(Bounds[i], bounds[i]);
        }
        _end = Math.Max(_end, bounds.Length);
    }

    private static void Maximum(uint* into, uint* from, int count)
    {
        for (int i = 0; i < count; i += Vector512<uint>.Count)
        {
            Vector512.Max(Vector512.Load(into + i), Vector512.Load(from + i)).Store(into + i);
        }
    }
}
