using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>What follows from the time of a measurement.</summary>
internal static class Rates
{
    /// <summary>Noise of a measurement that tells nothing of its repeats.</summary>
    public const double UnknownNoise = 0.1;

    /// <summary>Median time in seconds; null when it did not run.</summary>
    public static double? Time(this MeasurementLine m) =>
        m.Status == ResultStatus.Ok ? m.Seconds?.Median : null;

    /// <summary>Useful operations per second.</summary>
    public static double? FlopRate(this MeasurementLine m) => m.Flops / m.Time();

    /// <summary>Unavoidable bytes per second.</summary>
    public static double? ByteRate(this MeasurementLine m) => m.Bytes / m.Time();

    /// <summary>
    /// Relative noise: of the repeated medians where the measurement tells it, else of its single times.
    /// </summary>
    public static double Noise(this MeasurementLine m) =>
        m.Spread ?? ((m.Seconds?.P90 - m.Seconds?.P10) / m.Seconds?.Median) ?? UnknownNoise;

    /// <summary>The number a table leads with, as text.</summary>
    public static string LeadingRate(this MeasurementLine m) => m.Metric switch
    {
        ResultMetric.Tflops => Quantities.Flops(m.FlopRate()),
        ResultMetric.Gbps => Quantities.Bandwidth(m.ByteRate()),
        _ => Quantities.None,
    };
}
