namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>What came of comparing some rows with float64.</summary>
/// <param name="MaxError">Largest absolute error; infinite where an output is not finite.</param>
/// <param name="Bound">What is allowed.</param>
internal readonly record struct SpotCheck(double MaxError, double Bound)
{
    /// <summary>Why the case failed, or null.</summary>
    public string? Failure =>
        double.IsFinite(MaxError)
            ? MaxError <= Bound ? null : $"the error {MaxError:g3} is above the bound {Bound:g3}"
            : "an output is not finite, or was not written";
}
