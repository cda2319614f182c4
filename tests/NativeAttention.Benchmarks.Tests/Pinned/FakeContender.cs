using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Tool.App;

namespace NativeAttention.Benchmarks.Tests.Pinned;

/// <summary>A peer that computes nothing, takes a millisecond, and remembers what it was asked.</summary>
internal sealed class FakeContender : IContender
{
    public const string Wrong = "its output is another one's";

    public List<string> Asked { get; } = [];

    public string Provider => "ggml";

    public bool IsDisposed { get; private set; }

    public string? Refusal(BenchCase @case) => @case.Type == ElementType.BFloat16 ? "no bfloat16" : null;

    public Preparation Prepare(BenchCase @case)
    {
        Asked.Add($"prepare {@case.Name}");
        return @case.Shape.HeadDim == 1
            ? throw new ToolException(ExitCodes.CheckFailed, Wrong)
            : new Preparation("a kernel, version 2", 1.5e-7);
    }

    public Sample Measure(BenchCase @case, double seconds)
    {
        Asked.Add($"measure {@case.Name} {seconds}");
        return new Sample(1e-3, 0.25);
    }

    public void Dispose() => IsDisposed = true;
}
