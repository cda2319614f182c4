using System.Globalization;
using System.Text.Json;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Results;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Reports;

public class ReportCommandTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void A_small_report_to_the_letter()
    {
        StoreSmall();
        ToolResult result = Report(_folder["new"]);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        using StreamReader approved = new(
            typeof(ReportCommandTests).Assembly.GetManifestResourceStream("small-report.md")!);
        string expected = approved.ReadToEnd();
        string actual = File.ReadAllText(Path.Combine(_folder["new"], "report.md"));
        Assert.That(actual, Is.EqualTo(expected), $"approved is Reports/small-report.md; now it is:\n{actual}");
        Assert.That(Directory.GetFiles(_folder["new"]).Select(Path.GetFileName).Order(),
            Is.EqualTo(new[] { "peers-h200.svg", "report.md", "results.jsonl", "roofline-h200.svg" }));
        Assert.That(result.Out, Does.StartWith(
            "NVIDIA H200 (h200): 4 cases, 2 worse and 0 faster than commit 472be59, beyond noise\n"));
    }

    [Test]
    public void The_culture_changes_nothing()
    {
        StoreSmall();
        Report(_folder["new"], "--output", _folder["plain"]);
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo strange = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        strange.NumberFormat.NumberDecimalSeparator = ",";
        strange.NumberFormat.NegativeSign = "minus";
        strange.NumberFormat.NumberGroupSeparator = "'";
        strange.DateTimeFormat.TimeSeparator = "h";
        try
        {
            CultureInfo.CurrentCulture = strange;
            Assert.That(Report(_folder["new"], "--output", _folder["strange"]).ExitCode, Is.Zero);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        foreach (string name in new[] { "report.md", "peers-h200.svg", "roofline-h200.svg" })
        {
            Assert.That(File.ReadAllText(Path.Combine(_folder["strange"], name)),
                Is.EqualTo(File.ReadAllText(Path.Combine(_folder["plain"], name))));
        }
    }

    [Test]
    public void The_document_has_the_numbers()
    {
        StoreSmall();
        JsonElement json = Report(_folder["new"], "--json").Json;
        Assert.That(json.GetProperty("command").GetString(), Is.EqualTo("report"));
        Assert.That(json.GetProperty("files").GetArrayLength(), Is.EqualTo(3));
        JsonElement device = json.GetProperty("devices")[0];
        Assert.That(device.GetProperty("worse").GetInt32(), Is.EqualTo(2));
        JsonElement first = device.GetProperty("cases")[0];
        Assert.That(first.GetProperty("seconds").GetDouble(), Is.EqualTo(0.005));
        Assert.That(first.GetProperty("rooflineShare").GetDouble(), Is.EqualTo(0.5).Within(1e-12));
        Assert.That(first.GetProperty("oursOverPeer").GetDouble(), Is.EqualTo(0.8).Within(1e-12));
        Assert.That(first.GetProperty("change").GetDouble(), Is.EqualTo(0.25).Within(1e-12));
        Assert.That(first.GetProperty("changeBeyondNoise").GetBoolean());
        Assert.That(device.GetProperty("cases")[2].GetProperty("status").GetString(), Is.EqualTo("failed"));
        Assert.That(device.GetProperty("cases")[3].GetProperty("status").GetString(), Is.EqualTo("absent"));
        Assert.That(device.GetProperty("cases")[3].GetProperty("seconds").ValueKind,
            Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void The_short_form_fits_a_window_and_shows_trouble_first()
    {
        List<ResultLine> lines = [];
        foreach (string device in new[] { "NVIDIA H200", "cpu", "emulator" })
        {
            lines.Add(ResultLines.Run(device));
            lines.AddRange(Enumerable.Range(1, 9).Select(i => new StepLine
            {
                Name = $"step {i}",
                Status = i == 9 ? ResultStatus.Failed : ResultStatus.Ok,
                Reason = i == 9 ? new string('x', 300) + "\n" : null,
            }));
            lines.AddRange(Enumerable.Range(1, 40).Select(i => ResultLines.Measurement(i, length: i * 1000) with
            {
                Status = i == 40 ? ResultStatus.Failed : ResultStatus.Ok,
                Reason = "fault",
            }));
        }

        string folder = _folder.Store("a", [.. lines]);
        string text = Report(folder, "--short").Out;
        string[] rows = text.TrimEnd('\n').Split('\n');
        Assert.That(rows, Has.Length.InRange(30, 40));
        Assert.That(rows.Max(r => r.Length), Is.EqualTo(110), "the long reason is cut");
        Assert.That(rows[0], Is.EqualTo("NVIDIA H200 (h200), 2026-11-21 01:02 UTC, commit 472be59, mode short"));
        Assert.That(rows[1], Does.StartWith("  step 9 FAILED: xxx").And.EndsWith("…"));
        Assert.That(rows[4], Does.Match("^  dense bf16 b1 h16 s40000 d128 causal +failed "));
        Assert.That(rows, Has.Exactly(3).Contains("cases more in the report"));
        Assert.That(File.Exists(Path.Combine(folder, "report.md")), "it is written all the same");
    }

    [Test]
    public void The_short_form_says_how_much_it_leaves_out()
    {
        string folder = _folder.Store("a", [ResultLines.Run(), .. Enumerable.Range(1, 60).Select(i =>
            new StepLine { Name = $"step {i}", Status = ResultStatus.Failed })]);
        string[] rows = Report(folder, "--short").Out.TrimEnd('\n').Split('\n');
        Assert.That(rows, Has.Length.EqualTo(40));
        // A title, 60 steps and that there is no case: 62 lines, of which 39 are shown.
        Assert.That(rows[^1], Is.EqualTo("and 23 lines more in the report"));
    }

    [Test]
    public void The_short_form_shows_the_whole_change()
    {
        StoreSmall();
        string text = Report(_folder["new"], "--short").Out;
        Assert.That(text, Does.Contain(" +25.0 % SLOWER\n").And.Contain("LOST\n"));
        Assert.That(text, Does.Contain("  1 of 2 kernels spill: na_dense_tiled_bf16_d128_sm80\n"));
        Assert.That(text, Does.Contain(
            "  since commit 472be59 of 2026-11-20 01:02 UTC: 2 worse, 0 faster, 1 no longer measured\n"));
    }

    [Test]
    public void Runs_are_compared_with_the_newest_earlier_one_that_shares_machine_device_and_a_case()
    {
        void Store(string name, int day, string machine, double seconds, string device = "NVIDIA H200") =>
            _folder.Store(name, ResultLines.Run(device, machine, day) with { Commit = name },
                ResultLines.Measurement(seconds));
        Store("oldest", 18, "h200", 1);
        Store("older", 19, "h200", 2);
        Store("other", 20, "a100", 3);
        Store("device", 20, "h200", 3, "cpu");
        Store("now", 21, "h200", 4);
        Store("later", 22, "h200", 5);
        _folder.Store("steps", ResultLines.Run(day: 20), new StepLine { Name = "x", Status = ResultStatus.Ok });
        _folder.Store("elsewhat", ResultLines.Run(day: 20) with { Commit = "elsewhat" },
            ResultLines.Measurement(1, length: 8));
        Assert.That(BaselineOf(_folder["now"]), Is.EqualTo("older"));
        Assert.That(BaselineOf(_folder["later"]), Is.EqualTo("now"));
        Assert.That(BaselineOf(_folder["oldest"]), Is.Null);
        Assert.That(BaselineOf(_folder["other"]), Is.Null);
        Assert.That(BaselineOf(_folder["now"], "--baseline", _folder["other"]), Is.EqualTo("other"),
            "what the user names is taken");
        Assert.That(BaselineOf(Path.Combine(_folder["now"], "results.jsonl")), Is.EqualTo("older"));

        ToolResult result = Report(_folder["now"], "--baseline", _folder["device"]);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok));
        Assert.That(result.Out, Does.StartWith("Note: ").And.Contain("has no run on NVIDIA H200 to compare with"));
    }

    [Test]
    public void Neighbours_that_cannot_be_read_are_a_note_and_a_named_baseline_is_an_error()
    {
        string now = _folder.Store("now", ResultLines.Run(), ResultLines.Measurement(1));
        Directory.CreateDirectory(_folder["bad"]);
        File.WriteAllText(Path.Combine(_folder["bad"], "results.jsonl"), "nonsense\n");
        ToolResult result = Report(now);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(result.Out, Does.StartWith("Note: not compared with: ").And.Contain("results.jsonl:1: "));
        Report(now, "--baseline", _folder["bad"]).AssertFailed(ExitCodes.BadInput, "results.jsonl:1: ");
    }

    [Test]
    public void A_run_that_was_cut_short_is_reported_with_a_note()
    {
        string folder = _folder.Store("a", ResultLines.Run(), ResultLines.Measurement(1));
        File.AppendAllText(Path.Combine(folder, "results.jsonl"), "{\"kind\":\"measurement\",\"ca");
        ToolResult result = Report(folder);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(result.Out, Does.Contain("results.jsonl:3: the last line is unfinished"));
        Assert.That(File.ReadAllText(Path.Combine(folder, "report.md")),
            Does.Contain("- Note: ").And.Contain(":3: the last line is unfinished and was left out"));
    }

    [Test]
    public void Steps_alone_are_a_report()
    {
        string folder = _folder.Store("a", ResultLines.Run("cpu", "box"),
            new StepLine { Name = "benchmark", Status = ResultStatus.Skipped, Reason = "no CUDA device" });
        ToolResult result = Report(folder, "--short");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(result.Out, Does.Contain("  benchmark SKIPPED: no CUDA device\n  no case was measured\n"));
        Assert.That(File.ReadAllText(Path.Combine(folder, "report.md")),
            Does.Contain("No case was measured on this device."));
    }

    [Test]
    public void Several_results_make_one_report()
    {
        string gpu = _folder.Store("gpu", ResultLines.Run(), ResultLines.Measurement(1));
        string cpu = _folder.Store("cpu", ResultLines.Run("cpu", "epyc"), ResultLines.Measurement(1, "nattn-cpu"),
            ResultLines.Measurement(2, "ggml"), ResultLines.Run("emulator", "epyc"),
            ResultLines.Measurement(9, "nattn-emulator"));
        Report(gpu, cpu).AssertFailed(ExitCodes.BadInput,
            "2 results are given: --output must say which folder the report goes to");
        Assert.That(Report(gpu, cpu, "--output", _folder["out"]).ExitCode, Is.EqualTo(ExitCodes.Ok));
        string text = File.ReadAllText(Path.Combine(_folder["out"], "report.md"));
        Assert.That(text, Does.Contain("\n## NVIDIA H200 (h200)\n").And.Contain("\n## cpu (epyc)\n")
            .And.Contain("\n## emulator (epyc)\n"));
        Assert.That(text, Does.Contain("| ggml |"));
        Assert.That(Report(_folder.Path, "--short").Out, Does.Contain("NVIDIA H200 (h200)").And.Contain("cpu (epyc)"),
            "a folder of folders");
    }

    [Test]
    public void Bad_input_is_named()
    {
        Report(_folder["none"]).AssertFailed(ExitCodes.BadInput, "none: there is no such file");
        Report(_folder.Path).AssertFailed(ExitCodes.BadInput,
            "neither the folder nor the folders in it have a results.jsonl");
        string empty = _folder.Store("empty", ResultLines.Run(), ResultLines.Matmul(1));
        Report(empty).AssertFailed(ExitCodes.BadInput, "there is neither a measurement nor a step to report");
        string future = _folder.Store("future", ResultLines.Run(), ResultLines.Measurement(1));
        string file = Path.Combine(future, "results.jsonl");
        File.AppendAllText(file, File.ReadLines(file).First().Replace("\"schema\":1", "\"schema\":2") + "\n");
        Report(future).AssertFailed(ExitCodes.BadInput, "results.jsonl:3: 'schema' is '2'; allowed is 1");
        string good = _folder.Store("good", ResultLines.Run(), ResultLines.Measurement(1));
        Report(good, "--output", file).AssertFailed(ExitCodes.BadInput, "which is a file; a folder is needed");
        Assert.That(Report().ExitCode, Is.EqualTo(ExitCodes.BadInput));
    }

    private static ToolResult Report(params string[] arguments) =>
        ToolResult.Of(FakeDevices.WithCpu(), ["report", .. arguments]);

    private static string? BaselineOf(params string[] arguments) =>
        Report([.. arguments, "--json"]).Json.GetProperty("devices")[0].GetProperty("baselineCommit").GetString();

    // One case slower beyond noise, one within, one that no longer runs, one of a peer only, one gone.
    private void StoreSmall()
    {
        _folder.Store("old", ResultLines.Run(day: 20), ResultLines.Matmul(790), ResultLines.Measurement(0.004),
            ResultLines.Measurement(0.002, length: 1024), ResultLines.Measurement(0.002, length: 2048),
            ResultLines.Measurement(0.001, length: 64));
        _folder.Store("new",
            ResultLines.Run() with
            {
                Commit = "0badcaf",
                DeviceDetails = new DeviceDetails { Driver = "570.1 <x|y>", Sms = 132, ClockMHz = 1980 },
                Note = "fabricated",
            },
            new StepLine { Name = "tests", Status = ResultStatus.Ok, Seconds = 61.5, Passed = 1200, Failed = 0 },
            new StepLine { Name = "torch", Status = ResultStatus.Timeout, Seconds = 60, Reason = "60 s | over" },
            ResultLines.Matmul(800) with { Spread = 0.01, Provider = "nattn" },
            ResultLines.Matmul(800),
            ResultLines.Read(4000),
            ResultLines.Measurement(0.005) with
            {
                Kernel = "na_dense_tiled_bf16_d128_sm80",
                MaxError = 1.5e-3,
                HostLaunchSeconds = 3.5e-6,
                ModuleLoadSeconds = 0.0125,
                AllocatedBytes = 0,
            },
            ResultLines.Measurement(0.004, "torch-flash"),
            ResultLines.Measurement(0.02, "torch-math"),
            ResultLines.Measurement(0.00201, length: 1024) with { Flops = 1e11, Metric = ResultMetric.Gbps },
            ResultLines.Measurement(1, length: 2048) with
            {
                Status = ResultStatus.Failed,
                Reason = "illegal address",
                Seconds = null,
            },
            ResultLines.Measurement(0.5, "torch-math", length: 4, mask: "none"),
            ResultLines.Measurement(1, "torch-flash", length: 4, mask: "none") with
            {
                Status = ResultStatus.Skipped,
                Seconds = null,
            },
            new KernelLine
            {
                Name = "na_dense_tiled_bf16_d128_sm80",
                Target = "sm_90",
                Registers = 255,
                SpillStoreBytes = 8,
                SpillLoadBytes = 16,
                SharedBytes = 65536,
                Source = "ptxas 13.0",
            },
            new KernelLine { Name = "other", Registers = 32 });
    }
}
