using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Probes;
using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>The lines that are written, read again by the one who reports them.</summary>
public class CollectorTests
{
    private static readonly RunLine Run = new()
    {
        Schema = RunLine.CurrentSchema,
        Date = new DateTime(2026, 11, 20, 12, 0, 0, DateTimeKind.Utc),
        Commit = "1234567",
        Machine = "some-2core",
        Device = "cpu",
        Mode = "short",
    };

    private static readonly BenchCase Full = new()
    {
        Device = BenchDevice.Cpu,
        Shape = new AttentionShape(1, 4, 8, 2, 1, 16),
    };

    [Test]
    public void A_case_becomes_a_measurement_with_its_work()
    {
        Collector collector = new();
        collector.Add(Full with { Mask = AttentionMask.Causal, Threads = 1 }, [2e-6, 1e-6, 3e-6], 8);
        collector.Add(Full with { Mask = AttentionMask.Causal, Threads = 1 }, [4e-6], 16);
        MeasurementLine line = Read(collector).Single().Measurements.Single();
        Assert.Multiple(() =>
        {
            Assert.That(line.Case, Is.EqualTo("dense-f32-b1-h2x1-s4x8-d16x16-causal-threads=1"));
            Assert.That(line.Provider, Is.EqualTo("nattn-cpu"));
            Assert.That(line.Kernel, Does.Match("^na_cpu_(decode|tiled)_f32"));
            Assert.That(line.Status, Is.EqualTo(ResultStatus.Ok));
            Assert.That(line.Seconds!.Median, Is.EqualTo(2.5e-6).Within(1e-15));
            Assert.That(line.Seconds.Samples, Is.EqualTo(4));
            Assert.That(line.Flops, Is.EqualTo(2 * 26 * 4 * 16)); // 2 heads, 5 + 6 + 7 + 8 pairs, 4 D each
            Assert.That(line.Bytes, Is.EqualTo(4 * ((2 * 4 * 2 * 16) + (2 * 8 * 16))));
            Assert.That(line.AllocatedBytes, Is.EqualTo(8));
        });
    }

    [Test]
    public void A_plan_has_a_time_and_no_work()
    {
        Collector collector = new();
        collector.Add(Full with { Family = BenchFamily.Plan }, [1e-6], 100);
        MeasurementLine line = Read(collector).Single().Measurements.Single();
        Assert.That((line.Family, line.Flops, line.Bytes, line.Metric),
            Is.EqualTo(("plan", default(double?), default(double?), ResultMetric.Seconds)));
    }

    [Test]
    public void A_pass_that_fails_makes_the_case_fail()
    {
        Collector collector = new();
        collector.Add(Full, [1e-6], 0);
        Assert.That(collector.AnyFailed, Is.False);
        collector.Add(Full, [], null);
        Assert.That(collector.AnyFailed, Is.True);
        MeasurementLine line = Read(collector).Single().Measurements.Single();
        Assert.That(line.Status, Is.EqualTo(ResultStatus.Failed));
        Assert.That(line.Reason, Does.StartWith("1 of 2 passes failed"));
    }

    [Test]
    public void A_probe_becomes_a_ceiling()
    {
        Probe all = new ReadProbe(Environment.ProcessorCount);
        Probe other = new FmaProbe(Environment.ProcessorCount + 1);
        Collector collector = new();
        collector.Add(all, [all.Work / 40e9, all.Work / 50e9, all.Work / 60e9], 0);
        collector.Add(other, [other.Work / 1e9], 0);
        collector.Add(Full, [1e-6], 0);
        CeilingLine[] lines = [.. Read(collector).Single().Ceilings];
        Assert.That(lines.Select(l => (l.Name, Math.Round(l.Value, 6), l.Unit, l.Threads)), Is.EqualTo(new[]
        {
            ("read", 50.0, "GB/s", default(int?)),
            ("fma-f32", 1.0, "GFLOP/s", Environment.ProcessorCount + 1),
        }));
    }

    [Test]
    public void Measurements_come_in_the_order_of_the_list()
    {
        Collector collector = new();
        foreach (BenchCase @case in CaseList.All.Take(3).Reverse())
        {
            collector.Add(@case, [1e-6], 0);
        }

        Assert.That(Read(collector).Single().Measurements.Select(m => $"cpu/{m.Case}"),
            Is.EqualTo(CaseList.All.Take(3).Select(c => c.Name)));
    }

    [Test]
    public void Each_device_has_its_run_and_the_ceilings_are_the_processors()
    {
        Collector collector = new();
        collector.Add(new FmaProbe(1), [1e-3], 0);
        collector.Add(Full, [1e-6], 0);
        collector.Add(Full with { Device = BenchDevice.Emulator, Type = ElementType.Float16 }, [1e-3], 0);
        IReadOnlyList<ResultRun> runs = Read(collector);
        Assert.That(runs.Select(r => (r.Run.Device, r.Ceilings.Count(), r.Measurements.Single().Provider)),
            Is.EqualTo(new[] { ("cpu", 1, "nattn-cpu"), ("emulator", 0, "nattn-emulator") }));
    }

    private static IReadOnlyList<ResultRun> Read(Collector collector)
    {
        string file = Path.GetTempFileName();
        try
        {
            using (ResultWriter writer = new(file))
            {
                foreach (ResultLine line in collector.Lines(Run))
                {
                    writer.Append(line);
                }
            }

            return ResultReader.Read(file).Runs;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
