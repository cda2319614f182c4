using System.Globalization;
using BenchmarkDotNet.EventProcessors;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace NativeAttention.Benchmarks.App;

/// <summary>A line for each case that was measured.</summary>
internal sealed class Progress(TextWriter output) : EventProcessor
{
    /// <inheritdoc/>
    public override void OnEndRunBenchmark(BenchmarkCase benchmarkCase, BenchmarkReport report)
    {
        string time = report.ResultStatistics is { } statistics
            ? string.Create(CultureInfo.InvariantCulture, $"{statistics.Median / 1e3,14:N2} us")
            : $"{"failed",17}";
        output.WriteLine($"{time}  {benchmarkCase.Parameters.Items[0].Value}");
    }
}
