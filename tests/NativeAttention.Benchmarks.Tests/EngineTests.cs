using NativeAttention.Benchmarks.Engine;
using NativeAttention.Emulation;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>The benchmark of the emulator itself.</summary>
public class EngineTests
{
    private static readonly Timing OneSecond = new() { Median = 1, Min = 1, P10 = 1, P90 = 1, Samples = 1 };

    [Test]
    public void Every_case_has_a_line_of_its_own_that_the_schema_allows()
    {
        List<string> names = [];
        foreach (string vectors in new[] { "avx512", "avx2" })
        {
            foreach (EngineCase @case in EngineCase.All)
            {
                MeasurementLine line = @case.Line(vectors, OneSecond, spread: 0.1);
                line.Check();
                names.Add(line.Case);
            }
        }

        Assert.That(names, Is.Unique.And.Count.EqualTo(16));
        Assert.That(names[0],
            Is.EqualTo("dense-f16-b1-h2x2-s512x512-d64x64-checks=none-threads=1-vectors=avx512"));
    }

    [Test]
    public void A_measuring_process_writes_every_time_of_every_case()
    {
        EngineCase[] cases = [new(64, EmulatorChecks.None, 1), new(65, EmulatorChecks.All, 2)];
        using StringWriter output = new();
        EngineChild.Run(output, cases, rounds: 2);
        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[0], Is.EqualTo($"vectors {EngineChild.Vectors}"));
        Assert.That(lines.Skip(1).Select(l => l.Split(' ')[0]), Is.EqualTo(["0", "1", "0", "1"]));
        Assert.That(lines.Skip(1).Select(l => double.Parse(l.Split(' ')[1],
            System.Globalization.CultureInfo.InvariantCulture)), Is.All.GreaterThan(0).And.All.LessThan(60));
    }

    [Test]
    public void Instructions_are_counted_whatever_the_checks()
    {
        long with = EngineBody.CountInstructions(new EngineCase(128, EmulatorChecks.All, 1));
        Assert.That(EngineBody.CountInstructions(new EngineCase(128, EmulatorChecks.None, 2)), Is.EqualTo(with));
        Assert.That(with, Is.GreaterThan(10_000));
    }
}
