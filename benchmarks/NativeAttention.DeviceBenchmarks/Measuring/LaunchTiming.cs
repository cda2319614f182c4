using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Measuring;

/// <summary>What one launch costs.</summary>
/// <param name="Seconds">Time on the device.</param>
/// <param name="Spread">Relative noise of the medians of repeats.</param>
/// <param name="HostSeconds">Time on the host until the launch is in the stream.</param>
/// <param name="AllocatedBytes">Managed memory allocated by it.</param>
internal sealed record LaunchTiming(Timing Seconds, double Spread, double HostSeconds, double AllocatedBytes);
