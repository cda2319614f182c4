namespace NativeAttention.Benchmarks.Cases;

/// <summary>Where a case runs.</summary>
public enum BenchDevice
{
    /// <summary>The CPU backend.</summary>
    Cpu,

    /// <summary>The shipped PTX on the emulated GPU, with all checks on: what CI pays.</summary>
    Emulator,
}
