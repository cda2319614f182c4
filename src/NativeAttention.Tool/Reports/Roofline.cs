using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>The two ceilings that bound a case: rate of products and rate of reading.</summary>
/// <param name="Compute">FLOP/s; null when it was not measured.</param>
/// <param name="Read">Bytes/s; null when it was not measured.</param>
internal readonly record struct Roofline(double? Compute, double? Read)
{
    /// <summary>The ceilings of a group for an element type and a number of threads, null for all.</summary>
    /// <remarks>
    /// Plain multiply-adds in float32 also are a way to compute a product of float32, and on the processor
    /// the only one for every type; the highest rate that the device showed is the ceiling.
    /// </remarks>
    public static Roofline Of(RunGroup group, string dtype, int? threads = null)
    {
        bool plain = dtype == "f32" || group.Kind == DeviceKind.Cpu;
        return new Roofline(Highest(c => c.Name == $"matmul-{dtype}" || (plain && c.Name == "fma-f32")),
            Highest(c => c.Name == "read"));

        double? Highest(Func<CeilingLine, bool> which) =>
            group.Ceilings.Where(c => c.Threads == threads).Where(which).Select(c => (double?)c.PerSecond).Max();
    }

    /// <summary>Rate of useful operations over the compute ceiling.</summary>
    public double? ComputeShare(MeasurementLine m) => m.FlopRate() / Compute;

    /// <summary>Rate of unavoidable traffic over the read ceiling.</summary>
    public double? ReadShare(MeasurementLine m) => m.ByteRate() / Read;

    /// <summary>
    /// Rate over what the ceilings allow, min(compute, operations per byte * read); which is the larger of
    /// the two shares. Null unless both are known.
    /// </summary>
    public double? Share(MeasurementLine m) =>
        ComputeShare(m) is { } compute && ReadShare(m) is { } read ? Math.Max(compute, read) : null;

    /// <summary>Whether reading, not products, is what bounds a case.</summary>
    public bool IsBoundByReading(MeasurementLine m) => ReadShare(m) > ComputeShare(m);
}
