using NativeAttention.Benchmarks.Cases;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>What a modifier may cost over plain attention of the same shape, from 4096 keys on.</summary>
internal static class ModifierGoals
{
    private const int Long = 4096;
    private const double MostOverPlain = 1.1;

    // A window ends within tiles on both sides: two of 64 keys are visited for a part of them.
    private const double EdgeKeys = 128;
    private const double MostOverShare = 1.15;

    /// <summary>The goals of a case, which may be none.</summary>
    public static IEnumerable<GoalLine> Of(BenchCase @case) => @case switch
    {
        not { Device: BenchDevice.Cpu, Shape.KeyLength: >= Long } => [],
        { Modifier: var m } when m == Modifier.Scale || m == Modifier.SoftCap || m == Modifier.Alibi =>
            [Goal(@case, "scale, soft cap, ALiBi", MostOverPlain)],
        { Modifier.WindowKeys: { } keys } => [Goal(@case, $"window of {keys} keys",
            Math.Round((MostOverShare * CaseCounts.VisibleShare(@case)) + (EdgeKeys / @case.Shape.KeyLength), 3))],
        _ => [],
    };

    private static GoalLine Goal(BenchCase c, string what, double aim) => new()
    {
        Name = $"{what}: time over plain, {c.Shape.KeyLength} keys",
        Case = c.Id,
        Quantity = GoalQuantity.TimeOverProvider,
        Against = PlainContender.Name,
        Aim = aim,
    };
}
