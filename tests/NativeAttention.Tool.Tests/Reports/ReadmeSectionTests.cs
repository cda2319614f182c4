using NativeAttention.Tool.App;
using NativeAttention.Tool.Reports;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Results;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Reports;

public class ReadmeSectionTests
{
    private const string Old = $"# Title\n\n{ReadmeSection.Begin}\nold\n{ReadmeSection.End}\n\nrest\n";

    [Test]
    public void The_readme_says_what_the_stored_results_say()
    {
        string root = SourceTree.Root();
        string results = Path.Combine(root, "benchmarks/results"), readme = Path.Combine(root, "README.md");
        string section = ReadmeSection.Render(
            RunGroup.Of(ResultSources.InFoldersOf(results).Select(ResultReader.Read)), root);
        string text = File.ReadAllText(readme);
        Assert.That(text, Is.EqualTo(ReadmeSection.Replace(text, section, readme)),
            "run 'nattn report benchmarks/results --readme README.md' in the root of the sources");
    }

    [Test]
    public void The_newest_run_of_each_kind_of_device_is_shown()
    {
        using TempFolder folder = new();
        folder.Store("old", ResultLines.Run(day: 20), ResultLines.Measurement(9));
        folder.Store("new|1", ResultLines.Run(day: 21), ResultLines.Matmul(800), ResultLines.Read(4000),
            ResultLines.Measurement(0.005), ResultLines.Measurement(0.004, "torch-flash"));
        folder.Store("steps", ResultLines.Run(day: 22), new StepLine { Name = "tests", Status = ResultStatus.Ok });
        RunLine cpu = ResultLines.Run("cpu", "epyc") with
        {
            DeviceDetails = new DeviceDetails { Cpu = "AMD EPYC" },
            Note = "shared",
        };
        folder.Store("cpu", [cpu, .. Enumerable.Range(1, 14).Select(i =>
            ResultLines.Measurement(i, "nattn-cpu", length: i))]);
        File.WriteAllText(folder["README.md"], Old);
        ToolResult result =
            ToolResult.Of(FakeDevices.WithCpu(), "report", folder.Path, "--readme", folder["README.md"]);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        string text = File.ReadAllText(folder["README.md"]);
        Assert.That(text, Does.StartWith($"""
            # Title

            {ReadmeSection.Begin}

            GPU: NVIDIA H200, 2026-11-21 01:02 UTC, commit 472be59. [Everything measured](new%7C1).

            | case | time | noise | rate | of the roofline | best peer | ours / peer |
            | --- | ---: | ---: | ---: | ---: | --- | ---: |
            | dense bf16 b1 h16 s4096 d128 causal | 5.000 ms | ±2.0 % | 400 TFLOP/s | 50.0 % | torch-flash | 0.800 |

            CPU: AMD EPYC, 2026-11-21 01:02 UTC, commit 472be59. [Everything measured](cpu).

            shared

            | case | time | noise | rate |
            | --- | ---: | ---: | ---: |
            | dense bf16 b1 h16 s1 d128 causal | 1.000 s | ±2.0 % | 2.00 TFLOP/s |
            """));
        Assert.That(text, Does.EndWith($"""
            And 2 cases more.

            Emulated GPU: no measurement is stored yet, so no speed is claimed.

            {ReadmeSection.End}

            rest

            """));
        Assert.That(folder.Names, Is.EqualTo(new[] { "README.md", "cpu", "new|1", "old", "steps" }),
            "nothing else is written");
    }

    [Test]
    public void Machines_do_not_hide_each_other()
    {
        using TempFolder folder = new();
        folder.Store("old", ResultLines.Run("cpu", "one", day: 18), ResultLines.Measurement(9, "nattn-cpu"));
        folder.Store("one", ResultLines.Run("cpu", "one", day: 20), ResultLines.Measurement(5, "nattn-cpu"));
        folder.Store("two", ResultLines.Run("cpu", "two", day: 19), ResultLines.Measurement(7, "nattn-cpu"));
        File.WriteAllText(folder["README.md"], Old);
        ToolResult result =
            ToolResult.Of(FakeDevices.WithCpu(), "report", folder.Path, "--readme", folder["README.md"]);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        string text = File.ReadAllText(folder["README.md"]);
        int first = text.IndexOf("(one)", StringComparison.Ordinal);
        Assert.That(first, Is.GreaterThan(0));
        Assert.That(text.IndexOf("(two)", StringComparison.Ordinal), Is.GreaterThan(first));
        Assert.That(text, Does.Not.Contain("(old)"));
    }

