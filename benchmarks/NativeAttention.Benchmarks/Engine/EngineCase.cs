using System.Text.Json.Nodes;
using NativeAttention.Emulation;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Engine;

/// <summary>A tiled forward of head dim 64 on the emulator, under given checks and threads.</summary>
/// <param name="Length">Queries and keys.</param>
/// <param name="Checks">The checks that are made.</param>
/// <param name="Threads">Threads of this machine.</param>
internal sealed record EngineCase(int Length, EmulatorChecks Checks, int Threads)
{
    /// <summary>The kernel that runs.</summary>
    public const string Kernel = "na_dense_tiled_f16_d64_sm80";

    /// <summary>All cases.</summary>
    public static IReadOnlyList<EngineCase> All { get; } =
    [
        .. from length in (int[])[512, 1024]
           from checks in (EmulatorChecks[])[EmulatorChecks.None, EmulatorChecks.All]
           from threads in (int[])[1, 2]
           select new EngineCase(length, checks, threads),
    ];

    /// <summary>The problem.</summary>
    public AttentionShape Shape => new(1, Length, Length, 2, 2, 64);

    /// <summary>Checks in a word.</summary>
    public string ChecksName => Checks == EmulatorChecks.None ? "none" : "all";

    /// <summary>The stored line of its times with vectors of a width.</summary>
    public MeasurementLine Line(string vectors, Timing seconds, double? spread)
    {
        JsonObject options = new() { ["checks"] = ChecksName, ["threads"] = Threads, ["vectors"] = vectors };
        CaseShape shape = CaseShape.Of(Shape);
        return new MeasurementLine
        {
            Case = CaseId.Of("dense", "f16", shape, options),
            Family = "dense",
            Provider = "nattn-emulator",
            Kernel = Kernel,
            Dtype = "f16",
            Shape = shape,
            Options = options,
            Status = ResultStatus.Ok,
            Seconds = seconds,
            Spread = spread,
            Flops = CaseWork.DenseFlops(Shape, AttentionMask.None),
            Bytes = CaseWork.DenseBytes(Shape, ElementType.Float16),
            Metric = ResultMetric.Tflops,
        };
    }
}
