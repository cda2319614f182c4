using NativeAttention.Tool.App;
using NativeAttention.Tool.Reports;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Results;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Reports;

/// <summary>Goals held against what was measured.</summary>
public class GoalTests
{
    // 2e12 operations and 4e9 bytes in 4 ms, of 1000 TFLOP/s and 2000 GB/s; a peer in 6 ms; float16 in 5 ms.
    private static readonly MeasurementLine Ours = ResultLines.Measurement(4e-3) with { AllocatedBytes = 8 };
    private static readonly MeasurementLine Other = ResultLines.Measurement(5e-3, dtype: "f16");

    private static readonly ResultLine[] Lines =
    [
        ResultLines.Matmul(1000), ResultLines.Matmul(1000, "f16"), ResultLines.Read(2000), Ours, Other,
        ResultLines.Measurement(6e-3, "torch"),
    ];

    [TestCase(nameof(GoalQuantity.ComputeShare), null, 0.5)]
    [TestCase(nameof(GoalQuantity.ReadShare), null, 0.5)]
    [TestCase(nameof(GoalQuantity.SpeedOverProvider), "torch", 1.5)]
    [TestCase(nameof(GoalQuantity.SpeedOverProvider), "ggml", null)]
    [TestCase(nameof(GoalQuantity.TimeOverProvider), "torch", 2 / 3d)]
    [TestCase(nameof(GoalQuantity.TimeOverProvider), "ggml", null)]
    [TestCase(nameof(GoalQuantity.SpeedOverCase), "dense-f16-b1-h16x16-s4096x4096-d128x128-causal", 1.25)]
    [TestCase(nameof(GoalQuantity.SpeedOverCase), "dense-f16-b1-h1x1-s1x1-d1x1", null)]
    [TestCase(nameof(GoalQuantity.Seconds), null, 4e-3)]
    [TestCase(nameof(GoalQuantity.AllocatedBytes), null, 8d)]
    public void What_is_reached_follows_from_the_lines(string quantity, string? against, double? reached)
    {
        GoalRow row = Hold(Goal(quantity, against, null, 1));
        Assert.That(row.Reached, reached is { } value ? Is.EqualTo(value).Within(1e-12) : Is.Null);
        Assert.That(row.State == GoalState.NotMeasured, Is.EqualTo(reached is null));
    }

    [TestCase(nameof(GoalQuantity.ComputeShare), 0.4, 0.5, nameof(GoalState.Aim))]
    [TestCase(nameof(GoalQuantity.ComputeShare), 0.5, 0.6, nameof(GoalState.Floor))]
    [TestCase(nameof(GoalQuantity.ComputeShare), 0.51, 0.6, nameof(GoalState.Missed))]
    [TestCase(nameof(GoalQuantity.ComputeShare), null, 0.6, nameof(GoalState.Missed))]
    [TestCase(nameof(GoalQuantity.Seconds), 5e-3, 4e-3, nameof(GoalState.Aim))]
    [TestCase(nameof(GoalQuantity.Seconds), 4e-3, 3e-3, nameof(GoalState.Floor))]
    [TestCase(nameof(GoalQuantity.Seconds), 3.9e-3, 3e-3, nameof(GoalState.Missed))]
    [TestCase(nameof(GoalQuantity.AllocatedBytes), null, 0d, nameof(GoalState.Missed))]
    public void Less_is_better_only_where_it_is_a_cost(
        string quantity, double? floor, double aim, string state) =>
        Assert.That($"{Hold(Goal(quantity, null, floor, aim)).State}", Is.EqualTo(state));

    [Test]
    public void Plain_attention_is_no_peer_but_what_a_cost_is_over()
    {
        RunGroup group = RunGroups.Of(
            ResultLines.Run(), Ours, ResultLines.Measurement(2e-3, "plain"), ResultLines.Measurement(6e-3, "torch"));
        CaseRow row = new DeviceSection(group, null).Rows.Single();
        Assert.That(row.OverPlain, Is.EqualTo(2).Within(1e-12));
        Assert.That(row.BestPeer!.Provider, Is.EqualTo("torch"));
        Assert.That(row.Ratio, Is.EqualTo(1.5).Within(1e-12));
    }

    [Test]
    public void A_case_that_failed_reaches_nothing()
    {
        MeasurementLine failed = Ours with { Status = ResultStatus.Failed, Seconds = null };
        RunGroup group = RunGroups.Of(ResultLines.Run(), ResultLines.Matmul(1000), ResultLines.Read(2000), failed,
            Goal(nameof(GoalQuantity.AllocatedBytes), null, null, 100));
        Assert.That(new DeviceSection(group, null).Goals.Single().State, Is.EqualTo(GoalState.NotMeasured));
    }

