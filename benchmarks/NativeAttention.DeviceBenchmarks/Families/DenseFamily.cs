using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using NativeAttention.Benchmarks.Problems;
using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>
/// Dense forward attention. Options: <c>mask</c> none, causal or causal-top-left; <c>layout</c> bshd or bhsd;
/// <c>rung</c>; and every <see cref="Modifier"/>.
/// </summary>
internal sealed class DenseFamily : ICaseFamily
{
    /// <summary>The name of the family.</summary>
    public const string FamilyName = "dense";

    private static readonly string[] PlainOptions = ["mask", "layout", "rung"];

    public string Name => FamilyName;

    public IPreparedCase Prepare(BenchmarkBench bench, BenchmarkCase problem) =>
        Dtypes.Parse(problem.Dtype) switch
        {
            ElementType.Float32 => Prepare<float>(bench, problem),
            ElementType.Float16 => Prepare<Half>(bench, problem),
            _ => Prepare<BFloat16>(bench, problem),
        };

    public (double Flops, double Bytes) WorkOf(BenchmarkCase problem) =>
        (WorkCounts.Flops(ProblemOf(problem)), WorkCounts.Bytes(ProblemOf(problem)));

    public BenchmarkCase? PlainOf(BenchmarkCase problem)
    {
        JsonObject options = (JsonObject)problem.Options.DeepClone();
        int modifiers = Modifier.Names.Count(options.Remove);
        options.Remove("mask");
        return modifiers == 0 ? null : problem with { Options = options };
    }

    public IEnumerable<GoalLine> Goals(BenchmarkCase problem) => ModifierGoals.Of(ProblemOf(problem), problem.Id);

    /// <summary>The problem of a case.</summary>
    /// <exception cref="FormatException">An option or a value that the family does not know.</exception>
    public static DenseProblem ProblemOf(BenchmarkCase problem)
    {
        JsonObject options = problem.Options;
        string? unknown = options.Select(o => o.Key).FirstOrDefault(k =>
            !PlainOptions.Contains(k) && !Modifier.Names.Contains(k));
        if (unknown is not null)
        {
            throw new FormatException($"option '{unknown}' is unknown; family dense has "
                + string.Join(", ", PlainOptions.Concat(Modifier.Names)));
        }

        AttentionOptions plain = AttentionOptions.Default with
        {
            Mask = Mask(Text(options, "mask") ?? "none"),
            Layout = Layout(Text(options, "layout") ?? "bshd"),
            Tuning = Text(options, "rung") is { } rung ? new TuningHints { Rung = rung } : TuningHints.None,
        };
        return new DenseProblem(Dtypes.Parse(problem.Dtype), problem.Shape.ToShape(), plain,
            [.. Modifier.Names.Where(n => IsSet(options[n])).Select(n => Modifier.Of(n, options[n]!))]);
    }

    private static DenseCase<T> Prepare<T>(BenchmarkBench bench, BenchmarkCase problem)
        where T : unmanaged
    {
        DenseProblem dense = ProblemOf(problem);
        long start = Stopwatch.GetTimestamp();
        AttentionPlan<T> plan = bench.Device.Plan<T>(dense.Shape, dense.Options);
        TimeSpan planning = Stopwatch.GetElapsedTime(start);
        return new DenseCase<T>(bench, dense, plan, bench.ModuleLoad(plan.KernelName, planning));
    }

    // As in names: what is false or null is not there.
    private static bool IsSet(JsonNode? value) =>
        (value?.GetValueKind() ?? JsonValueKind.Null) is not (JsonValueKind.Null or JsonValueKind.False);

    private static string? Text(JsonObject options, string key) => options[key] is not { } value ? null
        : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>()
        : value.ToJsonString();

    private static AttentionMask Mask(string name) => name switch
    {
        "none" => AttentionMask.None,
        "causal" => AttentionMask.Causal,
        "causal-top-left" => AttentionMask.CausalTopLeft,
        _ => throw new FormatException($"mask is '{name}'; allowed are none, causal, causal-top-left"),
    };

    private static AttentionLayout Layout(string name) => name switch
    {
        "bshd" => AttentionLayout.Bshd,
        "bhsd" => AttentionLayout.Bhsd,
        _ => throw new FormatException($"layout is '{name}'; allowed are bshd, bhsd"),
    };
}
