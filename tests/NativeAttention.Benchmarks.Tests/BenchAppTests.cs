using NativeAttention.Benchmarks.App;
using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>The program from its command line to the file it leaves.</summary>
public class BenchAppTests
{
    [Test]
    public void A_run_leaves_results_that_can_be_read()
    {
#if DEBUG
        Assert.Ignore("BenchmarkDotNet measures optimized assemblies only.");
#endif
        string folder = Directory.CreateTempSubdirectory("nattn-bench-").FullName;
        try
        {
            using StringWriter output = new();
            BenchOptions options = new("-s1x1-", Full: false, folder, "some-machine", "a test");
            Assert.That(new BenchRun(output, options, new Pace(2, 1, 3, 1)).Run(), Is.EqualTo(ExitCodes.Ok),
                output.ToString());
            ResultRun run = ResultReader.Read(Path.Combine(folder, "results.jsonl")).Runs.Single();
            Assert.That(run.Run, Has.Property("Machine").EqualTo("some-machine"));
            Assert.That(run.Run, Has.Property("Note").EqualTo("a test"));
            Assert.That(run.Ceilings.Count(), Is.EqualTo(Probes.Probe.All.Count));
            Assert.That(run.Ceilings.Select(c => c.Value), Has.All.GreaterThan(0.01));
            Assert.That(run.Measurements.Select(m => m.Family),
                Is.EqualTo(new[] { "dense", "oneshot", "plan" }));
            foreach (MeasurementLine line in run.Measurements)
            {
                Assert.That(line.Status, Is.EqualTo(ResultStatus.Ok));
                Assert.That(line.Seconds!.Samples, Is.EqualTo(6));
                Assert.That(line.Seconds.Median, Is.InRange(1e-9, 1e-2));
                Assert.That(line.AllocatedBytes, Is.Not.Null);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void The_list_has_the_names_that_filters_look_at()
    {
        (int code, string output, _) = Start("emulator", "--list");
        Assert.That(code, Is.EqualTo(ExitCodes.Ok));
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[]
        {
            "emulator/dense-f16-b1-h2x2-s512x512-d64x64", "emulator/dense-f16-b1-h2x2-s512x512-d64x64-causal",
        }));
    }

    [Test]
    public void A_filter_that_nothing_passes_is_refused()
    {
        (int code, _, string error) = Start("nosuch");
        Assert.That(code, Is.EqualTo(ExitCodes.BadInput));
        Assert.That(error, Is.EqualTo("bench: filter is 'nosuch': no case of the short mode has a name that "
            + "contains it (--list prints the names)\n"));
    }

    [Test]
    public void The_table_lists_its_cases_on_all_processors_and_on_one()
    {
        (int code, string output, _) = Start("--note", "a note", "cpu", "s4096x4096", "--list");
        Assert.That(code, Is.EqualTo(ExitCodes.Ok));
        string[] names =
            ["cpu/dense-f32-b1-h8x8-s4096x4096-d64x64", "cpu/dense-f32-b1-h8x8-s4096x4096-d64x64-causal"];
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(
            Environment.ProcessorCount == 1 ? names : [.. names, .. names.Select(n => $"{n}-threads=1")]));
    }

    [Test]
    public void Modifiers_are_listed_on_one_thread_too()
    {
        (int code, string output, _) = Start("modifiers", "d128x128-scale", "--one-thread", "--list");
        Assert.That(code, Is.EqualTo(ExitCodes.Ok));
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[]
        {
            "cpu/dense-f32-b1-h8x8-s1024x1024-d128x128-scale=0.5-threads=1",
            "cpu/dense-f32-b1-h8x8-s4096x4096-d128x128-scale=0.5-threads=1",
        }));
    }

    [Test]
    public void Maps_are_listed_with_their_backward()
    {
        (int code, string output, _) = Start("neighborhood", "backward", "--list");
        Assert.That(code, Is.EqualTo(ExitCodes.Ok));
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[]
        {
            "cpu/backward-f32-b1-h4x4-s4096x4096-d32x32-map=64x64-window=7",
            "cpu/backward-f32-b1-h4x4-s4096x4096-d64x64-map=64x64-window=7",
            "cpu/backward-f32-b1-h4x4-s4096x4096-d32x32-map=64x64-window=13",
            "cpu/backward-f32-b1-h4x4-s4096x4096-d64x64-map=64x64-window=13",
            "cpu/backward-f16-b1-h4x4-s4096x4096-d64x64-map=64x64-window=7",
        }));
    }

    [TestCase("nosuch", "filter is 'nosuch': no case of the table has a name that contains it")]
    [TestCase("--ggml", "/no/such", "--ggml is '/no/such': there is no such folder and no such file")]
    public void A_table_that_cannot_be_measured_is_refused(params string[] arguments)
    {
        (int code, _, string error) = Start(["cpu", .. arguments[..^1]]);
        Assert.That(code, Is.EqualTo(ExitCodes.BadInput));
        Assert.That(error, Does.StartWith($"bench: {arguments[^1]}"));
    }

    [TestCase("--short", "--full")]
    [TestCase("cpu", "--engine")]
    [TestCase("--fast")]
    [TestCase("one", "two")]
    public void A_bad_command_line_is_refused(params string[] arguments)
    {
        (int code, _, string error) = Start(arguments);
        Assert.That(code, Is.EqualTo(ExitCodes.BadInput));
        Assert.That(error, Does.StartWith("bench: ").And.Contain(arguments[^1]));
    }

    // Signatures of Zen 4, Zen 5 and Emerald Rapids.
    [TestCase("AMD EPYC", 0x00A10F11, "AMD EPYC 19h-11h")]
    [TestCase("AMD EPYC", 0x00B00F21, "AMD EPYC 1Ah-02h")]
    [TestCase("Intel Xeon Processor", 0x000C06F2, "Intel Xeon Processor 06h-CFh")]
    [TestCase("AMD EPYC 9B14 96-Core Processor", 0x00A10F11, "AMD EPYC 9B14 96-Core Processor")]
    [TestCase("Neoverse", null, "Neoverse")]
    public void A_processor_without_a_number_is_told_by_family_and_model(string name, int? signature, string expected)
    {
        Assert.That(Machine.WithModel(name, signature), Is.EqualTo(expected));
    }

    [TestCase("AMD EPYC", 2, "epyc-2core")]
    [TestCase("AMD EPYC 19h-11h", 2, "epyc-19h-11h-2core")]
    [TestCase("AMD EPYC 9B14 96-Core Processor", 8, "epyc-9b14-8core")]
    [TestCase("Intel(R) Xeon(R) Platinum 8480+ CPU @ 2.00GHz", 4, "xeon-platinum-8480-4core")]
    [TestCase("12th Gen Intel(R) Core(TM) i7-1260P", 16, "12th-gen-i7-16core")]
    public void A_machine_is_named_after_its_processor(string processor, int cores, string name)
    {
        Assert.That(Machine.Slug(processor, cores), Is.EqualTo(name));
    }

    private static (int Code, string Output, string Error) Start(params string[] arguments)
    {
        using StringWriter output = new() { NewLine = "\n" };
        using StringWriter error = new() { NewLine = "\n" };
        int code = new BenchApp(new ToolConsole(output, error, ErrorIsTerminal: false)).Run(arguments);
        return (code, output.ToString(), error.ToString());
    }
}
