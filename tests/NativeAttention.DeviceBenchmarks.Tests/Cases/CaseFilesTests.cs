using NativeAttention.Benchmarks.Problems;
using NativeAttention.DeviceBenchmarks.App;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.DeviceBenchmarks.Families;
using NativeAttention.DeviceBenchmarks.Tests.Support;
using NativeAttention.Tool.App;

namespace NativeAttention.DeviceBenchmarks.Tests.Cases;

public sealed class CaseFilesTests
{
    private const string Shape =
        """{"batch":1,"queryLength":3,"keyLength":5,"queryHeads":4,"keyValueHeads":2,"headDim":8,"valueHeadDim":6}""";

    [Test]
    public void A_row_becomes_a_case_with_its_name()
    {
        BenchmarkCase problem = Read($$"""
            {"family":"dense","cases":[{"dtype":"f16","shape":{{Shape}},
             "options":{"scale":0.25,"mask":"causal"},"modes":["full"]}]}
            """).Single();
        Assert.That(problem.Id, Is.EqualTo("dense-f16-b1-h4x2-s3x5-d8x6-causal-scale=0.25"));
        Assert.That(problem.Modes, Is.EqualTo(new[] { "full" }));
    }

    [TestCase("\"dtipe\":\"f16\",", "dtipe")]
    [TestCase("\"dtype\":\"f8\",", "dtype")]
    [TestCase("", "dtype")]
    [TestCase("\"dtype\":\"f16\",\"options\":{\"mask\":[]},", "mask")]
    public void A_row_that_is_none_is_refused_with_its_place(string fields, string named)
    {
        string text = $$"""{"family":"dense","cases":[{{{fields}}"shape":{{Shape}},"modes":["full"]}]}""";
        Assert.That(() => Read(text), Throws.InstanceOf<ToolException>()
            .With.Message.Contains(named).And.Message.Contains("cases.json")
            .And.Property(nameof(ToolException.ExitCode)).EqualTo(ExitCodes.BadInput));
    }

    [Test]
    public void An_unknown_mode_is_refused()
    {
        string text = $$"""{"family":"dense","cases":[{"dtype":"f16","shape":{{Shape}},"modes":["quick"]}]}""";
        Assert.That(() => Read(text), Throws.InstanceOf<ToolException>()
            .With.Message.Contains("row 1").And.Message.Contains("quick").And.Message.Contains("short, full, tiny"));
    }

    [Test]
    public void The_same_case_twice_is_refused()
    {
        string row = $$"""{"dtype":"f16","shape":{{Shape}},"modes":["full"]}""";
        Assert.That(() => Read($$"""{"family":"dense","cases":[{{row}},{{row}}]}"""),
            Throws.InstanceOf<ToolException>().With.Message.Contains("twice"));
    }

    [Test]
    public void A_path_with_nothing_is_refused()
    {
        using Files files = new();
        Assert.That(() => CaseFiles.Read(files.Path), Throws.InstanceOf<ToolException>());
        Assert.That(() => CaseFiles.Read(files["none.json"]), Throws.InstanceOf<ToolException>()
            .With.Message.Contains("none.json"));
    }

    [Test]
    public void Our_cases_are_readable_and_cover_every_mode()
    {
        IReadOnlyList<BenchmarkCase> cases = CaseFiles.Read(CaseFiles.DefaultFolder);
        Assert.Multiple(() =>
        {
            Assert.That(cases.Count(c => c.Modes.Contains("short")), Is.InRange(20, 60));
            Assert.That(cases.Where(c => c.Modes.Contains("short") && !c.Modes.Contains("full")), Is.Empty);
            Assert.That(cases.Count(c => c.Modes.Contains("tiny")), Is.GreaterThan(4));
            Assert.That(cases.Select(c => c.Id), Does.Contain("dense-bf16-b1-h16x16-s16384x16384-d128x128-causal"));
        });
    }

    [Test]
    public void Every_case_is_a_problem_of_its_family() => Assert.Multiple(() =>
    {
        foreach (BenchmarkCase problem in CaseFiles.Read(CaseFiles.DefaultFolder))
        {
            Assert.That(() => CaseMeter.FamilyOf(problem).WorkOf(problem).Flops, Is.Positive, problem.Id);
        }
    });

    [Test]
    public void Operands_fit_into_host_memory() => Assert.Multiple(() =>
    {
        foreach (DenseProblem problem in CaseFiles.Read(CaseFiles.DefaultFolder)
            .Where(c => c.Family == DenseFamily.FamilyName).Select(DenseFamily.ProblemOf))
        {
            OperandLengths lengths = OperandLengths.Of(problem);
            Assert.That(lengths.Bias * sizeof(float), Is.LessThanOrEqualTo(int.MaxValue), $"{problem.Options}");
            Assert.That(lengths.Mask, Is.LessThanOrEqualTo(int.MaxValue), $"{problem.Options}");
        }
    });

    private static IReadOnlyList<BenchmarkCase> Read(string text)
    {
        using Files files = new();
        return CaseFiles.Read(files.Write("cases.json", text));
    }
}
