using NativeAttention.Benchmarks.Problems;
using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.App;
using NativeAttention.DeviceBenchmarks.Tests.Support;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Tests.App;

public sealed class BenchmarkAppTests
{
    [Test]
    public void Every_tiny_case_is_measured_and_written()
    {
        using Files files = new();
        string path = files["results.jsonl"];
        (int code, string text, string error) = Run("--device", "emulator", "--out", path);
        Assert.That(code, Is.EqualTo(ExitCodes.Ok), error);
        ResultRun run = ResultReader.Read(path).Runs.Single();
        MeasurementLine[] lines = [.. run.Measurements];
        Assert.Multiple(() =>
        {
            Assert.That(run.Run.Device, Is.EqualTo("emulator"));
            Assert.That(run.Run.DeviceDetails!.ComputeCapability, Is.EqualTo("8.0"));
            Assert.That(run.Ceilings.Select(c => c.Name), Is.SupersetOf(
                (string[])["matmul-bf16", "matmul-f16", "matmul-f32", "fma-f32", "read"]));
            Assert.That(lines.Select(l => l.Provider), Is.All.EqualTo("nattn-emulator").Or.EqualTo("plain"));
            Assert.That(lines.Count(l => l.Status == ResultStatus.Ok), Is.GreaterThanOrEqualTo(5));
            foreach (string modifier in Modifier.Names)
            {
                Assert.That(lines.Count(l => l.IsOurs && l.Status == ResultStatus.Ok
                    && l.Options!.ContainsKey(modifier)), Is.Positive, modifier);
            }

            foreach (MeasurementLine map in lines.Where(l => l.IsOurs && l.Family == "neighborhood"))
            {
                Assert.That(map.Status, Is.EqualTo(ResultStatus.Ok), map.Case);
                Assert.That(map.Kernel, Does.StartWith("na_neighborhood_tiled"), map.Case);
                Assert.That(map.MaxError, Is.Positive, map.Case);
                Assert.That(lines.Count(l => l.Case == map.Case && l.Provider == MeasurementLine.Plain), Is.EqualTo(1));
            }

            Assert.That(lines.Count(l => l.IsOurs && l.Family == "neighborhood"), Is.GreaterThanOrEqualTo(6));
            foreach (MeasurementLine plain in lines.Where(l => l.Provider == MeasurementLine.Plain))
            {
                MeasurementLine ours = lines.Single(l => l.IsOurs && l.Case == plain.Case);
                Assert.That(plain.Status, Is.EqualTo(ResultStatus.Ok), plain.Case);
                Assert.That(plain.Kernel, Does.StartWith("na_dense_tiled"), plain.Case);
                Assert.That((plain.Flops, plain.Bytes), Is.EqualTo((ours.Flops, ours.Bytes)), plain.Case);
            }
            Assert.That(lines.Count(l => l.Status == ResultStatus.Failed), Is.Zero);
            MeasurementLine first = lines.First(l => l.Status == ResultStatus.Ok);
            Assert.That(first.Kernel, Is.EqualTo("na_dense_tiled_bf16_d64_sm80"));
            // 96 queries see 1 to 96 keys; 2 heads; 4 operations for each of 64 elements.
            Assert.That(first.Flops, Is.EqualTo(96 * 97 / 2 * 2 * 4 * 64));
            Assert.That(first.MaxError, Is.Positive);
            Assert.That(first.ModuleLoadSeconds, Is.Positive);
            Assert.That(first.HostLaunchSeconds, Is.Positive);
            MeasurementLine refused = lines.Single(l => l.Status == ResultStatus.Skipped);
            Assert.That(refused.Reason, Does.Contain("head dim 264"));
            Assert.That(text, Does.Contain(first.Case).And.Contain("SKIPPED"));
        });
    }

