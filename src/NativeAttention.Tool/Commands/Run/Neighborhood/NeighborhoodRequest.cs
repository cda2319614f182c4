using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>What the options of maps say, beside those that every run has.</summary>
internal sealed record NeighborhoodRequest
{
    public const string WindowOption = "--window";
    public const string ExtraKeyOption = "--extra-key";
    public const string ExtraValueOption = "--extra-value";
    public const string RelativeBiasOption = "--relative-bias";

    public required AxisValues Window { get; init; }

    public AxisValues? Stride { get; init; }

    public AxisValues? Dilation { get; init; }

    public AxisValues? CausalAxes { get; init; }

    public EdgeMode Edge { get; init; }

    public bool ClampWindow { get; init; }

    public string? ExtraKey { get; init; }

    public string? ExtraValue { get; init; }

    public string? RelativeBias { get; init; }

    /// <summary>The files there are, with the options that named them.</summary>
    public IEnumerable<OptionFile> Files => OptionFile.Given(
        (ExtraKeyOption, ExtraKey), (ExtraValueOption, ExtraValue), (RelativeBiasOption, RelativeBias));

    /// <summary>Axes of the map, as far as the options say; null when each has one value for all.</summary>
    /// <exception cref="ToolException">Two options have different numbers of values.</exception>
    public int? Rank
    {
        get
        {
            (string Option, int Count)? first = null;
            foreach ((string option, AxisValues? values) in Values)
            {
                if (values is null || values.Numbers.Count == 1)
                {
                    continue;
                }

                if (first is { } other && other.Count != values.Numbers.Count)
                {
                    throw ToolException.BadInput($"{option} has {values.Numbers.Count} values and {other.Option} has "
                        + $"{other.Count}; allowed is one for each axis, or one for all");
                }

                first ??= (option, values.Numbers.Count);
            }

            return first?.Count;
        }
    }

    /// <summary>The pattern on a map of so many axes.</summary>
    public NeighborhoodPattern Pattern(int rank)
    {
        NeighborhoodAxis[] axes = new NeighborhoodAxis[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            axes[axis] = new NeighborhoodAxis(Window.Of(axis), Stride?.Of(axis) ?? 1, Dilation?.Of(axis) ?? 1,
                CausalAxes?.Of(axis) == 1, Edge);
        }

        return NeighborhoodPattern.Windows(axes);
    }

    private IEnumerable<(string Option, AxisValues? Values)> Values =>
        [(WindowOption, Window), ("--stride", Stride), ("--dilation", Dilation), ("--causal-axes", CausalAxes)];
}
