using NativeAttention.Benchmarks.Cases;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>One of those who take turns on the same cases, on the same processors.</summary>
internal interface IContender : IDisposable
{
    /// <summary>Its name in results.</summary>
    public string Provider { get; }

    /// <summary>Why it does not run a case; null when it does.</summary>
    public string? Refusal(BenchCase @case);

    /// <summary>Makes a case ready and compares what it computes with float64; once a case.</summary>
    /// <exception cref="Tool.App.ToolException">It computes something else.</exception>
    public Preparation Prepare(BenchCase @case);

    /// <summary>Runs a case, which is ready, for about so long, or once if that takes longer.</summary>
    public Sample Measure(BenchCase @case, double seconds);
}
