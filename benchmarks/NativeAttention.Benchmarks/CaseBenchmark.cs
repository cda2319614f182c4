using BenchmarkDotNet.Attributes;
using NativeAttention.Benchmarks.Cases;

namespace NativeAttention.Benchmarks;

/// <summary>Every case of <see cref="CaseList"/>.</summary>
public class CaseBenchmark
{
    private BenchBody? _body;

    public static IEnumerable<BenchCase> Cases => CaseList.All;

    [ParamsSource(nameof(Cases))]
    public BenchCase Case { get; set; } = null!;

    [GlobalSetup]
    public void Setup() => _body = BenchBody.Of(Case);

    [Benchmark]
    public void Run() => _body!.Run();

    [GlobalCleanup]
    public void Cleanup() => _body?.Dispose();
}
