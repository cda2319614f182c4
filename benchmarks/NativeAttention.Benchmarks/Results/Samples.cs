using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Results;

/// <summary>Times of one benchmark in seconds, by pass.</summary>
internal sealed class Samples
{
    private readonly List<double[]> _passes = [];

    /// <summary>Whether there are any.</summary>
    public bool Any => _passes.Count > 0;

    /// <summary>The median of all.</summary>
    public double Median => Quantile(All, 0.5);

    /// <summary>The statistics of all passes together.</summary>
    public Timing Timing => new()
    {
        Median = Median,
        Min = All.Min(),
        P10 = Quantile(All, 0.1),
        P90 = Quantile(All, 0.9),
        Samples = All.Length,
    };

    /// <summary>Relative noise of the medians of the passes; null with less than two.</summary>
    public double? Spread
    {
        get
        {
            double[] medians = [.. _passes.Select(p => Quantile(p, 0.5))];
            return medians.Length < 2
                ? null
                : (Quantile(medians, 0.9) - Quantile(medians, 0.1)) / Quantile(medians, 0.5);
        }
    }

    private double[] All => [.. _passes.SelectMany(p => p)];

    /// <summary>Adds the times of a pass; a pass without times adds nothing.</summary>
    public void Add(IEnumerable<double> seconds)
    {
        double[] times = [.. seconds];
        if (times.Length > 0)
        {
            _passes.Add(times);
        }
    }

    /// <summary>A quantile, linear between neighbours.</summary>
    internal static double Quantile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        double above = sorted[Math.Min(below + 1, sorted.Length - 1)];
        return sorted[below] + ((place - below) * (above - sorted[below]));
    }
}
