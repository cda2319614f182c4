namespace NativeAttention.Emulation;

/// <summary>What a kernel did wrong.</summary>
public enum EmulatorFaultKind
{
    /// <summary>The launch itself is not allowed: block size, shared memory, parameters.</summary>
    LaunchMisuse,

    /// <summary>A global access outside every allocation.</summary>
    GlobalOutOfBounds,

    /// <summary>A global access to freed memory.</summary>
    UseAfterFree,

    /// <summary>An address that is not a multiple of the access size.</summary>
    MisalignedAddress,

    /// <summary>A shared-memory access beyond the shared memory of the block.</summary>
    SharedOutOfBounds,

    /// <summary>A local-memory access beyond the thread's stack.</summary>
    LocalOutOfBounds,

    /// <summary>An access outside the kernel parameters.</summary>
    ParameterOutOfBounds,

    /// <summary>A read of shared memory that nothing has written.</summary>
    UninitializedShared,

    /// <summary>A read of global memory that nothing has written.</summary>
    UninitializedGlobal,

    /// <summary>Two accesses to shared memory, one of them a write, that nothing orders.</summary>
    SharedRace,

    /// <summary>Two accesses to global memory in one launch, one of them a write, that nothing
    /// orders.</summary>
    GlobalRace,

    /// <summary>A read through the non-coherent path of memory that the same launch has written.</summary>
    NonCoherentRead,

    /// <summary>Lanes of one instruction that write different values to one address.</summary>
    LaneRace,

    /// <summary>An access to the destination of an asynchronous copy that is still in flight.</summary>
    AsyncCopyInFlight,

    /// <summary>An asynchronous copy whose size or source size is not allowed.</summary>
    AsyncCopyMisuse,

    /// <summary>Shared memory is written while asynchronous work (a bulk store, <c>wgmma</c>) may still read
    /// it.</summary>
    AsyncSourceOverwritten,

    /// <summary>The asynchronous proxy reads shared memory that was written in the ordinary way, without a
    /// <c>fence.proxy.async</c> of the writer between; or a bulk copy uses an mbarrier whose initialisation
    /// no <c>fence.mbarrier_init</c> followed.</summary>
    MissingProxyFence,

    /// <summary>The kernel ends with asynchronous copies that nothing waited for.</summary>
    AsyncCopyNotWaited,

    /// <summary>An instruction that the whole warp must execute together was reached by a part of
    /// it.</summary>
    DivergentInstruction,

    /// <summary>A member mask that does not fit the lanes at the instruction, or a source lane outside
    /// it.</summary>
    MemberMask,

    /// <summary>A barrier used with a wrong number of threads or by warps that can never all
    /// arrive.</summary>
    BarrierMisuse,

    /// <summary>An mbarrier used wrongly: none at the address, too many arrivals, byte counts out of range, a
    /// wait that is more than one phase behind, or an end of the block with bytes missing.</summary>
    MbarrierMisuse,

    /// <summary>A bulk or tensor copy whose size or form is not allowed.</summary>
    BulkCopyMisuse,

    /// <summary>setmaxnreg in a direction that the registers of the warp do not allow, or not by a whole
    /// warpgroup.</summary>
    RegisterMisuse,

    /// <summary>Bytes that are not a tensor map, or not the one the copy needs.</summary>
    TensorMapMisuse,

    /// <summary>A wgmma whose descriptor or registers are not allowed, or that is not preceded by the
    /// wgmma.fence it needs.</summary>
    WgmmaMisuse,

    /// <summary>A register of a wgmma that has not been waited for is read or changed.</summary>
    WgmmaInFlight,

    /// <summary>No warp can ever run again.</summary>
    Deadlock,

    /// <summary>Warps keep running without making progress.</summary>
    Livelock,

    /// <summary>The launch used up its instruction limit.</summary>
    InstructionLimit,

    /// <summary>An integer division by zero, whose result is undefined.</summary>
    DivisionByZero,

    /// <summary>The kernel executed <c>trap</c>.</summary>
    Trap,
}
