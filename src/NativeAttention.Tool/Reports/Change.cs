namespace NativeAttention.Tool.Reports;

/// <summary>How a time changed from one run to the next.</summary>
/// <param name="Ratio">New time over old time.</param>
/// <param name="Noise">The noise of both together: the sum of their spreads.</param>
/// <remarks>
/// A change counts when the slower time exceeds the faster one by more than both spreads added: noise of
/// that size could have moved each median towards the other. The rule is the same in both directions.
/// </remarks>
internal readonly record struct Change(double Ratio, double Noise)
{
    /// <summary>Whether it is more than noise.</summary>
    public bool IsBeyondNoise => Math.Max(Ratio, 1 / Ratio) - 1 > Noise;

    /// <summary>Whether it became slower, beyond noise.</summary>
    public bool IsRegression => Ratio > 1 && IsBeyondNoise;

    /// <summary>Whether it became faster, beyond noise.</summary>
    public bool IsImprovement => Ratio < 1 && IsBeyondNoise;

    /// <summary>Change of the time, 0.1 for ten percent longer.</summary>
    public double Relative => Ratio - 1;
}
