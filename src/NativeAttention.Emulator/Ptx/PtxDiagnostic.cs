namespace NativeAttention.Emulation;

/// <summary>Something the loader has to say about a place in PTX text: an error, which keeps the module from
/// loading, or a warning.</summary>
public sealed record PtxDiagnostic
{
    /// <summary>True when the module does not load because of it; false for a warning.</summary>
    public required bool IsError { get; init; }

    /// <summary>What is wrong.</summary>
    public required string Message { get; init; }

    /// <summary>Name of the module, as it was loaded.</summary>
    public string Module { get; init; } = "";

    /// <summary>Entry name of the kernel; empty outside of one.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>Line, counted from 1.</summary>
    public required int Line { get; init; }

    /// <summary>Column of the first character of <see cref="Text"/>, counted from 1.</summary>
    public required int Column { get; init; }

    /// <summary>The statement, or the line where no statement could be read; white space is folded.</summary>
    public required string Text { get; init; }

    /// <summary>One line: place, severity, message and text.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Module}.ptx({Line},{Column}): {(IsError ? "error" : "warning")}: {Message}: {Text}");
}
