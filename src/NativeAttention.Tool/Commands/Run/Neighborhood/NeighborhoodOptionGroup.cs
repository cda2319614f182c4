using System.CommandLine;
using System.CommandLine.Parsing;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The options of attention on maps of tokens.</summary>
internal sealed class NeighborhoodOptionGroup
{
    private readonly Option<bool> _neighborhood = new("--neighborhood")
    {
        Description = "Neighborhood attention on maps of 1 to 3 axes. Files are heads-last, [batch, axes..., heads, "
            + "dim], or without batch when an option has a value for each axis; the log-sum-exp is [batch, axes..., "
            + "heads].",
    };

    private readonly Option<AxisValues?> _stride = AxisValues.Option(
        "--stride", "On maps: queries of a group share a window (default: 1).", least: 1);

    private readonly Option<AxisValues?> _dilation = AxisValues.Option(
        "--dilation", "On maps: distance between neighbouring keys of a window (default: 1).", least: 1);

    private readonly Option<AxisValues?> _causalAxes = AxisValues.Option(
        "--causal-axes", "On maps: 1 for each axis on which no query sees a key behind itself, else 0.", least: 0, most: 1);

    private readonly Option<string?> _edge = OptionParsers.Choice("--edge",
        "On maps: windows at the borders are shifted inside (default), clipped, or wrap around.",
        "shift", "clip", "wrap");

    private readonly Option<bool> _clamp = new("--clamp-window")
    {
        Description = "On maps: cut windows that are larger than the map instead of refusing them.",
    };

    private readonly Option<string?> _extraKey = OptionParsers.File(NeighborhoodRequest.ExtraKeyOption,
        "On maps: keys that every query sees, [batch, extra keys, heads, dim].");

    private readonly Option<string?> _extraValue = OptionParsers.File(NeighborhoodRequest.ExtraValueOption,
        "On maps: the values of those keys.");

    private readonly Option<string?> _relativeBias = OptionParsers.File(NeighborhoodRequest.RelativeBiasOption,
        "On maps: a bias by distance, float32 [heads, 2 * window - 1 for each axis...].");

    private Option<AxisValues?> _window = null!;

    private Option[] Own => [_stride, _dilation, _causalAxes, _edge, _clamp, _extraKey, _extraValue, _relativeBias];

    /// <summary>Adds the options and the rules between them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="window">The window, whose values mean another thing on a sequence.</param>
    /// <param name="sequenceOnly">Options that have no meaning on maps.</param>
    public void AddTo(Command command, Option<AxisValues?> window, IEnumerable<Option> sequenceOnly)
    {
        _window = window;
        command.Options.Add(_neighborhood);
        foreach (Option option in Own)
        {
            command.Options.Add(option);
            command.RequireBeside(option, _neighborhood);
        }

        command.RequireBeside(_neighborhood, _window);
        command.RequireTogether(_extraKey, _extraValue);
        foreach (Option option in sequenceOnly)
        {
            command.RequireApart(_neighborhood, option);
        }
    }

    /// <summary>Whether attention on maps is asked for.</summary>
    public bool IsGiven(CommandResult result) => result.GetResult(_neighborhood) is not null;

    /// <summary>What was asked for; null on a sequence.</summary>
    public NeighborhoodRequest? Read(ParseResult parsed) => !parsed.GetValue(_neighborhood)
        ? null
        : new NeighborhoodRequest
        {
            Window = parsed.GetValue(_window)!,
            Stride = parsed.GetValue(_stride),
            Dilation = parsed.GetValue(_dilation),
            CausalAxes = parsed.GetValue(_causalAxes),
            Edge = parsed.GetValue(_edge) switch
            {
                "clip" => EdgeMode.Clip,
                "wrap" => EdgeMode.Wrap,
                _ => EdgeMode.Shift,
            },
            ClampWindow = parsed.GetValue(_clamp),
            ExtraKey = parsed.GetValue(_extraKey),
            ExtraValue = parsed.GetValue(_extraValue),
            RelativeBias = parsed.GetValue(_relativeBias),
        };
}
