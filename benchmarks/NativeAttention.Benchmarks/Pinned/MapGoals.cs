using NativeAttention.Benchmarks.Cases;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>
/// What neighborhood attention should gain over dense attention of the same tokens: a share of what fewer operations
/// allow.
/// </summary>
internal static class MapGoals
{
    private const double Share = 0.6;

    /// <summary>The goals of a case, which may be none.</summary>
    public static IEnumerable<GoalLine> Of(BenchCase @case) => @case.Map is not { Grid.Rank: 2, Dilation: 1 } map ? [] :
    [
        new GoalLine
        {
            Name = $"{(@case.Family == BenchFamily.Backward ? "backward of a " : "")}neighborhood of "
                + $"{map.Window}x{map.Window}: speed over dense, {Share:P0} of the bound by operations",
            Case = @case.Id,
            Quantity = GoalQuantity.SpeedOverProvider,
            Against = MeasurementLine.Plain,
            Aim = Math.Round(Share * map.Bound, 1),
        },
    ];
}
