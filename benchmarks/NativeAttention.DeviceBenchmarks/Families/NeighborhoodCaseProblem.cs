using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NativeAttention.Benchmarks.Problems;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>What a case of neighborhood attention says: a map, a window along each axis, its tokens.</summary>
internal sealed class NeighborhoodCaseProblem
{
    private static readonly string[] Options = ["map", "window", "stride", "dilation", "rung"];

    /// <summary>Reads a case.</summary>
    /// <exception cref="FormatException">An option or a value that the family does not know.</exception>
    /// <exception cref="ArgumentException">The library refuses the problem.</exception>
    public NeighborhoodCaseProblem(BenchmarkCase problem)
    {
        string? unknown = problem.Options.Select(o => o.Key).FirstOrDefault(k => !Options.Contains(k));
        if (unknown is not null)
        {
            throw new FormatException(
                $"option '{unknown}' is unknown; family neighborhood has {string.Join(", ", Options)}");
        }

        int[] extents = Numbers(problem.Options, "map") ?? [];
        GridShape grid = extents.Length is >= 1 and <= GridShape.MostAxes ? GridShape.Of(extents)
            : throw new FormatException($"map is {Text(problem.Options["map"])}; allowed are 1 to 3 extents");
        RequireTokens(problem.Shape, grid);
        int[] ones = [.. Enumerable.Repeat(1, grid.Rank)];
        int[] window = PerAxis(problem.Options, "window", grid.Rank, null);
        int[] stride = PerAxis(problem.Options, "stride", grid.Rank, ones);
        int[] dilation = PerAxis(problem.Options, "dilation", grid.Rank, ones);
        Map = new WindowedMap(grid,
            [.. ones.Select((_, a) => new NeighborhoodAxis(window[a], stride[a], dilation[a]))]);
        Tokens = new DenseProblem(
            Dtypes.Parse(problem.Dtype), problem.Shape.ToShape(), AttentionOptions.Default, []);
        Problem = NeighborhoodProblem.Create(Tokens.Problem.ElementType, Map.Shape(Tokens.Shape), Map.Options with
        {
            Tuning = problem.Options["rung"] is { } rung
                ? new TuningHints { Rung = rung.GetValue<string>() } : TuningHints.None,
        });
    }

    /// <summary>The map and its windows.</summary>
    public WindowedMap Map { get; }

    /// <summary>Dense attention of the same tokens.</summary>
    public DenseProblem Tokens { get; }

    /// <summary>The problem as the library plans it.</summary>
    public NeighborhoodProblem Problem { get; }

    /// <summary>Useful operations: those of the pairs that windows show.</summary>
    public double Flops => 2 * Problem.Pairs * (Problem.Shape.HeadDim + Problem.Shape.ValueHeadDim);

    /// <summary>Unavoidable bytes: as of dense attention, since every token is in some window.</summary>
    public double Bytes => WorkCounts.Bytes(Tokens);

    private static void RequireTokens(CaseShape shape, GridShape grid)
    {
        if (shape.QueryLength != grid.Tokens || shape.KeyLength != grid.Tokens)
        {
            throw new FormatException($"map {grid} has {grid.Tokens} tokens; the shape has {shape.QueryLength} queries "
                + $"and {shape.KeyLength} keys, and both must be the map's tokens");
        }
    }

    private static int[] PerAxis(JsonObject options, string key, int axes, int[]? otherwise)
    {
        int[]? values = Numbers(options, key) ?? otherwise;
        return values?.Length == axes ? values
            : throw new FormatException(
                $"{key} is {Text(options[key])}; allowed is one number for each axis of the map");
    }

    private static int[]? Numbers(JsonObject options, string key)
    {
        if (options[key] is not { } value)
        {
            return null;
        }

        return value is JsonArray array && array.All(v => v?.GetValueKind() == JsonValueKind.Number
                && int.TryParse(v.ToJsonString(), CultureInfo.InvariantCulture, out int number) && number > 0)
            ? [.. array.Select(v => int.Parse(v!.ToJsonString(), CultureInfo.InvariantCulture))]
            : throw new FormatException($"{key} is {Text(value)}; allowed is an array of whole numbers above 0");
    }

    private static string Text(JsonNode? value) => value?.ToJsonString() ?? "missing";
}
