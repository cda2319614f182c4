using NativeAttention.Benchmarks.Cases;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>The CPU backend, in this process.</summary>
internal sealed class OurContender(Pinning? pinning, OperandStore store) : IContender
{
    private readonly Dictionary<BenchCase, (BenchBody Body, Sampler Sampler)> _ready = [];

    /// <inheritdoc/>
    public string Provider => "nattn-cpu";

    /// <inheritdoc/>
    public string? Refusal(BenchCase @case) => null;

    /// <inheritdoc/>
    public Preparation Prepare(BenchCase @case)
    {
        BenchBody body = BenchBody.Of(@case, store);
        _ready.Add(@case, (body, new Sampler(body.Run, pinning)));
        return new Preparation(body.KernelName, body.Verify().MaxError);
    }

    /// <inheritdoc/>
    public Sample Measure(BenchCase @case, double seconds) => _ready[@case].Sampler.Measure(seconds);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((BenchBody body, _) in _ready.Values)
        {
            body.Dispose();
        }
    }
}
