namespace NativeAttention.Tool.App;

/// <summary>
/// Tells how far long work has come: one rewritten line on a terminal, one line per step elsewhere.
/// </summary>
internal sealed class ProgressReporter
{
    private readonly TextWriter? _writer;
    private readonly bool _rewrite;
    private int _width;

    private ProgressReporter(TextWriter? writer, bool rewrite)
    {
        _writer = writer;
        _rewrite = rewrite;
    }

    /// <summary>A reporter for a console: silent unless somebody watches or asked for it.</summary>
    public static ProgressReporter Create(ToolConsole console, bool always, bool logging)
    {
        bool shown = always || console.ErrorIsTerminal;
        // A line that is rewritten in place and log lines would overwrite each other.
        return new ProgressReporter(shown ? console.Error : null, console.ErrorIsTerminal && !logging);
    }

    /// <summary>Says what is being done now.</summary>
    public void Report(int done, int total, string what)
    {
        if (_writer is null)
        {
            return;
        }

        string line = $"[{done}/{total}] {what}";
        if (!_rewrite)
        {
            _writer.WriteLine(line);
            return;
        }

        _writer.Write('\r' + line.PadRight(_width));
        _width = line.Length;
    }

    /// <summary>Clears the rewritten line, before something else is printed.</summary>
    public void Clear()
    {
        if (_rewrite && _width > 0)
        {
            _writer?.Write('\r' + new string(' ', _width) + '\r');
            _width = 0;
        }
    }
}
