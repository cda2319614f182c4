using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>What the device reaches at most in one respect.</summary>
/// <param name="Name">Name in the results.</param>
/// <param name="PerSecond">FLOP/s, or bytes/s of reading; 0 when it was not measured.</param>
/// <param name="Spread">Relative noise.</param>
/// <param name="Reason">Why it was not measured, or null.</param>
internal sealed record Ceiling(string Name, double PerSecond, double Spread, string? Reason = null)
{
    /// <summary>As a line of results; only for one that was measured.</summary>
    public CeilingLine ToLine()
    {
        bool reading = Name == CeilingMeter.ReadName;
        return new CeilingLine
        {
            Name = Name,
            Value = PerSecond / (reading ? 1e9 : 1e12),
            Unit = reading ? "GB/s" : "TFLOP/s",
            Spread = Spread,
            Provider = "nattn",
        };
    }
}
