namespace NativeAttention.Emulation;

/// <summary>Lines, columns and statements of PTX text.</summary>
internal static class PtxPlace
{
    /// <summary>An error at a range of the text.</summary>
    public static PtxDiagnostic Of(string text, int line, (int Start, int End) range, string message) => new()
    {
        IsError = true,
        Line = line,
        Column = Column(text, range.Start),
        Text = Fold(text[range.Start..range.End]),
        Message = message,
    };

    /// <summary>The text with every run of white space as one blank.</summary>
    public static string Fold(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public static int Column(string text, int position) =>
        position == 0 ? 1 : position - text.LastIndexOf('\n', position - 1);

    public static int Line(string text, int position) => text.AsSpan(0, position).Count('\n') + 1;

    /// <summary>The characters of a line between its white space.</summary>
    public static (int Start, int End) Range(string text, int line)
    {
        int start = 0;
        for (int i = 1; i < line && start >= 0; i++)
        {
            start = text.IndexOf('\n', start) + 1;
        }
        int end = text.IndexOf('\n', start);
        end = end < 0 ? text.Length : end;
        while (start < end && char.IsWhiteSpace(text[start]))
        {
            start++;
        }
        while (end > start && char.IsWhiteSpace(text[end - 1]))
        {
            end--;
        }
        return (start, end);
    }
}
