using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Results;

public class ResultFileTests
{
    private const string RunText =
        """{"kind":"run","schema":1,"date":"2026-11-21T00:00:00Z","commit":"472be59","machine":"h200","device":"cpu","mode":"full"}""";

    private const string MeasurementText =
        """{"kind":"measurement","case":"dense-f32-b1-h8x8-s9x9-d64x64","family":"dense","provider":"nattn","dtype":"f32","shape":{"batch":1,"queryLength":9,"keyLength":9,"queryHeads":8,"keyValueHeads":8,"headDim":64,"valueHeadDim":64},"status":"ok","seconds":{"median":0.5},"metric":"seconds"}""";

    [Test]
    public void What_is_written_is_read_back()
    {
        using TempFolder folder = new();
        string path = folder["results.jsonl"];
        ResultLine[] lines =
        [
            ResultLines.Run() with
            {
                DeviceDetails = new DeviceDetails { Driver = "570.1 \"<&>\" ä", Sms = 132, ClockMHz = 1980.5 },
                Note = "shared",
            },
            ResultLines.Matmul(790.1),
            ResultLines.Read(4300) with { Spread = 0.01, Provider = "nattn" },
            ResultLines.Measurement(0.001) with { Kernel = "k", MaxError = 1e-3, HostLaunchSeconds = 2e-6 },
            ResultLines.Measurement(0.1, "torch-math") with
            {
                Status = ResultStatus.Skipped,
                Reason = "no",
                Seconds = null,
            },
            new KernelLine { Name = "k", Target = "sm_90", Registers = 255, SpillStoreBytes = 0 },
            new StepLine { Name = "tests", Status = ResultStatus.Timeout, Seconds = 60, Passed = 3 },
        ];
        using (ResultWriter writer = new(path))
        {
            foreach (ResultLine line in lines)
            {
                writer.Append(line);
                // A killed process would leave what is on disk now.
                Assert.That(File.ReadAllText(path), Does.EndWith("}\n"));
            }
        }

        ResultFile file = ResultReader.Read(path);
        Assert.That(file.Warning, Is.Null);
        Assert.That(file.Runs, Has.Count.EqualTo(1));
        ResultLine[] read = [file.Runs[0].Run, .. file.Runs[0].Lines];
        Assert.That(read.Select(Comparable), Is.EqualTo(lines.Select(Comparable)));
        Assert.That(read.OfType<MeasurementLine>().First().Options!.ToJsonString(),
            Is.EqualTo("""{"mask":"causal"}"""));
        string[] text = File.ReadAllLines(path);
        Assert.That(text[0], Does.StartWith(
            """{"kind":"run","schema":1,"date":"2026-11-21T01:02:03Z","commit":"472be59","machine":"h200","device":"NVIDIA H200","deviceDetails":{"driver":"570.1 \"<&>\" ä","sms":132,"clockMHz":1980.5},"mode":"short","note":"shared"}"""));
        Assert.That(text[6], Is.EqualTo(
            """{"kind":"step","name":"tests","status":"timeout","seconds":60,"passed":3}"""));
    }

    [Test]
    public void The_kind_may_come_last_and_unknown_fields_and_blank_lines_are_passed_over()
    {
        string run = """{"schema":1,"date":"2026-11-21T01:00:00+01:00","future":{"a":[1]},"commit":"4","machine":"m","device":"cpu","mode":"full","kind":"run"}""";
        ResultFile file = ResultReader.Parse("x", $"\n{run}\r\n\n{MeasurementText}\n");
        Assert.That(file.Runs[0].Run.Date,
            Is.EqualTo(new DateTime(2026, 11, 21, 0, 0, 0, DateTimeKind.Utc)));
        Assert.That(file.Runs[0].Lines, Has.Count.EqualTo(1));
    }

