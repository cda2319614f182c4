namespace NativeAttention.Emulation;

/// <summary>Collects what is wrong with a text, in the order of finding.</summary>
internal sealed class PtxErrors(string text)
{
    private readonly List<PtxDiagnostic> _found = [];

    public int Count => _found.Count;

    /// <summary>Adds an error about a whole line.</summary>
    public void Add(int line, string message) => _found.Add(At(line, message));

    /// <summary>Adds an error about a statement that was cut out of the text.</summary>
    public void Add(PtxParseException problem, PtxFunction function, (int Start, int End) statement) =>
        _found.Add(PtxPlace.Of(text, problem.Line, statement, problem.Message) with
        {
            Kernel = function.Name,
        });

    /// <summary>Adds an error met while reading a token that starts at <paramref name="start"/>.</summary>
    public void Add(PtxParseException problem, int start)
    {
        PtxDiagnostic whole = At(problem.Line, problem.Message);
        int column = PtxPlace.Column(text, start);
        bool isHere = PtxPlace.Line(text, start) == problem.Line;
        _found.Add(isHere ? whole with { Column = column } : whole);
    }

    /// <summary>The errors in the order of their lines.</summary>
    public List<PtxDiagnostic> Sorted(string module) =>
        [.. _found.OrderBy(e => e.Line).Select(e => e with { Module = module })];

    private PtxDiagnostic At(int line, string message) =>
        PtxPlace.Of(text, line, PtxPlace.Range(text, line), message);
}
