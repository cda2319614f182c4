using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Verification;

/// <summary>What came of running one kernel on one problem.</summary>
/// <param name="Device">Where it ran.</param>
/// <param name="Kernel">Which kernel.</param>
/// <param name="Case">Which problem.</param>
internal sealed record VerificationResult(string Device, KernelReport Kernel, VerificationCase Case)
{
    /// <summary>The errors; NaN when it did not run.</summary>
    public ErrorMeasure Error { get; init; } = new(double.NaN, double.NaN, double.NaN);

    /// <summary>What was allowed.</summary>
    public ErrorBound Bound { get; init; } = new(double.NaN, double.NaN);

    /// <summary>Time of the fastest run, copies to and from the device included.</summary>
    public TimeSpan Time { get; init; }

    /// <summary>Why it did not run, or null.</summary>
    public string? Failure { get; init; }

    /// <summary>Whether it did not run because the kernel does not know the modifiers of the case.</summary>
    public bool Skipped { get; init; }

    /// <summary>
    /// Whether the failure took the device with it: it must be opened again before anything else runs.
    /// </summary>
    public bool LostDevice { get; init; }

    /// <summary>Whether it ran and is within its bounds.</summary>
    public bool Passed =>
        Failure is null && Error.MaxOutput <= Bound.Output && Error.MaxLse <= Bound.Lse;
}
