namespace NativeAttention.Emulation;

/// <summary>PTX text that could not be loaded.</summary>
public sealed class PtxLoadException : Exception
{
    internal PtxLoadException(IReadOnlyList<PtxDiagnostic> errors)
        : base(string.Join('\n', errors)) => Errors = errors;

    /// <summary>Every offending statement, in the order of the lines.</summary>
    public IReadOnlyList<PtxDiagnostic> Errors { get; }
}
