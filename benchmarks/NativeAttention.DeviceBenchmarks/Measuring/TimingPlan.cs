namespace NativeAttention.DeviceBenchmarks.Measuring;

/// <summary>How much is measured.</summary>
/// <param name="Budget">Time for the samples together.</param>
/// <param name="Repeats">Groups of samples; their medians tell the noise.</param>
/// <param name="MinSample">Least time of a sample: short launches share one, so that the marks around it do
/// not count.</param>
/// <param name="MinSamples">Least number of samples of a group.</param>
internal sealed record TimingPlan(TimeSpan Budget, int Repeats, TimeSpan MinSample, int MinSamples)
{
    /// <summary>For a GPU, with many cases in a minute.</summary>
    public static TimingPlan Short { get; } =
        new(TimeSpan.FromSeconds(0.25), 5, TimeSpan.FromMilliseconds(1), 4);

    /// <summary>For a GPU.</summary>
    public static TimingPlan Full { get; } =
        new(TimeSpan.FromSeconds(0.8), 9, TimeSpan.FromMilliseconds(2), 5);

    /// <summary>For an emulated device, whose times mean nothing: everything once or twice.</summary>
    public static TimingPlan Emulated { get; } = new(TimeSpan.Zero, 2, TimeSpan.Zero, 1);
}
