using NativeAttention.Tool.Reports;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Results;

namespace NativeAttention.Tool.Tests.Reports;

public class ReportArithmeticTests
{
    [Test]
    public void The_last_of_repeated_ceilings_counts_and_the_highest_of_several()
    {
        CeilingLine torch = ResultLines.Matmul(700) with { Provider = "torch" };
        RunGroup group = RunGroups.Of(ResultLines.Run(), ResultLines.Matmul(900), ResultLines.Read(9), torch,
            ResultLines.Matmul(600), ResultLines.Read(3), ResultLines.Read(2) with { Threads = 1 });
        Assert.That(Roofline.Of(group, "bf16"), Is.EqualTo(new Roofline(7e14, 3e9)));
        Assert.That(group.Ceilings, Has.Count.EqualTo(4));
    }

    [Test]
    public void Rates_and_shares_by_hand()
    {
        // 2e12 operations and 4e9 bytes in 5 ms: 400 TFLOP/s of 800, 800 GB/s of 4000.
        CaseRow row = Row(ResultLines.Measurement(0.005), ResultLines.Matmul(800), ResultLines.Read(4000));
        MeasurementLine ours = row.Ours!;
        Assert.That(ours.FlopRate(), Is.EqualTo(400e12).Within(1));
        Assert.That(ours.ByteRate(), Is.EqualTo(800e9).Within(1));
        Assert.That(row.Roofline.ComputeShare(ours), Is.EqualTo(0.5).Within(1e-12));
        Assert.That(row.Roofline.ReadShare(ours), Is.EqualTo(0.2).Within(1e-12));
        Assert.That(row.Share, Is.EqualTo(0.5).Within(1e-12));
        Assert.That(row.Roofline.IsBoundByReading(ours), Is.False);
    }

    [Test]
    public void The_roofline_share_is_the_rate_over_what_both_ceilings_allow()
    {
        const int seed = 31;
        Random random = new(seed);
        TestContext.Out.WriteLine($"seed {seed}");
        for (int i = 0; i < 1000; i++)
        {
            double flops = Math.Exp(random.NextDouble() * 40), bytes = Math.Exp(random.NextDouble() * 30);
            double matmul = Math.Exp(random.NextDouble() * 8), read = Math.Exp(random.NextDouble() * 9);
            double time = Math.Exp((random.NextDouble() * 20) - 15);
            CaseRow row = Row(ResultLines.Measurement(time) with { Flops = flops, Bytes = bytes },
                ResultLines.Matmul(matmul), ResultLines.Read(read));
            double attainable = Math.Min(matmul * 1e12, flops / bytes * (read * 1e9));
            Assert.That(row.Share, Is.EqualTo(flops / time / attainable).Within(1e-9).Percent);
            Assert.That(row.Roofline.IsBoundByReading(row.Ours!),
                Is.EqualTo(flops / bytes * (read * 1e9) < matmul * 1e12));
        }
    }

    [Test]
    public void What_is_not_known_gives_no_share()
    {
        MeasurementLine m = ResultLines.Measurement(0.005);
        Assert.That(Row(m).Share, Is.Null);
        Assert.That(Row(m, ResultLines.Matmul(800)).Share, Is.Null, "no read ceiling");
        Assert.That(Row(m, ResultLines.Read(4000)).Share, Is.Null, "no matmul ceiling");
        Assert.That(Row(m, ResultLines.Matmul(800, "f16"), ResultLines.Read(4000)).Share, Is.Null,
            "the ceiling of another type");
        Assert.That(
            Row(m with { Bytes = null }, ResultLines.Matmul(800), ResultLines.Read(4000)).Share, Is.Null);
        CaseRow failed = Row(m with { Status = ResultStatus.Failed, Reason = "fault" },
            ResultLines.Matmul(800), ResultLines.Read(4000));
        Assert.That(failed.Share, Is.Null, "a time of a failed run is no time");
        Assert.That(failed.Missing, Is.EqualTo("failed: fault"));
    }

