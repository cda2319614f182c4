using System.Globalization;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>Numbers with their units, for people; the same in every culture.</summary>
internal static class Quantities
{
    /// <summary>What stands where nothing is known.</summary>
    public const string None = "-";

    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>A time in a unit that suits it.</summary>
    public static string Time(double? seconds) => seconds switch
    {
        null => None,
        0 => "0 s",
        < 1e-6 => $"{Significant(seconds.Value * 1e9, 3)} ns",
        < 1e-3 => $"{Significant(seconds.Value * 1e6, 4)} µs",
        < 1 => $"{Significant(seconds.Value * 1e3, 4)} ms",
        _ => $"{Significant(seconds.Value, 4)} s",
    };

    /// <summary>Operations per second.</summary>
    public static string Flops(double? rate) => rate switch
    {
        null => None,
        >= 1e12 => $"{Significant(rate.Value / 1e12, 3)} TFLOP/s",
        _ => $"{Significant(rate.Value / 1e9, 3)} GFLOP/s",
    };

    /// <summary>Bytes per second.</summary>
    public static string Bandwidth(double? rate) =>
        rate is null ? None : $"{Significant(rate.Value / 1e9, 3)} GB/s";

    /// <summary>A share in percent.</summary>
    public static string Share(double? share) =>
        share is null ? None : string.Create(Culture, $"{share.Value * 100:0.0} %");

    /// <summary>Noise in percent.</summary>
    public static string Noise(double? noise) => noise is null ? None : $"±{Share(noise)}";

    /// <summary>A change in percent, with its sign.</summary>
    public static string Signed(double change) => string.Create(Culture, $"{change * 100:+0.0;-0.0;0.0} %");

    /// <summary>A ratio of speeds.</summary>
    public static string Ratio(double? ratio) => ratio is null ? None : Significant(ratio.Value, 3);

    /// <summary>An error.</summary>
    public static string Error(double? error) =>
        error is null ? None : string.Create(Culture, $"{error.Value:0.0e+00}");

    /// <summary>A count.</summary>
    public static string Count(double? count) =>
        count is null ? None : string.Create(Culture, $"{count.Value:#,0.##}");

    /// <summary>A number of cases.</summary>
    public static string Cases(int count) =>
        string.Create(Culture, $"{count} {(count == 1 ? "case" : "cases")}");

    /// <summary>A moment, to the minute.</summary>
    public static string Moment(DateTime date) => string.Create(Culture, $"{date:yyyy-MM-dd HH:mm} UTC");

    /// <summary>How something ended, as the stored results say it.</summary>
    public static string Status(ResultStatus status) => status switch
    {
        ResultStatus.Ok => "ok",
        ResultStatus.Failed => "failed",
        ResultStatus.Skipped => "skipped",
        _ => "timeout",
    };

    /// <summary>A number with some digits that count, never in powers of ten.</summary>
    public static string Significant(double value, int digits)
    {
        // Rounded first: 9.996 has one digit more before the point than it seems.
        double rounded = double.Parse(value.ToString($"E{digits - 1}", Culture), Culture);
        int whole = rounded == 0 ? 1 : (int)Math.Floor(Math.Log10(Math.Abs(rounded))) + 1;
        return rounded.ToString($"F{Math.Clamp(digits - whole, 0, 15)}", Culture);
    }
}
