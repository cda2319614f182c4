namespace NativeAttention.Emulation;

/// <summary>What a bulk copy does.</summary>
internal enum BulkKind
{
    /// <summary>Global or, in the own block, shared memory to shared memory; completes at an
    /// mbarrier.</summary>
    Load,

    /// <summary>The same within shared memory.</summary>
    Within,

    /// <summary>Shared to global memory; completes by groups.</summary>
    Store,

    /// <summary>Shared to global memory by an operation on every element.</summary>
    Reduce,

    /// <summary>Global memory into a cache: only the addresses are checked.</summary>
    Prefetch,
}

/// <summary>One bulk or tensor copy from its issue until it has been waited for.</summary>
internal sealed unsafe class BulkCopy
{
    public BulkKind Kind;

    /// <summary>The instruction, and the thread that issued it.</summary>
    public Op* Op;
    public required Warp Warp;
    public int Lane;

    /// <summary>Shared address: destination of a load, source of everything else.</summary>
    public uint Shared;

    /// <summary>The other side, unless <see cref="Box"/> tells it: a global address, or a shared one within
    /// the block.</summary>
    public ulong Other;

    /// <summary>The part of a tensor, for tensor copies.</summary>
    public TensorBox? Box;

    /// <summary>Bytes in shared memory.</summary>
    public int Bytes;

    /// <summary>Where a load announces its bytes.</summary>
    public Mbarrier? Mbarrier;

    /// <summary>Phase of the mbarrier to which the bytes were counted; -1 before they arrive.</summary>
    public long Phase = -1;

    /// <summary>Commit that closed the group of the thread; 0 while it is open.</summary>
    public int Commit;

    /// <summary>Operation and element size of a reduction.</summary>
    public AtomicOperation Operation;
    public int ElementBytes;

    /// <summary>The bytes of the source, once they have been read.</summary>
    public byte[] Source = [];

    /// <summary>Tag of the accesses to shared memory, and what a wait for a load orders.</summary>
    public uint Tag;
    public EventVector? End;

    /// <summary>Tag of the writes to global memory, which end later than the reads of their source.</summary>
    public uint GlobalTag;

    /// <summary>True once the source may be overwritten.</summary>
    public bool IsSourceFree;

    /// <summary>True once the bytes have been moved.</summary>
    public bool IsMoved;
}
