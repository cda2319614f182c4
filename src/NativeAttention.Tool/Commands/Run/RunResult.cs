namespace NativeAttention.Tool.Commands.Run;

/// <summary>What a run computed.</summary>
/// <param name="Output">The output, in the type of the files.</param>
/// <param name="Lse">The log-sum-exp; empty when it was not asked for.</param>
/// <param name="KernelName">The kernel that ran.</param>
/// <param name="Scale">The factor on the scores.</param>
/// <param name="PlanTime">Time to plan.</param>
/// <param name="RunTime">Time to run, copies to and from the device included.</param>
internal sealed record RunResult(
    Array Output, float[] Lse, string KernelName, float Scale, TimeSpan PlanTime, TimeSpan RunTime)
{
    /// <summary>Scores and statistics; null when none were asked for.</summary>
    public ScoreOutput? Scores { get; init; }
}
