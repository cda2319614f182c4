namespace NativeAttention.Benchmarks.Pinned;

/// <summary>One short measurement.</summary>
/// <param name="Seconds">Time of a run.</param>
/// <param name="AllocatedBytes">Managed bytes a run allocated, in the whole process.</param>
internal readonly record struct Sample(double Seconds, double AllocatedBytes);