    [Test]
    public void Of_each_goal_the_newest_run_that_has_it_is_shown()
    {
        using TempFolder folder = new();
        Store("a-replaced", day: 18, length: 16, "speed of one");
        Store("b-one", day: 20, length: 16, "speed of one", "speed of both");
        Store("c-other", day: 19, length: 32, "speed of another", "speed of both");
        folder.Store("d-none", ResultLines.Run(day: 21), ResultLines.Measurement(1));
        File.WriteAllText(folder["README.md"], Old);
        ToolResult result =
            ToolResult.Of(FakeDevices.WithCpu(), "report", folder.Path, "--readme", folder["README.md"]);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(File.ReadAllText(folder["README.md"]), Does.Contain($"""
            {ReadmeSection.Begin}

            GPU: NVIDIA H200, 2026-11-20 01:02 UTC, commit 472be59. [Everything measured](b-one).

            | goal | reached | aim | state |
            | --- | ---: | ---: | --- |
            | speed of one | 4.000 ms | 1.000 s | aim reached |
            | speed of both | 4.000 ms | 1.000 s | aim reached |

            | case | time | noise | rate | over plain |
            | --- | ---: | ---: | ---: | ---: |
            | dense bf16 b1 h16 s8 d128 causal | 4.000 ms | ±2.0 % | 500 TFLOP/s | 2.00 |
            | dense bf16 b1 h16 s16 d128 causal | 4.000 ms | ±2.0 % | 500 TFLOP/s | 2.00 |

            GPU: NVIDIA H200, 2026-11-19 01:02 UTC, commit 472be59. [Everything measured](c-other).

            | goal | reached | aim | state |
            | --- | ---: | ---: | --- |
            | speed of another | 4.000 ms | 1.000 s | aim reached |

            | case | time | noise | rate | over plain |
            | --- | ---: | ---: | ---: | ---: |
            | dense bf16 b1 h16 s32 d128 causal | 4.000 ms | ±2.0 % | 500 TFLOP/s | 2.00 |

            CPU: no measurement
            """));

        // Two cases, of which all runs have the first.
        void Store(string name, int day, int length, params string[] goals) => folder.Store(name,
        [
            ResultLines.Run(day: day),
            .. from s in (int[])[8, length]
               from m in (MeasurementLine[])[ResultLines.Measurement(0.004, length: s),
                   ResultLines.Measurement(0.002, MeasurementLine.Plain, s)]
               select m,
            .. goals.Select(goal => new GoalLine
            {
                Name = goal,
                Case = ResultLines.Measurement(0.004, length: length).Case,
                Quantity = GoalQuantity.Seconds,
                Aim = 1,
            }),
        ]);
    }

    [TestCase("no marker", "must be in it exactly once")]
    [TestCase(Old + ReadmeSection.End, "must be in it exactly once")]
    [TestCase(ReadmeSection.End + "\n" + ReadmeSection.Begin, "stands before")]
    public void A_readme_without_its_markers_is_refused_and_left_alone(string text, string message)
    {
        using TempFolder folder = new();
        string results = folder.Store("a", ResultLines.Run(), ResultLines.Measurement(1));
        File.WriteAllText(folder["README.md"], text);
        ToolResult.Of(FakeDevices.WithCpu(), "report", results, "--readme", folder["README.md"])
            .AssertFailed(ExitCodes.BadInput, message);
        Assert.That(File.ReadAllText(folder["README.md"]), Is.EqualTo(text));
        ToolResult.Of(FakeDevices.WithCpu(), "report", results, "--readme", folder["none.md"])
            .AssertFailed(ExitCodes.BadInput, "none.md', which does not exist");
    }
}
