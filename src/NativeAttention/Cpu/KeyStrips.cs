namespace NativeAttention.Cpu;

/// <summary>
/// A key tile cut along the right edge of the band, so that neither product computes much of what is hidden.
/// Lane i sees the keys before reach + i: blocks of lanes see more and more keys, and strip s are those keys
/// that block s is the first to see, and all blocks after it see too. A tile that does not touch the edge is
/// its first strip.
/// </summary>
/// <param name="keys">Keys in the tile.</param>
/// <param name="lanes">Lanes of the panels.</param>
/// <param name="reach">Number of keys that lane 0 sees; may be negative or more than there are.</param>
internal readonly struct KeyStrips(int keys, int lanes, int reach)
{
    /// <summary>Lanes of a block: the widest vector.</summary>
    public const int BlockLanes = 16;

    /// <summary>Number of strips; some may be empty.</summary>
    public int Count => (lanes + BlockLanes - 1) / BlockLanes;

    /// <summary>Number of keys that a block of lanes sees: where its strip ends.</summary>
    public int End(int block) => Math.Clamp(reach + ((block + 1) * BlockLanes) - 1, 0, keys);

    /// <summary>First key of a strip.</summary>
    public int Begin(int strip) => strip == 0 ? 0 : End(strip - 1);
}