    [Test]
    public void Lines_belong_to_the_run_before_them()
    {
        ResultFile file = ResultReader.Parse("x",
            $"{RunText}\n{RunText}\n{MeasurementText}\n{MeasurementText}\n{RunText}\n{MeasurementText}\n");
        Assert.That(file.Runs.Select(r => r.Lines.Count), Is.EqualTo(new[] { 0, 2, 1 }));
    }

    [TestCase("", "x: it has no line of kind 'run'")]
    [TestCase(MeasurementText + "\n", "x:1: this line belongs to no run: a line of kind 'run' comes first")]
    [TestCase(RunText + "\n\nnonsense\n", "x:3: 'nonsense' is an invalid JSON literal. Expected the literal 'null'.")]
    [TestCase(RunText + "\n[]\n", "x:2: a line must be a JSON object with a text 'kind'")]
    [TestCase(RunText + "\n{}\n", "x:2: a line must be a JSON object with a text 'kind'")]
    [TestCase(RunText + "\n{\"kind\":7}\n", "x:2: a line must be a JSON object with a text 'kind'")]
    [TestCase(RunText + "\n{\"kind\":\"steps\"}\n",
        "x:2: 'kind' is 'steps'; allowed is run, ceiling, measurement, kernel, step, goal")]
    [TestCase(RunText + "\n{\"kind\":\"step\",\"name\":\"a\"}\n", "x:2: ", "'status'")]
    [TestCase(RunText + "\n{\"kind\":\"step\",\"name\":null,\"status\":\"ok\"}\n", "x:2: ", "name")]
    [TestCase(RunText + "\n{\"kind\":\"step\",\"name\":\"a\",\"status\":\"great\"}\n", "x:2: ", "status")]
    [TestCase(RunText + "\n{\"kind\":\"step\",\"name\":\"a\",\"status\":1}\n", "x:2: ", "status")]
    [TestCase(RunText + "\n{\"kind\":\"ceiling\",\"name\":\"read\",\"value\":0,\"unit\":\"GB/s\"}\n",
        "x:2: 'value' is '0'; allowed is a finite number above 0")]
    [TestCase(RunText + "\n{\"kind\":\"ceiling\",\"name\":\"read\",\"value\":1,\"unit\":\"GFLOP/s\"}\n",
        "x:2: 'unit' is 'GFLOP/s'; allowed is GB/s for the ceiling 'read'")]
    public void A_line_that_is_none_is_named_by_file_and_line(string text, params string[] messages)
    {
        ToolException e = Assert.Throws<ToolException>(() => ResultReader.Parse("x", text))!;
        Assert.That(e.ExitCode, Is.EqualTo(ExitCodes.BadInput));
        foreach (string message in messages)
        {
            Assert.That(e.Message, Does.Contain(message));
        }

        Assert.That(e.Message, Does.Not.Contain("LineNumber"), "the only line number is that of the file");
    }

    [TestCase("\"schema\":1", "\"schema\":2", "'schema' is '2'; allowed is 1 (this nattn reads no other)")]
    [TestCase("\"h200\"", "\"H 200\"", "'machine' is 'H 200'; allowed is small letters, digits and hyphens")]
    [TestCase("\"full\"", "\"long\"", "'mode' is 'long'; allowed is short, full")]
    [TestCase("\"472be59\"", "\" \"", "'commit' is ' '; allowed is any text that is not blank")]
    [TestCase("2026-11-21T00:00:00Z", "yesterday", "date")]
    public void A_run_must_be_one(string good, string bad, string message) =>
        Assert.That(() => ResultReader.Parse("x", RunText.Replace(good, bad) + "\n"),
            Throws.TypeOf<ToolException>().With.Message.Contains(message));

