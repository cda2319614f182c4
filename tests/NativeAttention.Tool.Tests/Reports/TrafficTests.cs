using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Results;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Reports;

/// <summary>What was counted, beside plain attention of the same shape.</summary>
public class TrafficTests
{
    private static readonly TrafficLine Plain = new()
    {
        Case = "dense-f16-b1-h2x2-s512x512-d64x64",
        Plain = "dense-f16-b1-h2x2-s512x512-d64x64",
        Kernel = "a_kernel",
        WarpInstructions = 1000,
        GlobalBytes = 4000,
    };

    [Test]
    public void The_report_shows_counts_over_those_of_the_plain_case()
    {
        using TempFolder folder = new();
        string results = folder.Store("counted", ResultLines.Run(), ResultLines.Measurement(1), Plain,
            Plain with { Case = $"{Plain.Case}-alibi", WarpInstructions = 1100, GlobalBytes = 4004 },
            Plain with { Case = "other", Plain = "not there" },
            Refused("sinks"), Refused("packed"));
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "report", results, "--short");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(result.Out, Does.Contain("  traffic: 3 cases counted, 2 not, in the report\n"));
        Assert.That(File.ReadAllText(Path.Combine(results, "report.md")), Does.Contain("""
            | case | kernel | warp instructions | over plain | global bytes | over plain |
            | --- | --- | ---: | ---: | ---: | ---: |
            | dense-f16-b1-h2x2-s512x512-d64x64 | a_kernel | 1,000 | 1.00 | 4,000 | 1.00 |
            | dense-f16-b1-h2x2-s512x512-d64x64-alibi | a_kernel | 1,100 | 1.10 | 4,004 | 1.00 |
            | other | a_kernel | 1,000 | - | 4,000 | - |

            - not counted (2 cases): no kernel does it
            """));
    }

    [Test]
    public void A_line_has_both_counts_or_the_reason_why_not()
    {
        Assert.That(Plain.Check, Throws.Nothing);
        Assert.That(Refused("x").Check, Throws.Nothing);
        foreach (TrafficLine wrong in new[]
        {
            Plain with { Reason = "both" }, Plain with { GlobalBytes = null },
            Refused("x") with { Reason = null }, Plain with { WarpInstructions = -1 }, Plain with { Plain = "" },
        })
        {
            Assert.That(wrong.Check, Throws.TypeOf<FormatException>());
        }
    }

    private static TrafficLine Refused(string option) => new()
    {
        Case = $"{Plain.Case}-{option}",
        Plain = Plain.Plain,
        Reason = "no kernel does it",
    };
}
