using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.App;

/// <summary>One run: all chosen cases in several passes, then the results.</summary>
internal sealed class BenchRun(TextWriter output, BenchOptions options, Pace pace)
{
    private readonly BenchCase[] _cases = [.. CaseList.All.Where(c => (options.Full || c.InShort)
        && (options.Filter is null || c.Name.Contains(options.Filter, StringComparison.Ordinal)))];

    /// <summary>Prints the names of the chosen cases.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int List()
    {
        foreach (BenchCase @case in _cases)
        {
            output.WriteLine(@case.Name);
        }

        return ExitCodes.Ok;
    }

    /// <summary>Measures.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int Run()
    {
        if (_cases.Length == 0)
        {
            throw ToolException.BadInput($"filter is '{options.Filter}': no case of the {options.Mode} mode "
                + "has a name that contains it (--list prints the names)");
        }

        RunLine run = Machine.Describe(options);
        string folder = Machine.Folder(options, run);
        Directory.CreateDirectory(folder);
        Collector collector = new();
        Measure(folder, collector);
        int report = RunFile.Store(output, folder, collector.Lines(run));
        return collector.AnyFailed ? ExitCodes.Failure : report;
    }

    // Passes over everything, not repeats of each case: what disturbs a machine for a while then shows as
    // spread instead of as a slow case.
    private void Measure(string folder, Collector collector)
    {
        using StreamWriter log = new(Path.Combine(folder, "bench.log"));
        for (int pass = 1; pass <= pace.Passes; pass++)
        {
            output.WriteLine($"pass {pass} of {pace.Passes}");
            BenchConfig config = new(_cases, pace, log, output);
            foreach (Summary summary in
                BenchmarkRunner.Run([typeof(CeilingBenchmark), typeof(CaseBenchmark)], config))
            {
                collector.Add(summary);
            }
        }
    }
}
