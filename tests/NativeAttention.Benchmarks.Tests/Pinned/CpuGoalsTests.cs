using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests.Pinned;

/// <summary>The goals that were set, case by case.</summary>
public class CpuGoalsTests
{
    [TestCase("dense-f32-b1-h8x8-s1024x1024-d64x64", "computeShare 0.8 0.9; speedOverProvider 2 2.4")]
    [TestCase("dense-f32-b1-h8x8-s4096x4096-d64x64", "computeShare 0.8 0.9; speedOverProvider 2 2.4")]
    [TestCase("dense-f32-b1-h8x8-s1024x1024-d128x128", "computeShare 0.8 0.9; speedOverProvider 1.75 2")]
    [TestCase("dense-f32-b1-h8x8-s1024x1024-d64x64-causal", "computeShare 0.72 0.8; speedOverProvider 2.7 3.2")]
    [TestCase("dense-f32-b1-h8x8-s4096x4096-d64x64-causal", "computeShare 0.8 0.88; speedOverProvider 2.7 3.2")]
    [TestCase("dense-f32-b1-h8x8-s1024x1024-d128x128-causal", "computeShare 0.72 0.8; speedOverProvider 2.2 2.5")]
    [TestCase("dense-f32-b1-h8x8-s1024x1024-d72x72", "computeShare 0.8 0.9")]
    [TestCase("dense-f32-b1-h8x8-s1024x1024-d40x40", "")]
    [TestCase("dense-f32-b1-h8x8-s1023x1023-d64x64", "")]
    [TestCase("dense-f32-b1-h8x8-s16x4096-d128x128-causal", "")]
    [TestCase("dense-f32-b1-h8x8-s256x256-d64x64-causal", "speedOverProvider 2 2.5")]
    [TestCase("dense-f32-b1-h8x8-s128x128-d64x64", "speedOverProvider 2 2.5")]
    [TestCase("dense-bf16-b1-h8x8-s1024x1024-d128x128-causal", "speedOverCase 0.92 1")]
    [TestCase("dense-f16-b1-h32x8-s1x32768-d128x128", "readShare 0.75 0.9")]
    [TestCase("dense-f32-b1-h1x1-s1x1-d1x1", "seconds - 2E-06; allocatedBytes - 0")]
    [TestCase("oneshot-f32-b1-h1x1-s1x1-d1x1", "")]
    public void A_case_has_these(string id, string goals)
    {
        BenchCase @case = CpuTable.Cases.Single(c => c.Id == id);
        GoalLine[] lines = [.. CpuGoals.Of(@case)];
        Assert.That(string.Join("; ", lines.Select(g =>
            FormattableString.Invariant($"{Camel(g.Quantity)} {(object?)g.Floor ?? "-"} {g.Aim}"))), Is.EqualTo(goals));
        Assert.That(CpuGoals.Of(@case with { Threads = 1 }), Is.Empty, "they are about all processors");
        foreach (GoalLine line in lines)
        {
            line.Check();
            Assert.That(line.Case, Is.EqualTo(id));
        }
    }

    [Test]
    public void What_a_goal_compares_with_is_in_the_table()
    {
        GoalLine[] goals = [.. CpuTable.Cases.SelectMany(CpuGoals.Of)];
        Assert.That(goals, Has.Length.GreaterThan(30));
        string[] cases = [.. CpuTable.Cases.Select(c => c.Id)];
        Assert.That(goals.Where(g => g.Quantity == GoalQuantity.SpeedOverCase).Select(g => g.Against).Distinct(),
            Is.Not.Empty.And.SubsetOf(cases));
        Assert.That(goals.Where(g => g.Quantity == GoalQuantity.SpeedOverProvider).Select(g => g.Against),
            Is.Not.Empty.And.All.EqualTo("ggml"));
        Assert.That(cases, Is.Unique);
    }

    private static string Camel(GoalQuantity quantity) =>
        char.ToLowerInvariant($"{quantity}"[0]) + $"{quantity}"[1..];
}
