using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Benchmarks.Problems;
using NativeAttention.Tool.App;

namespace NativeAttention.Benchmarks.Ggml;

/// <summary>ggml, in the process that its libraries were loaded into.</summary>
internal sealed class GgmlContender(GgmlLibrary ggml, Pinning? pinning) : IContender
{
    /// <summary>Name of the provider in results.</summary>
    public const string Name = "ggml";

    private readonly Dictionary<BenchCase, (GgmlBody Body, Sampler Sampler)> _ready = [];

    /// <inheritdoc/>
    public string Provider => Name;

    /// <inheritdoc/>
    public string? Refusal(BenchCase @case) => GgmlBody.Refusal(@case);

    /// <inheritdoc/>
    public Preparation Prepare(BenchCase @case)
    {
        GgmlBody body = new(ggml, @case);
        _ready.Add(@case, (body, new Sampler(body.Run, pinning)));
        Accuracy accuracy = body.Check();
        // Whether it is the same computation: another mask, scale or order of heads is wrong by about 1.
        // ggml adds up float16 values in float16, so a long sum has few digits.
        double tolerance = @case.Type == ElementType.Float32 ? 1e-4 : 5e-2;
        return accuracy.RelativeError <= tolerance
            ? new Preparation($"FLASH_ATTN_EXT, ggml {ggml.Version}", accuracy.MaxError)
            : throw new ToolException(ExitCodes.CheckFailed, $"{@case.Name}: the output of ggml "
                + $"{ggml.Version} differs from float64 by {accuracy.RelativeError:0.0e+00} of its norm");
    }

    /// <inheritdoc/>
    public Sample Measure(BenchCase @case, double seconds) => _ready[@case].Sampler.Measure(seconds);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((GgmlBody body, _) in _ready.Values)
        {
            body.Dispose();
        }
    }
}
