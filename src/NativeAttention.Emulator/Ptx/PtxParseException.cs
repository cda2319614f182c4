namespace NativeAttention.Emulation;

/// <summary>A statement that cannot be parsed or decoded; the loader collects them.</summary>
internal sealed class PtxParseException(int line, string message) : Exception(message)
{
    public int Line { get; } = line;
}
