using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.Tool.Results;

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

    /// <summary>Useful operations and unavoidable bytes of one launch of a case.</summary>
    /// <exception cref="FormatException">An option that the family does not know.</exception>
    (double Flops, double Bytes) WorkOf(BenchmarkCase problem);

    /// <summary>
    /// The case of dense attention that takes turns with a case as its provider <see cref="MeasurementLine.Plain"/>,
    /// so that its cost is a ratio; null for none.
    /// </summary>
    BenchmarkCase? PlainOf(BenchmarkCase problem) => null;

    /// <summary>What a case should reach.</summary>
    IEnumerable<GoalLine> Goals(BenchmarkCase problem) => [];
}
