using System.Text.Json.Nodes;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Tests.Results;

/// <summary>Lines that tests change to what they are about.</summary>
internal static class ResultLines
{
    public static RunLine Run(string device = "NVIDIA H200", string machine = "h200", int day = 21) => new()
    {
        Schema = 1,
        Date = new DateTime(2026, 11, day, 1, 2, 3, DateTimeKind.Utc),
        Commit = "472be59",
        Machine = machine,
        Device = device,
        Mode = "short",
    };

    public static MeasurementLine Measurement(double seconds, string provider = "nattn", int length = 4096,
        string mask = "causal", string dtype = "bf16")
    {
        CaseShape shape = CaseShape.Of(new AttentionShape(1, length, length, 16, 16, 128));
        JsonObject options = new() { ["mask"] = mask };
        return new MeasurementLine
        {
            Case = CaseId.Of("dense", dtype, shape, options),
            Family = "dense",
            Provider = provider,
            Dtype = dtype,
            Shape = shape,
            Options = options,
            Status = ResultStatus.Ok,
            Metric = ResultMetric.Tflops,
            Seconds = new Timing { Median = seconds },
            Spread = 0.02,
            Flops = 2e12,
            Bytes = 4e9,
        };
    }

    public static CeilingLine Matmul(double tflops, string dtype = "bf16") =>
        new() { Name = $"matmul-{dtype}", Value = tflops, Unit = "TFLOP/s" };

    public static CeilingLine Read(double gbps) => new() { Name = "read", Value = gbps, Unit = "GB/s" };
}
