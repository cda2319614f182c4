using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using NativeAttention.Benchmarks.Cases;
using Perfolizer.Horology;
using Perfolizer.Mathematics.OutlierDetection;

namespace NativeAttention.Benchmarks.App;

/// <summary>
/// How BenchmarkDotNet measures. In this process: the ceilings are then those of the process that is
/// measured, no project is generated and built, and no network is needed.
/// </summary>
internal sealed class BenchConfig : ManualConfig
{
    private static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    public BenchConfig(IReadOnlyCollection<BenchCase> cases, Pace pace, TextWriter log, TextWriter output)
    {
        AddJob(Job.Default
            .WithToolchain(new InProcessEmitToolchain(Limit, logOutput: true))
            .WithWarmupCount(pace.Warmup)
            .WithIterationCount(pace.Iterations)
            .WithIterationTime(TimeInterval.FromMilliseconds(pace.Milliseconds))
            .WithOutlierMode(OutlierMode.DontRemove)
            // The overhead of the loop is a nanosecond; to subtract it is not worth the time.
            .WithEvaluateOverhead(false));
        AddDiagnoser(MemoryDiagnoser.Default);
        AddColumnProvider(DefaultColumnProviders.Instance);
        AddFilter(new SimpleFilter(b => Chosen(b, cases)));
        AddLogger(new TextLogger(log));
        AddEventProcessor(new Progress(output));
        WithArtifactsPath(Path.Combine("artifacts", "bench"));
        WithOptions(ConfigOptions.DisableLogFile);
    }

    private static bool Chosen(BenchmarkCase benchmark, IReadOnlyCollection<BenchCase> cases) =>
        benchmark.Parameters[nameof(CaseBenchmark.Case)] is BenchCase @case
            ? cases.Contains(@case)
            : cases.Any(c => c.Device == BenchDevice.Cpu);
}
