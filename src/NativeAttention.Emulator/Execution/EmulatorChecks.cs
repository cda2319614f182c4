namespace NativeAttention.Emulation;

/// <summary>The run-time checks of the emulator. All are on by default; switching one off only saves
/// time.</summary>
[Flags]
public enum EmulatorChecks
{
    /// <summary>Nothing beyond what correct execution itself needs.</summary>
    None = 0,

    /// <summary>Reads of shared memory that nothing has written since the block started.</summary>
    SharedInitialization = 1 << 0,

    /// <summary>Reads of global memory that neither the host nor a kernel has written.</summary>
    GlobalInitialization = 1 << 1,

    /// <summary>
    /// Conflicting accesses of two warps to shared memory with no barrier between them, and accesses to the
    /// destination of an asynchronous copy that has not been waited for.
    /// </summary>
    SharedRaces = 1 << 2,

    /// <summary>Lanes of one store instruction that write different values to the same address.</summary>
    LaneRaces = 1 << 3,

    /// <summary>
    /// Conflicting accesses to global memory within a launch, by different blocks or by warps of one block,
    /// that no release and acquire order; and <c>ld.global.nc</c> of what the launch has written.
    /// </summary>
    GlobalRaces = 1 << 4,

    /// <summary>Every check.</summary>
    All = SharedInitialization | GlobalInitialization | SharedRaces | LaneRaces | GlobalRaces,
}
