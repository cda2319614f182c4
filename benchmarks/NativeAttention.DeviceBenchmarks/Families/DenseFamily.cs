using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>
/// Dense forward attention. Options: <c>mask</c> none, causal or causal-top-left; <c>layout</c> bshd or bhsd;
/// <c>scale</c>; <c>rung</c>.
/// </summary>
internal sealed class DenseFamily : ICaseFamily
{
    public string Name => "dense";

    public IPreparedCase Prepare(BenchmarkBench bench, BenchmarkCase problem) =>
        Dtypes.Parse(problem.Dtype) switch
        {
            ElementType.Float32 => Prepare<float>(bench, problem),
            ElementType.Float16 => Prepare<Half>(bench, problem),
            _ => Prepare<BFloat16>(bench, problem),
        };

    /// <summary>The options of the library.</summary>
    /// <exception cref="FormatException">An option or a value that the family does not know.</exception>
    public static AttentionOptions OptionsOf(JsonObject options)
    {
        AttentionOptions result = AttentionOptions.Default;
        foreach ((string key, JsonNode? value) in options)
        {
            result = key switch
            {
                "mask" => result with { Mask = Mask(Text(value)) },
                "layout" => result with { Layout = Layout(Text(value)) },
                "scale" => result with { Scale = float.Parse(Text(value), CultureInfo.InvariantCulture) },
                "rung" => result with { Tuning = new TuningHints { Rung = Text(value) } },
                _ => throw new FormatException(
                    $"option '{key}' is unknown; family dense has mask, layout, scale, rung"),
            };
        }

        return result;
    }

    private static DenseCase<T> Prepare<T>(BenchmarkBench bench, BenchmarkCase problem)
        where T : unmanaged
    {
        AttentionOptions options = OptionsOf(problem.Options);
        long start = Stopwatch.GetTimestamp();
        AttentionPlan<T> plan = bench.Device.Plan<T>(problem.Shape.ToShape(), options);
        TimeSpan planning = Stopwatch.GetElapsedTime(start);
        return new DenseCase<T>(bench, plan, bench.ModuleLoad(plan.KernelName, planning));
    }

    private static string Text(JsonNode? value) => value?.GetValueKind() == JsonValueKind.String
        ? value.GetValue<string>()
        : value?.ToJsonString() ?? "null";

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
