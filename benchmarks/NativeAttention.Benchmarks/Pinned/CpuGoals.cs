using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Ggml;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>What the CPU backend has to reach with all processors at work: floors and aims.</summary>
internal static class CpuGoals
{
    private const int Long = 1024;
    private const double Microsecond = 1e-6;

    /// <summary>The goals of a case, which may be none.</summary>
    public static IEnumerable<GoalLine> Of(BenchCase @case) => @case switch
    {
        not { Device: BenchDevice.Cpu, Family: BenchFamily.Dense, Threads: null, Modifier: null, Map: null } => [],
        { Shape.KeyLength: 1 } => Call(@case),
        { Shape.QueryLength: 1 } =>
            [Goal(@case, "decoding: share of the read bandwidth", GoalQuantity.ReadShare, 0.75, 0.9)],
        { Shape: var s } when s.QueryLength != s.KeyLength || s.QueryHeads != s.KeyValueHeads => [],
        { Type: not ElementType.Float32 } => [AgainstFloat32(@case)],
        { Shape.KeyLength: 128 or 256, Shape.HeadDim: 64 } =>
            [OverPeer(@case, "prefill of 128 and 256 keys", 2, 2.5)],
        { Shape: { KeyLength: >= Long, HeadDim: >= 64 and <= 128 } } => Prefill(@case),
        _ => [],
    };

    private static IEnumerable<GoalLine> Prefill(BenchCase c)
    {
        bool causal = c.Mask == AttentionMask.Causal, longer = c.Shape.KeyLength > Long;
        string mask = causal ? "causal" : "full";
        yield return causal
            ? Goal(c, $"causal prefill of {(longer ? "4096" : "1024")} keys: share of the multiply-add peak",
                GoalQuantity.ComputeShare, longer ? 0.8 : 0.72, longer ? 0.88 : 0.8)
            : Goal(c, "full prefill of 1024 keys or more: share of the multiply-add peak",
                GoalQuantity.ComputeShare, 0.8, 0.9);
        (double Floor, double Aim)? peer = (causal, c.Shape.HeadDim) switch
        {
            (false, 64) => (2, 2.4),
            (false, 128) => (1.75, 2),
            (true, 64) => (2.7, 3.2),
            (true, 128) => (2.2, 2.5),
            _ => null,
        };
        if (peer is { } goal)
        {
            yield return OverPeer(c, $"{mask} prefill, head dim {c.Shape.HeadDim}", goal.Floor, goal.Aim);
        }
    }

    private static IEnumerable<GoalLine> Call(BenchCase c) =>
    [
        Goal(c, "a call of the smallest problem: time", GoalQuantity.Seconds, null, 2 * Microsecond),
        Goal(c, "a call of the smallest problem: managed bytes", GoalQuantity.AllocatedBytes, null, 0),
    ];

    private static GoalLine AgainstFloat32(BenchCase c) =>
        Goal(c, "16-bit elements: speed over float32", GoalQuantity.SpeedOverCase, 0.92, 1) with
        {
            Against = (c with { Type = ElementType.Float32 }).Id,
        };

    private static GoalLine OverPeer(BenchCase c, string what, double floor, double aim) =>
        Goal(c, $"{what}: speed over {GgmlContender.Name}", GoalQuantity.SpeedOverProvider, floor, aim) with
        {
            Against = GgmlContender.Name,
        };

    private static GoalLine Goal(BenchCase c, string name, GoalQuantity quantity, double? floor, double aim) =>
        new() { Name = name, Case = c.Id, Quantity = quantity, Floor = floor, Aim = aim };
}
