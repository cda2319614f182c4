using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Problems;

/// <summary>What a modifier may cost over plain attention of the same shape, from 4096 keys on.</summary>
internal static class ModifierGoals
{
    private const int Long = 4096;
    private const double MostOverPlain = 1.1;

    // A window ends within tiles on both sides: two of 64 keys are visited for a part of them.
    private const double EdgeKeys = 128;
    private const double MostOverShare = 1.15;

    /// <summary>The goals of a problem, which may be none.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="id">Name of its case.</param>
    public static IEnumerable<GoalLine> Of(DenseProblem problem, string id) => problem switch
    {
        not { Shape.KeyLength: >= Long } => [],
        { Modifiers: [{ Name: "scale" or "softcap" or "alibi" }] } =>
            [Goal(problem, id, "scale, soft cap, ALiBi", MostOverPlain)],
        { Modifiers: [{ WindowKeys: { } keys }] } => [Goal(problem, id, $"window of {keys} keys",
            Math.Round((MostOverShare * WorkCounts.VisibleShare(problem)) + (EdgeKeys / problem.Shape.KeyLength), 3))],
        _ => [],
    };

    private static GoalLine Goal(DenseProblem problem, string id, string what, double aim) => new()
    {
        Name = $"{what}: time over plain, {problem.Shape.KeyLength} keys",
        Case = id,
        Quantity = GoalQuantity.TimeOverProvider,
        Against = MeasurementLine.Plain,
        Aim = aim,
    };
}
