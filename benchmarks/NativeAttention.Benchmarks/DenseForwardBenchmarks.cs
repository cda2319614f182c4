using System.Numerics;
using BenchmarkDotNet.Attributes;
using NativeAttention.Cuda;
using NativeAttention.Emulation;

namespace NativeAttention.Benchmarks;

/// <summary>
/// Dense forward through the public host plan. FLOPs of one operation: 4 * batch * heads * length^2 * head dim, half of
/// that under a causal mask.
/// </summary>
[MemoryDiagnoser]
public abstract class DenseForwardBenchmarks<T>
    where T : unmanaged, INumberBase<T>
{
    private T[] query = [];
    private T[] key = [];
    private T[] value = [];
    private T[] output = [];
    private AttentionRuntime? runtime;
    private HostAttentionPlan<T>? plan;

    [Params(64, 128)]
    public int HeadDim { get; set; }

    [Params(false, true)]
    public bool Causal { get; set; }

    protected abstract AttentionShape Shape { get; }

    protected abstract AttentionBackend OpenBackend();

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(20261120);
        int count = Shape.Batch * Shape.QueryLength * Shape.QueryHeads * Shape.HeadDim;
        query = Draw(random, count);
        key = Draw(random, count);
        value = Draw(random, count);
        output = new T[count];
        runtime = new AttentionRuntime([OpenBackend()]);
        plan = runtime.Plan<T>(Shape, Causal ? AttentionOptions.Causal : AttentionOptions.Default);
    }

    [Benchmark]
    public void Run() => plan!.Run(query, key, value, output);

    [GlobalCleanup]
    public void Cleanup()
    {
        plan?.Dispose();
        runtime?.Dispose();
    }

    private static T[] Draw(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => T.CreateTruncating(random.NextSingle() - 0.5f))];
}

/// <summary>The CPU backend, float, on the shapes that peers are measured on.</summary>
public class CpuDenseForward : DenseForwardBenchmarks<float>
{
    protected override AttentionShape Shape => new(1, 1024, 1024, 8, 8, HeadDim);

    protected override AttentionBackend OpenBackend() => CpuBackend.Default;
}

/// <summary>The shipped PTX, float16, on the emulated GPU with all checks on: what CI pays.</summary>
public class EmulatedDenseForward : DenseForwardBenchmarks<Half>
{
    protected override AttentionShape Shape => new(1, 512, 512, 2, 2, HeadDim);

    protected override AttentionBackend OpenBackend() => CudaBackend.Open(EmulatedDriver.Driver, 0);
}
