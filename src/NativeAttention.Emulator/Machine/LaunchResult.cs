namespace NativeAttention.Emulation;

/// <summary>What came of a launch.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Fault">What it did wrong; null when it ran to its end without a finding.</param>
/// <param name="Counters">What was counted, up to the fault if there was one.</param>
public sealed record LaunchResult(PtxKernel Kernel, EmulatorFault? Fault, LaunchCounters Counters)
{
    /// <summary>True when the kernel ran to its end without a finding.</summary>
    public bool IsOk => Fault is null;

    /// <summary>What it did statement by statement; null unless <see cref="EmulatorOptions.Profile"/> is
    /// set.</summary>
    public KernelProfile? Profile { get; init; }
}
