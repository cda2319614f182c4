namespace NativeAttention.Emulation;

/// <summary>
/// A pattern of opcodes: literal text, <c>{a,b}</c> for a choice and <c>[a]</c> for something optional, both of
/// which may nest. It can be asked whether it covers an opcode, and it can list all that it covers.
/// </summary>
internal sealed class OpcodePattern
{
    private readonly List<Step> _steps = [];

    private OpcodePattern()
    {
    }

    /// <summary>A literal, or a choice among patterns.</summary>
    private readonly record struct Step(string Literal, OpcodePattern[] Choices);

    public static OpcodePattern Parse(string text)
    {
        int at = 0;
        OpcodePattern pattern = Parse(text, ref at, "");
        return at == text.Length ? pattern : throw new FormatException($"'{text[at]}' in '{text}'");
    }

    /// <summary>True when the pattern covers <paramref name="opcode"/>; <paramref name="furthest"/> grows to the
    /// length of the longest start that some literal of the pattern agreed with.</summary>
    public bool Covers(string opcode, ref int furthest)
    {
        int reached = furthest;
        bool covers = Match(opcode, 0, 0, end => end == opcode.Length, ref reached);
        furthest = reached;
        return covers;
    }

    /// <summary>Every opcode that the pattern covers.</summary>
    public IEnumerable<string> Expand() => Expand(0);

    private IEnumerable<string> Expand(int step)
    {
        if (step == _steps.Count)
        {
            return [""];
        }
        IEnumerable<string> heads = _steps[step].Choices.Length == 0
            ? [_steps[step].Literal] : _steps[step].Choices.SelectMany(c => c.Expand());
        return heads.SelectMany(head => Expand(step + 1), (head, tail) => head + tail);
    }

    private delegate bool Rest(int at);

    private bool Match(string text, int at, int step, Rest rest, ref int furthest)
    {
        if (step == _steps.Count)
        {
            return rest(at);
        }
        (string literal, OpcodePattern[] choices) = _steps[step];
        if (choices.Length == 0)
        {
            if (!text.AsSpan(at).StartsWith(literal))
            {
                return false;
            }
            furthest = Math.Max(furthest, at + literal.Length);
            return Match(text, at + literal.Length, step + 1, rest, ref furthest);
        }
        int reached = furthest;
        bool covers = false;
        foreach (OpcodePattern choice in choices)
        {
            covers = covers || choice.Match(text, at, 0, Continue, ref reached);
        }
        furthest = reached;
        return covers;

        bool Continue(int end) => Match(text, end, step + 1, rest, ref reached);
    }

    private static OpcodePattern Parse(string text, ref int at, string closing)
    {
        OpcodePattern pattern = new();
        while (at < text.Length && !closing.Contains(text[at], StringComparison.Ordinal))
        {
            int start = at;
            char c = text[at++];
            if (c == '{')
            {
                pattern._steps.Add(new Step("", ParseChoices(text, ref at)));
            }
            else if (c == '[')
            {
                OpcodePattern optional = Parse(text, ref at, "]");
                at++;
                pattern._steps.Add(new Step("", [optional, new OpcodePattern()]));
            }
            else
            {
                while (at < text.Length && !"{}[],".Contains(text[at], StringComparison.Ordinal))
                {
                    at++;
                }
                pattern._steps.Add(new Step(text[start..at], []));
            }
        }
        return pattern;
    }

    private static OpcodePattern[] ParseChoices(string text, ref int at)
    {
        List<OpcodePattern> choices = [];
        do
        {
            choices.Add(Parse(text, ref at, ",}"));
        }
        while (text[at++] == ',');
        return [.. choices];
    }
}
