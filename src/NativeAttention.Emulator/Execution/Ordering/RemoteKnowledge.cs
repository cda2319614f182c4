namespace NativeAttention.Emulation;

/// <summary>
/// What is ordered before some point in other blocks of the launch: for each block that has published
/// something, the bounds of its actors. Immutable, so that warps, barriers and flags can share one.
/// </summary>
internal sealed unsafe class RemoteKnowledge
{
    private readonly Dictionary<uint, uint[]> _blocks;

    private RemoteKnowledge(Dictionary<uint, uint[]> blocks)
    {
        _blocks = blocks;
    }

    /// <summary>Everything <paramref name="known"/> holds, seen from outside the block with this
    /// number.</summary>
    public static RemoteKnowledge Publish(uint block, EventVector known, int actors)
    {
        RemoteKnowledge own = new(new Dictionary<uint, uint[]>
        {
            [block] = new ReadOnlySpan<uint>(known.Bounds, actors).ToArray(),
        });
        return Merge(known.Remote, own)!;
    }

    /// <summary>The knowledge of both.</summary>
    public static RemoteKnowledge? Merge(RemoteKnowledge? a, RemoteKnowledge? b)
    {
        if (b is null || ReferenceEquals(a, b))
        {
            return a;
        }
        if (a is null)
        {
            return b;
        }
        Dictionary<uint, uint[]> blocks = new(a._blocks);
        foreach ((uint block, uint[] bounds) in b._blocks)
        {
            blocks[block] = blocks.TryGetValue(block, out uint[]? others) ? Maximum(bounds, others) : bounds;
        }
        return new RemoteKnowledge(blocks);
    }

    /// <summary>True when the event of another block is ordered before the holder.</summary>
    public bool Orders(uint block, uint tag)
    {
        int actor = EventTag.Actor(tag);
        return _blocks.TryGetValue(block, out uint[]? bounds) && actor < bounds.Length && tag <= bounds[actor];
    }

    /// <summary>The bounds of one block, or none.</summary>
    public ReadOnlySpan<uint> BoundsOf(uint block) =>
        _blocks.TryGetValue(block, out uint[]? bounds) ? bounds : [];

    private static uint[] Maximum(uint[] a, uint[] b)
    {
        (uint[] longer, uint[] other) = a.Length >= b.Length ? (a, b) : (b, a);
        uint[] most = [.. longer];
        for (int i = 0; i < other.Length; i++)
        {
            most[i] = Math.Max(most[i], other[i]);
        }
        return most;
    }
}
