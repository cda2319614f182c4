namespace NativeAttention.Tool.Output;

/// <summary>A table of plain text: columns as wide as their widest cell, numbers at the right.</summary>
internal sealed class TextTable
{
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
            throw new ArgumentException($"A row needs {_titles.Length} cells, not {cells.Length}.", nameof(cells));
        }

        _rows.Add(cells.ToArray());
    }

    /// <summary>Writes titles and rows.</summary>
    public void WriteTo(TextWriter writer)
    {
        int[] widths = [.. _titles.Select((t, i) => _rows.Select(r => r[i].Length).Append(t.Length).Max())];
        writer.WriteLine(Line(_titles, widths));
        foreach (string[] row in _rows)
        {
            writer.WriteLine(Line(row, widths));
        }
    }

    private string Line(string[] cells, int[] widths)
    {
        IEnumerable<string> padded = cells.Select(
            (cell, i) => _right[i] ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
        return ("  " + string.Join("  ", padded)).TrimEnd();
    }
}
