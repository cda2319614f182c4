using NativeAttention.DeviceBenchmarks.Cases;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>Turns the cases of one family into work on a device. A new kind of kernel is a new family.</summary>
internal interface ICaseFamily
{
    /// <summary>Name in case files and results.</summary>
    string Name { get; }

    /// <summary>Gets a case ready: plans it, and fills the inputs with random numbers.</summary>
    /// <exception cref="NotSupportedException">The device cannot run it; the message says why.</exception>
    /// <exception cref="FormatException">An option that the family does not know.</exception>
    IPreparedCase Prepare(BenchmarkBench bench, BenchmarkCase problem);
}
