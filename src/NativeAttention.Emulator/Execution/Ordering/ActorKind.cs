namespace NativeAttention.Emulation;

/// <summary>
/// Who accesses shared memory. Every warp is an actor, and so is each asynchronous unit that works for it,
/// since what such a unit does is not ordered with what its warp does next.
/// </summary>
internal enum ActorKind
{
    /// <summary>The warp itself.</summary>
    Warp,

    /// <summary>The warp's <c>wgmma</c>: reads of operands. Groups end in order.</summary>
    Matrix,

    /// <summary>The warp's bulk groups: reads of the sources of bulk and tensor stores. Groups end in
    /// order.</summary>
    Bulk,

    /// <summary>The warp's <c>cp.async</c>: writes. Groups end in order.</summary>
    Copy,

    /// <summary>
    /// One bulk or tensor load. Loads end in any order, so each has an actor of its own while it is in
    /// flight.
    /// </summary>
    Operation,
}
