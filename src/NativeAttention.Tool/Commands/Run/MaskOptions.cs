using System.CommandLine;
using System.CommandLine.Parsing;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The options that say by their places which keys a query sees.</summary>
internal sealed class MaskOptions
{
    private readonly Option<bool> _causal = new("--causal")
    {
        Description = "Query i sees keys up to i + offset, by default i + keys - queries (aligned at the "
            + "bottom right).",
    };

    private readonly Option<bool> _causalTopLeft = new("--causal-top-left")
    {
        Description = "Query i sees keys up to i (aligned at the top left, as ONNX): an offset of 0.",
    };

    private readonly Option<AxisValues?> _window = new("--window")
    {
        HelpName = "L,R",
        Description = "Query i sees keys i + offset - L to i + offset + R; -1 leaves a side open. "
            + "A causal mask makes R 0. On maps: keys in the window of each axis, or one number for all.",
        CustomParser = result => AxisValues.TryParse(result.Tokens[0].Value, least: -1, int.MaxValue),
    };

    private readonly Option<int?> _prefix = OptionParsers.WholeOrNone("--prefix",
        "The first keys of each sequence are visible to every query, whatever the mask.", least: 0);

    private readonly Option<int?> _offset = OptionParsers.WholeOrNone("--diagonal-offset",
        "Query i stands beside key i + offset, for causal masks, windows and ALiBi (default: keys - queries, "
        + "sequence by sequence).");

    /// <summary>The window: on maps it has other values.</summary>
    public Option<AxisValues?> Window => _window;

    /// <summary>What has no meaning on maps.</summary>
    public IEnumerable<Option> SequenceOnly => [_causal, _causalTopLeft, _prefix, _offset];

    /// <summary>Adds the options and the rules between them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="onMaps">Whether the window is one of maps.</param>
    public void AddTo(Command command, Func<CommandResult, bool> onMaps)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_causal, _causalTopLeft, _window, _prefix, _offset])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result => CheckWindow(result, onMaps(result)));
        command.RequireApart(_causal, _causalTopLeft);
        command.RequireApart(_causalTopLeft, _offset);
    }

    /// <summary>The mask that was asked for.</summary>
    public AttentionMask ReadMask(ParseResult parsed)
    {
        bool topLeft = parsed.GetValue(_causalTopLeft);
        bool causal = topLeft || parsed.GetValue(_causal);
        AttentionMask mask = parsed.GetValue(_window) is { } window
            ? AttentionMask.Window(Side(window.Numbers[0]), causal ? 0 : Side(window.Numbers[1]))
            : topLeft ? AttentionMask.CausalTopLeft
            : causal ? AttentionMask.Causal
            : AttentionMask.None;
        return parsed.GetValue(_prefix) is int keys ? mask.WithPrefix(keys) : mask;
    }

    /// <summary>The diagonal offset that was asked for, or null.</summary>
    public int? ReadOffset(ParseResult parsed) =>
        parsed.GetValue(_offset) ?? (parsed.GetValue(_causalTopLeft) ? 0 : null);

    private void CheckWindow(CommandResult result, bool onMaps)
    {
        if (result.GetResult(_window) is not { } given || given.Tokens.Count == 0)
        {
            return;
        }

        AxisValues? window = AxisValues.TryParse(given.Tokens[0].Value, least: -1, int.MaxValue);
        if (onMaps ? window is null || window.Numbers.Any(n => n < 1) : window?.Numbers.Count != 2)
        {
            result.AddError($"--window is '{given.Tokens[0].Value}'; allowed are "
                + (onMaps ? "whole numbers from 1, one for each axis or one for all, such as 7,7"
                    : "two whole numbers from 0, or -1 for an open side, such as 128,0"));
        }
    }

    private static int? Side(int width) => width < 0 ? null : width;
}
