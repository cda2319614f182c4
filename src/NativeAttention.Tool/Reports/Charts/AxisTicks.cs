namespace NativeAttention.Tool.Reports.Charts;

/// <summary>Round numbers along an axis that begins at 0.</summary>
internal static class AxisTicks
{
    private const int Most = 8;
    private static readonly double[] Steps = [1, 2, 5, 10];

    /// <summary>Ticks from 0 to the first round number that is not below the largest value.</summary>
    public static IReadOnlyList<double> UpTo(double largest)
    {
        double needed = Math.Max(largest, 1e-9) / Most;
        double power = Math.Pow(10, Math.Floor(Math.Log10(needed)));
        double step = Steps.Select(s => s * power).First(s => s >= needed * (1 - 1e-9));
        int count = (int)Math.Ceiling((largest / step) - 1e-9);
        return [.. Enumerable.Range(0, Math.Max(count, 1) + 1).Select(i => i * step)];
    }
}
