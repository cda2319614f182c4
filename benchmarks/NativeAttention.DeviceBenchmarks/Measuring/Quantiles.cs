namespace NativeAttention.DeviceBenchmarks.Measuring;

/// <summary>Order statistics of a few numbers.</summary>
internal static class Quantiles
{
    /// <summary>The q-quantile: linear between the two nearest of the sorted numbers.</summary>
    public static double Of(IEnumerable<double> values, double q)
    {
        double[] sorted = [.. values.Order()];
        double at = q * (sorted.Length - 1);
        int below = (int)at;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((at - below) * (sorted[above] - sorted[below]));
    }

    /// <summary>The middle.</summary>
    public static double Median(IEnumerable<double> values) => Of(values, 0.5);

    /// <summary>Relative noise: (p90 - p10) / median.</summary>
    public static double Spread(IReadOnlyList<double> values) =>
        (Of(values, 0.9) - Of(values, 0.1)) / Median(values);
}
