namespace NativeAttention.Tool.Output;

/// <summary>
/// A table of plain text: columns as wide as their widest cell, numbers at the right, a long last cell on
/// several lines.
/// </summary>
internal sealed class TextTable
{
    private const int MaxWidth = 110;
    private const int MinLastColumn = 30;
    private readonly string[] _titles;
    private readonly bool[] _right;
    private readonly List<string[]> _rows = [];

    /// <summary>Makes a table. A title that begins with '&gt;' makes a column aligned at the right.</summary>
    public TextTable(params ReadOnlySpan<string> titles)
    {
        _titles = new string[titles.Length];
        _right = new bool[titles.Length];
        for (int i = 0; i < titles.Length; i++)
        {
            _right[i] = titles[i].StartsWith('>');
            _titles[i] = titles[i].TrimStart('>');
        }
    }

    /// <summary>Adds a row with a cell for every column.</summary>
    public void Add(params ReadOnlySpan<string> cells)
    {
        if (cells.Length != _titles.Length)
        {
            throw new ArgumentException($"A row needs {_titles.Length} cells, not {cells.Length}.",
                nameof(cells));
        }

        _rows.Add(cells.ToArray());
    }

    /// <summary>Writes titles and rows.</summary>
    public void WriteTo(TextWriter writer)
    {
        int last = _titles.Length - 1;
        int[] widths = [.. _titles.Select((t, i) => i == last
            ? 0
            : _rows.Select(r => r[i].Length).Append(t.Length).Max())];
        int room = Math.Max(MinLastColumn, MaxWidth - widths.Sum(w => w + 2) - 2);
        foreach (string[] row in _rows.Prepend(_titles))
        {
            List<string> lines = Wrap(row[last], room);
            writer.WriteLine(Line([.. row[..last], lines[0]], widths));
            foreach (string more in lines.Skip(1))
            {
                writer.WriteLine(Line([.. row[..last].Select(_ => ""), more], widths));
            }
        }
    }

    private string Line(string[] cells, int[] widths)
    {
        IEnumerable<string> padded = cells.Select(
            (cell, i) => _right[i] ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
        return ("  " + string.Join("  ", padded)).TrimEnd();
    }

    private static List<string> Wrap(string text, int width)
    {
        List<string> lines = [];
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line);
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        lines.Add(line);
        return lines;
    }
}
