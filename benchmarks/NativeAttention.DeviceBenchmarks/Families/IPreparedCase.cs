using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>
/// A case with its memory: several sets of tensors, so that none is still in the cache when its turn comes
/// again.
/// </summary>
internal interface IPreparedCase : IDisposable
{
    /// <summary>The kernel that was chosen.</summary>
    string Kernel { get; }

    /// <summary>Time that loading and compiling the kernel's module took.</summary>
    TimeSpan ModuleLoad { get; }

    /// <summary>Useful floating-point operations of one launch.</summary>
    double Flops { get; }

    /// <summary>Unavoidable traffic of one launch in bytes.</summary>
    double Bytes { get; }

    /// <summary>Which rate tells most.</summary>
    ResultMetric Metric { get; }

    /// <summary>Number of sets of tensors.</summary>
    int Sets { get; }

    /// <summary>Puts one launch on a set of tensors into the stream.</summary>
    void Launch(int set);

    /// <summary>Compares what all sets hold, each launched at least once, with float64.</summary>
    SpotCheck Check();
}
