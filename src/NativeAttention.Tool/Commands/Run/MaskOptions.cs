using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

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

    private readonly Option<Window?> _window = new("--window")
    {
        HelpName = "L,R",
        Description = "Query i sees keys i + offset - L to i + offset + R; -1 leaves a side open. "
            + "A causal mask makes R 0.",
        CustomParser = ParseWindow,
    };

    private readonly Option<int?> _prefix = OptionParsers.WholeOrNone("--prefix",
        "The first keys of each sequence are visible to every query, whatever the mask.", least: 0);

    private readonly Option<int?> _offset = OptionParsers.WholeOrNone("--diagonal-offset",
        "Query i stands beside key i + offset, for causal masks, windows and ALiBi (default: keys - queries, "
        + "sequence by sequence).");

    /// <summary>Adds the options and the rules between them.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_causal, _causalTopLeft, _window, _prefix, _offset])
        {
            command.Options.Add(option);
        }

        command.RequireApart(_causal, _causalTopLeft);
        command.RequireApart(_causalTopLeft, _offset);
    }

    /// <summary>The mask that was asked for.</summary>
    public AttentionMask ReadMask(ParseResult parsed)
    {
        bool topLeft = parsed.GetValue(_causalTopLeft);
        bool causal = topLeft || parsed.GetValue(_causal);
        AttentionMask mask = parsed.GetValue(_window) is { } window
            ? AttentionMask.Window(window.Left, causal ? 0 : window.Right)
            : topLeft ? AttentionMask.CausalTopLeft
            : causal ? AttentionMask.Causal
            : AttentionMask.None;
        return parsed.GetValue(_prefix) is int keys ? mask.WithPrefix(keys) : mask;
    }

    /// <summary>The diagonal offset that was asked for, or null.</summary>
    public int? ReadOffset(ParseResult parsed) =>
        parsed.GetValue(_offset) ?? (parsed.GetValue(_causalTopLeft) ? 0 : null);

    private static Window? ParseWindow(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string[] parts = text.Split(',');
        if (parts.Length != 2 || Width(parts[0]) is not int left || Width(parts[1]) is not int right)
        {
            result.AddError($"--window is '{text}'; allowed are two whole numbers from 0, or -1 for an open "
                + "side, such as 128,0");
            return null;
        }

        return new Window(left < 0 ? null : left, right < 0 ? null : right);
    }

    private static int? Width(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int width)
            && width >= -1
            ? width
            : null;

    private sealed record Window(int? Left, int? Right);
}
