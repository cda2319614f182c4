namespace NativeAttention.Emulation;

/// <summary>The order in which the scheduler picks among the warps of a block that can run.</summary>
public enum WarpOrder
{
    /// <summary>In turn, lowest warp first; every warp runs until it blocks or has used its
    /// quantum.</summary>
    RoundRobin,

    /// <summary>In turn, highest warp first.</summary>
    Reverse,

    /// <summary>Drawn from the seed, with quanta drawn from the seed as well.</summary>
    Random,
}
