using System.Text;

namespace NativeAttention.Tool.Reports;

/// <summary>Writes Markdown. Text that it is given is escaped: it is data, not markup.</summary>
internal sealed class MarkdownWriter
{
    private readonly StringBuilder _text = new();

    /// <summary>A heading with a blank line on both sides.</summary>
    public void Heading(int level, string text)
    {
        Blank();
        _text.Append('#', level).Append(' ').Append(Escape(text)).Append("\n\n");
    }

    /// <summary>A line of its own paragraph.</summary>
    public void Paragraph(string text)
    {
        Blank();
        _text.Append(Escape(text)).Append("\n\n");
    }

    /// <summary>A paragraph that ends with a link.</summary>
    public void Paragraph(string text, string link, string target)
    {
        Blank();
        _text.Append(Escape(text)).Append('[').Append(Escape(link)).Append("](")
            .AppendJoin('/', target.Split('/').Select(Uri.EscapeDataString)).Append(").\n\n");
    }

    /// <summary>One point of a list.</summary>
    public void Point(string text) => _text.Append("- ").Append(Escape(text)).Append('\n');

    /// <summary>A picture beside the report.</summary>
    public void Image(string file, string text)
    {
        Blank();
        _text.Append("![").Append(Escape(text)).Append("](").Append(Uri.EscapeDataString(file)).Append(")\n\n");
    }

    /// <summary>
    /// A table; nothing when it has no rows. Titles that begin with '&gt;' align a column at the right.
    /// Columns in which every cell is empty are left out.
    /// </summary>
    public void Table(IReadOnlyList<string> titles, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] cells = [.. rows];
        int[] columns = [.. Enumerable.Range(0, titles.Count)
            .Where(c => cells.Any(r => r[c] is not ("" or Quantities.None)))];
        if (columns.Length == 0)
        {
            return;
        }

        Blank();
        Row(columns.Select(c => Escape(titles[c].TrimStart('>'))));
        Row(columns.Select(c => titles[c].StartsWith('>') ? "---:" : "---"));
        foreach (IReadOnlyList<string> row in cells)
        {
            Row(columns.Select(c => Escape(row[c])));
        }

        _text.Append('\n');
    }

    /// <summary>The text, with one line end at its end.</summary>
    public override string ToString() => _text.ToString().TrimEnd('\n') + '\n';

    /// <summary>The text with every character that Markdown or HTML would read as markup made
    /// harmless.</summary>
    public static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool inWord = i > 0 && i + 1 < text.Length && char.IsAsciiLetterOrDigit(text[i - 1])
                && char.IsAsciiLetterOrDigit(text[i + 1]);
            escaped.Append(c switch
            {
                '\\' or '`' or '*' or '[' or ']' or '|' or '~' or '!' or '#' => $"\\{c}",
                '_' when !inWord => "\\_",
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                _ when char.IsControl(c) => " ",
                _ => c,
            });
        }

        return escaped.ToString();
    }

    private void Row(IEnumerable<string> cells) =>
        _text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    // Points of a list follow each other closely; what comes after them needs a blank line.
    private void Blank()
    {
        if (_text.Length > 1 && !(_text[^1] == '\n' && _text[^2] == '\n'))
        {
            _text.Append('\n');
        }
    }
}