    [Test]
    public void Results_are_appended()
    {
        using Files files = new();
        string path = files["results.jsonl"];
        for (int i = 0; i < 2; i++)
        {
            Assert.That(Run("--device", "emulator", "--out", path, "--filter", "f32", "--machine", "desk").Code,
                Is.EqualTo(ExitCodes.Ok));
        }

        IReadOnlyList<ResultRun> runs = ResultReader.Read(path).Runs;
        Assert.That(runs, Has.Count.EqualTo(2));
        Assert.That(runs.Select(r => r.Run.Machine), Is.All.EqualTo("desk"));
    }

    [Test]
    public void Cases_after_the_time_limit_are_skipped_with_a_reason()
    {
        using Files files = new();
        string path = files["results.jsonl"];
        int code = Run("--device", "emulator", "--out", path, "--time-limit", "0.001").Code;
        Assert.That(code, Is.EqualTo(ExitCodes.Ok));
        MeasurementLine[] lines = [.. ResultReader.Read(path).Runs.Single().Measurements];
        Assert.That(lines, Is.Not.Empty);
        Assert.That(lines.Select(l => l.Status), Is.All.EqualTo(ResultStatus.Skipped));
        Assert.That(lines.Select(l => l.Reason), Is.All.Contains("time limit"));
    }

    [Test]
    public void A_kernel_that_computes_wrongly_is_never_reported_as_fast()
    {
        using Files files = new();
        WriteKernelsThatDoNothing(files);
        string path = files["results.jsonl"];
        Environment.SetEnvironmentVariable("NATTN_PTX_DIRECTORY", files.Path);
        try
        {
            int code = Run("--device", "emulator", "--out", path, "--filter", "f32").Code;
            Assert.That(code, Is.EqualTo(ExitCodes.CheckFailed));
        }
        finally
        {
            Environment.SetEnvironmentVariable("NATTN_PTX_DIRECTORY", null);
        }

        MeasurementLine line = ResultReader.Read(path).Runs.Single().Measurements.First();
        Assert.That(line.Status, Is.EqualTo(ResultStatus.Failed));
        Assert.That(line.Reason, Does.Contain("not written"));
        Assert.That(line.Seconds, Is.Null);
    }

    [Test]
    public void Without_the_device_there_is_one_line_and_the_exit_code_for_it()
    {
        (int code, string text, string error) = Run("--device", "cuda:99");
        Assert.That(code, Is.EqualTo(ExitCodes.NotAvailable));
        Assert.That(error, Does.StartWith("benchmark: no CUDA device: "));
        Assert.That(error.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
        Assert.That(text, Is.Empty);
    }

    [TestCase("--device", "cpu")]
    [TestCase("--device", "gpu")]
    [TestCase("--mode", "quick")]
    [TestCase("--time-limit", "0")]
    [TestCase("--cases", "/nowhere")]
    [TestCase("--filter", "no-such-case", "--device", "emulator")]
    public void Bad_input_is_refused(params string[] arguments)
    {
        (int code, _, string error) = Run(arguments);
        Assert.That(code, Is.EqualTo(ExitCodes.BadInput));
        Assert.That(error, Does.Contain(arguments[1]).And.StartWith("benchmark: "));
    }

    private static (int Code, string Text, string Error) Run(params string[] arguments)
    {
        using StringWriter text = new(), error = new();
        int code = new BenchmarkApp(new ToolConsole(text, error, false), new ToolEnvironment(null)).Run(arguments);
        return (code, text.ToString(), error.ToString());
    }

    private static void WriteKernelsThatDoNothing(Files files)
    {
        foreach (IGrouping<string, KernelInfo> module in KernelCatalog.Kernels.GroupBy(k => k.Module))
        {
            string entries = string.Concat(module.Select(k => $$"""
                .visible .entry {{k.Name}}(.param .align 8 .b8 p[{{k.ParameterBytes}}])
                .maxntid {{k.Threads}}, 1, 1
                { ret; }

                """));
            files.Write(module.Key + ".ptx", ".version 7.0\n.target sm_80\n.address_size 64\n" + entries);
        }
    }
}
