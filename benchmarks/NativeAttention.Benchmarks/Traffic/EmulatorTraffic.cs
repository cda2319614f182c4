using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Traffic;

/// <summary>
/// Counts what each modifier adds to the instructions and the global traffic of the shipped kernels, on the
/// emulated GPU. Every output is compared with float64 before its counts are taken.
/// </summary>
internal static class EmulatorTraffic
{
    // Longer than the tile of any kernel, and than the window of 256.
    private const int Length = 512;

    private const int SectorBytes = 32;

    /// <summary>The cases: plain attention, then every modifier, of the two head dims that GPUs are measured with.</summary>
    public static IReadOnlyList<BenchCase> Cases { get; } = WithPlain(
        ((int[])[64, 128]).SelectMany(dim =>
            ModifierTable.Of(BenchDevice.Emulator, ElementType.Float16, heads: 2, Length, dim)));

    /// <summary>The lines of a run on the emulator; none when there are no cases.</summary>
    /// <param name="run">The line that opens the run of the CPU.</param>
    /// <param name="cases">The cases.</param>
    public static IEnumerable<ResultLine> Lines(RunLine run, IReadOnlyCollection<BenchCase> cases)
    {
        if (cases.Count == 0)
        {
            yield break;
        }

        yield return run with { Device = cases.First().DeviceName };
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with { Profile = true });
        OperandStore store = new();
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, ordinal);
        foreach (BenchCase @case in cases)
        {
            TrafficLine line = new() { Case = @case.Id, Plain = @case.Plain.Id };
            AttentionProblem problem = AttentionProblem.Create(@case.Type, @case.Shape, @case.Options);
            yield return backend.CanRun(problem, out string? reason)
                ? Counted(line, @case, store, ordinal)
                : line with { Reason = reason };
        }
    }

    private static TrafficLine Counted(TrafficLine line, BenchCase @case, OperandStore store, int ordinal)
    {
        using BenchBody body = BenchBody.Of(@case, store, ordinal);
        (long instructions, long bytes) = Totals(ordinal); // those of a device only grow
        body.Verify();
        (long instructionsAfter, long bytesAfter) = Totals(ordinal);
        return line with
        {
            Kernel = body.KernelName,
            WarpInstructions = instructionsAfter - instructions,
            GlobalBytes = bytesAfter - bytes,
        };
    }

    private static (long Instructions, long Bytes) Totals(int ordinal)
    {
        IReadOnlyList<KernelProfile> profiles = EmulatedDriver.GetProfiles(ordinal);
        return (profiles.Sum(p => p.WarpInstructions),
            profiles.Sum(p => p.Global.Transactions) * SectorBytes);
    }

    private static BenchCase[] WithPlain(IEnumerable<BenchCase> modified)
    {
        BenchCase[] cases = [.. modified];
        return [.. cases.Select(c => c.Plain).Distinct(), .. cases];
    }
}
