namespace NativeAttention.Emulation;

/// <summary>What a token of PTX text is.</summary>
internal enum PtxTokenKind : byte
{
    End,

    /// <summary>An identifier, with a leading <c>%</c>, <c>$</c> or <c>_</c> where it has one.</summary>
    Word,

    /// <summary>A directive, type or qualifier with its leading dot.</summary>
    DotWord,

    Number,
    String,

    /// <summary>A single character; the token's start tells which.</summary>
    Punctuation,
}

/// <summary>A token: a range of the text and the line it starts on.</summary>
internal readonly record struct PtxToken(PtxTokenKind Kind, int Start, int Length, int Line)
{
    public int End => Start + Length;
}