    // On the processor every type is computed in float32; on a GPU only float32 itself is.
    [TestCase("cpu", "f32", 700.0)]
    [TestCase("cpu", "bf16", 700.0)]
    [TestCase("NVIDIA H200", "f32", 700.0)]
    [TestCase("NVIDIA H200", "bf16", null)]
    public void Plain_multiply_adds_are_a_ceiling_where_they_compute_the_type(string device, string dtype,
        double? expected)
    {
        CeilingLine fma = new() { Name = "fma-f32", Value = 700, Unit = "GFLOP/s" };
        Roofline roofline = Roofline.Of(RunGroups.Of(ResultLines.Run(device), fma), dtype);
        Assert.That(roofline.Compute / 1e9, Is.EqualTo(expected));
        CeilingLine higher = new() { Name = $"matmul-{dtype}", Value = 0.9, Unit = "TFLOP/s" };
        roofline = Roofline.Of(RunGroups.Of(ResultLines.Run(device), fma, higher), dtype);
        Assert.That(roofline.Compute / 1e9, Is.EqualTo(900).Within(1e-9));
    }

    [Test]
    public void A_case_limited_to_threads_is_bound_by_the_ceilings_of_so_many()
    {
        RunGroup group = RunGroups.Of(ResultLines.Run("cpu"), ResultLines.Read(40),
            ResultLines.Read(25) with { Threads = 1 });
        Assert.That(Roofline.Of(group, "f32").Read / 1e9, Is.EqualTo(40).Within(1e-9));
        Assert.That(Roofline.Of(group, "f32", threads: 1).Read / 1e9, Is.EqualTo(25).Within(1e-9));
        Assert.That(Roofline.Of(group, "f32", threads: 2).Read, Is.Null, "never measured");
        MeasurementLine line = ResultLines.Measurement(0.004);
        Assert.That(line.Threads, Is.Null);
        Assert.That((line with { Options = new() { ["threads"] = 1 } }).Threads, Is.EqualTo(1));
        Assert.That(group.Ceilings.Select(c => c.Label), Is.EqualTo(new[] { "read", "read, 1 thread" }));
    }

    [Test]
    public void The_best_peer_is_the_fastest_that_ran()
    {
        CaseRow row = Row(ResultLines.Measurement(0.004),
            ResultLines.Measurement(0.010, "torch-math"),
            ResultLines.Measurement(0.002, "torch-flash") with { Status = ResultStatus.Failed },
            ResultLines.Measurement(0.006, "torch-cudnn"));
        Assert.That(row.BestPeer!.Provider, Is.EqualTo("torch-cudnn"));
        Assert.That(row.Ratio, Is.EqualTo(1.5).Within(1e-12));
        Assert.That(Row(ResultLines.Measurement(0.004)).Ratio, Is.Null);
    }

    [Test]
    public void Runs_of_one_commit_and_device_are_joined_and_the_last_repeat_counts()
    {
        RunLine ours = ResultLines.Run(), theirs = ResultLines.Run() with { Note = "torch" };
        RunGroup[] groups = [.. RunGroup.Of([new ResultFile("a",
        [
            new ResultRun(ours, [ResultLines.Measurement(0.001), ResultLines.Measurement(0.003)]),
            new ResultRun(ResultLines.Run("cpu"), [ResultLines.Measurement(1, "nattn-cpu")]),
            new ResultRun(theirs, [ResultLines.Measurement(0.002, "torch-flash")]),
        ], null)])];
        Assert.That(groups.Select(g => g.First.Device), Is.EqualTo(new[] { "NVIDIA H200", "cpu" }));
        Assert.That(groups[0].Measurements.Select(m => m.Seconds!.Median),
            Is.EqualTo(new[] { 0.003, 0.002 }));
        Assert.That(groups[0].Repeated, Is.EqualTo(1));
        Assert.That(new DeviceSection(groups[0], null).Rows.Single().Ratio,
            Is.EqualTo(0.002 / 0.003).Within(1e-12));
    }

    private static CaseRow Row(params ResultLine[] lines) =>
        new DeviceSection(RunGroups.Of(ResultLines.Run(), lines), null).Rows.Single();
}
