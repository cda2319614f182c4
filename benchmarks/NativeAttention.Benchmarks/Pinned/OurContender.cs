using NativeAttention.Benchmarks.Cases;
using NativeAttention.Tool.App;

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
        Accuracy accuracy = body.Check();
        return accuracy.MaxError <= accuracy.Bound
            ? new Preparation(body.KernelName, accuracy.MaxError)
            : throw new ToolException(ExitCodes.CheckFailed, $"{@case.Name}: the output of {body.KernelName} "
                + $"differs from float64 by {accuracy.MaxError:0.0e+00}, more than {accuracy.Bound:0.0e+00}");
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