    [TestCase("\"dense-f32-", "\"dense-f16-", "allowed is 'dense-f32-b1-h8x8-s9x9-d64x64', which follows")]
    [TestCase("\"dtype\":\"f32\"", "\"dtype\":\"fp32\"", "'dtype' is 'fp32'; allowed is bf16, f16, f32")]
    [TestCase("\"batch\":1", "\"batch\":-1", "'shape.batch' is '-1'")]
    [TestCase("{\"median\":0.5}", "{\"median\":0}", "'seconds.median' is '0'; allowed is a finite number")]
    [TestCase("{\"median\":0.5}", "{\"min\":0.5}", "median")]
    [TestCase("\"seconds\":{\"median\":0.5},", "", "'seconds' is 'absent'")]
    [TestCase("\"status\":\"ok\"", "\"status\":\"timeout\"", "'status' is 'timeout'")]
    [TestCase("\"metric\":\"seconds\"", "\"metric\":\"seconds\",\"flops\":-1", "'flops' is '-1'")]
    [TestCase("\"metric\":\"seconds\"", "\"metric\":\"joules\"", "metric")]
    [TestCase("\"metric\":\"seconds\"", "\"metric\":\"seconds\",\"metric\":\"gbps\"", "metric")]
    public void A_measurement_must_be_one(string good, string bad, string message) =>
        Assert.That(() => ResultReader.Parse("x", $"{RunText}\n{MeasurementText.Replace(good, bad)}\n"),
            Throws.TypeOf<ToolException>().With.Message.StartsWith("x:2: ").And.Message.Contains(message));

    [Test]
    public void A_last_line_that_was_cut_short_is_a_warning_wherever_it_was_cut()
    {
        string whole = $"{RunText}\n{MeasurementText}\n";
        for (int length = RunText.Length + 2; length < whole.Length - 1; length++)
        {
            ResultFile file = ResultReader.Parse("x", whole[..length]);
            Assert.That(file.Runs[0].Lines, Is.Empty);
            Assert.That(file.Warning, Does.StartWith("x:2: the last line is unfinished"));
        }

        Assert.That(ResultReader.Parse("x", whole[..^1]).Warning, Is.Null, "only the line end is missing");
        Assert.That(() => ResultReader.Parse("x", $"{RunText}\n{MeasurementText[..50]}\n"),
            Throws.TypeOf<ToolException>(), "a line that was ended must be whole");
    }

    [Test]
    public void A_missing_file_is_named() =>
        Assert.That(() => ResultReader.Read("/nowhere/results.jsonl"),
            Throws.TypeOf<ToolException>().With.Message.EqualTo(
                "/nowhere/results.jsonl: there is no such file"));

    [TestCase(RunText, RunText + "\n")]
    [TestCase(RunText + "\n{\"kind\":\"st", RunText + "\n")]
    [TestCase(RunText + "\n", RunText + "\n")]
    [TestCase("{\"ki", "")]
    [TestCase("", "")]
    public void A_writer_goes_on_after_a_killed_one(string left, string kept)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["r.jsonl"], left);
        using (ResultWriter writer = new(folder["r.jsonl"]))
        {
            writer.Append(new StepLine { Name = "tests", Status = ResultStatus.Ok });
        }

        Assert.That(File.ReadAllText(folder["r.jsonl"]),
            Is.EqualTo(kept + "{\"kind\":\"step\",\"name\":\"tests\",\"status\":\"ok\"}\n"));
    }

    [Test]
    public void A_line_that_no_reader_would_take_is_not_written()
    {
        using TempFolder folder = new();
        using ResultWriter writer = new(folder["r.jsonl"]);
        Assert.That(() => writer.Append(ResultLines.Matmul(double.NaN)), Throws.TypeOf<FormatException>());
        Assert.That(() => writer.Append(ResultLines.Measurement(0)), Throws.TypeOf<FormatException>());
        Assert.That(new FileInfo(folder["r.jsonl"]).Length, Is.Zero);
    }

    // Records compare JSON nodes by reference.
    private static ResultLine Comparable(ResultLine line) =>
        line is MeasurementLine m ? m with { Options = null } : line;
}
