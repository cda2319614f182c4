using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>
/// The speed over dense attention to pass: that of NATTEN on an H100 over dense attention of cuDNN, for a line, a
/// picture and a video, with stride 1 and with windows that whole tiles share. Two of these are above what fewer
/// operations allow, so over our own dense attention the goal is that bound where it is less.
/// </summary>
internal static class NeighborhoodGoals
{
    /// <summary>Dense attention of cuDNN, as the PyTorch script measures it.</summary>
    private const string DenseOfCudnn = "torch-dense-cudnn";

    private static readonly (GridShape Grid, int[] Window, int[] Stride, double Speed)[] Reached =
    [
        (new GridShape(32768), [2048], [1], 8.3),
        (new GridShape(256, 256), [80, 80], [1, 1], 6.0),
        (new GridShape(30, 48, 80), [18, 24, 24], [1, 1, 1], 3.6),
        (new GridShape(32768), [2048], [256], 12.6),
        (new GridShape(256, 256), [80, 80], [16, 16], 12.3),
        (new GridShape(30, 48, 80), [18, 24, 24], [16, 8, 8], 12.1),
    ];

    /// <summary>The goals of a case, which may be none: over our dense attention, and over that of cuDNN.</summary>
    public static IEnumerable<GoalLine> Of(NeighborhoodCaseProblem problem, string id) =>
        from goal in Reached
        where problem.Map.Grid == goal.Grid && problem.Tokens.Shape.HeadDim == 128
            && problem.Map.Axes.SequenceEqual(goal.Window.Zip(goal.Stride, (w, s) => new NeighborhoodAxis(w, s)))
        from provider in (string[])[MeasurementLine.Plain, DenseOfCudnn]
        select new GoalLine
        {
            Name = $"neighborhood {string.Join('x', goal.Window)} of {goal.Grid}, stride "
                + $"{string.Join('x', goal.Stride)}: speed over dense, bound by operations {problem.Map.Bound:0.0}",
            Case = id,
            Quantity = GoalQuantity.SpeedOverProvider,
            Against = provider,
            Aim = provider == MeasurementLine.Plain
                ? Math.Min(goal.Speed, Math.Round(problem.Map.Bound, 1))
                : goal.Speed,
        };
}
