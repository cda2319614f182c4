namespace NativeAttention.Benchmarks.Pinned;

/// <summary>What is known of a case before it is timed.</summary>
/// <param name="Kernel">What runs.</param>
/// <param name="MaxError">Largest error against float64.</param>
internal readonly record struct Preparation(string Kernel, double MaxError);