    [TestCase(nameof(GoalQuantity.ComputeShare), "torch", 0.1, 0.2, "'against' is 'torch'")]
    [TestCase(nameof(GoalQuantity.SpeedOverCase), null, 0.1, 0.2, "'against' is ''")]
    [TestCase(nameof(GoalQuantity.ComputeShare), null, 0.3, 0.2, "'aim' is '0.2'; allowed is at least as good as the floor")]
    [TestCase(nameof(GoalQuantity.TimeOverProvider), null, 1.2, 1.1, "'against' is ''")]
    [TestCase(nameof(GoalQuantity.TimeOverProvider), "plain", 1.1, 1.2, "'aim' is '1.2'; allowed is at least as good as the floor")]
    [TestCase(nameof(GoalQuantity.Seconds), null, 0.1, 0.2, "'aim' is '0.2'; allowed is at least as good as the floor")]
    [TestCase(nameof(GoalQuantity.ComputeShare), null, -1d, 0.2, "'floor' is '-1'")]
    public void A_goal_must_be_one(string quantity, string? against, double floor, double aim, string message) =>
        Assert.That(() => Goal(quantity, against, floor, aim).Check(),
            Throws.TypeOf<FormatException>().With.Message.StartsWith(message));

    [Test]
    public void The_report_and_the_readme_show_goals_first()
    {
        using TempFolder folder = new();
        GoalLine[] goals =
        [
            Goal(nameof(GoalQuantity.ComputeShare), null, 0.4, 0.6) with { Name = "share of matmul" },
            Goal(nameof(GoalQuantity.ComputeShare), null, 0.4, 0.6) with { Name = "share of matmul", Case = Other.Case },
            Goal(nameof(GoalQuantity.SpeedOverProvider), "torch", 2, 3) with { Name = "over torch" },
            Goal(nameof(GoalQuantity.SpeedOverProvider), "torch", 2, 3) with { Name = "over torch", Case = Other.Case },
            Goal(nameof(GoalQuantity.Seconds), null, null, 0.01) with { Name = "time" },
        ];
        string results = folder.Store("goals", [ResultLines.Run(day: 20), .. Lines, .. goals]);
        folder.Store("newer", ResultLines.Run(day: 21), ResultLines.Measurement(1));
        File.WriteAllText(folder["README.md"], $"{ReadmeSection.Begin}\n{ReadmeSection.End}\n");
        ToolResult both =
            ToolResult.Of(FakeDevices.WithCpu(), "report", folder.Path, "--readme", folder["README.md"]);
        Assert.That(both.ExitCode, Is.EqualTo(ExitCodes.Ok), both.Error);
        const string Summary = """
            | goal | reached | floor | aim | state |
            | --- | ---: | ---: | ---: | --- |
            | share of matmul | 40.0 % to 50.0 % | 40.0 % | 60.0 % | floor held 2 of 2 |
            | over torch | 1.50 | 2.00 | 3.00 | MISSED 1 of 2, not measured 1 of 2 |
            | time | 4.000 ms | - | 10.00 ms | aim reached |

            """;
        Assert.That(File.ReadAllText(folder["README.md"]), Does.Contain(Summary + "\n| case | time |"));
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "report", results, "--short");
        Assert.That(result.Out, Does.Contain(
            "  over torch: 1.50 (floor 2.00, aim 3.00): MISSED 1 of 2, not measured 1 of 2\n"));
        Assert.That(File.ReadAllText(Path.Combine(results, "report.md")), Does.Contain(Summary).And.Contain(
            "| dense-f16-b1-h16x16-s4096x4096-d128x128-causal | share of matmul | 40.0 % | 40.0 % | 60.0 % | floor held |"));
        ToolResult json = ToolResult.Of(FakeDevices.WithCpu(), "report", results, "--json");
        Assert.That(json.Out, Does.Contain("\"state\": \"floor held\""));
    }

    private static GoalRow Hold(GoalLine goal) =>
        new DeviceSection(RunGroups.Of(ResultLines.Run(), [.. Lines, goal]), null).Goals.Single();

    private static GoalLine Goal(string quantity, string? against, double? floor, double aim) => new()
    {
        Name = "a goal",
        Case = Ours.Case,
        Quantity = Enum.Parse<GoalQuantity>(quantity),
        Against = against,
        Floor = floor,
        Aim = aim,
    };
}
