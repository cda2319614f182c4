namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>Work of the empty probe: none.</summary>
internal sealed class EmptyWork : IProbeWork
{
    public Probe Probe => Probe.Empty;

    public uint[] Input { get; } = [0];

    public int Copies => 1;

    public int OutputsPerThread => 1;

    public long? Iterations => null;

    public string? Check(ReadOnlySpan<uint> output, long iterations) =>
        output.IndexOfAnyExcept(uint.MaxValue) < 0 ? null : "it wrote something";
}
