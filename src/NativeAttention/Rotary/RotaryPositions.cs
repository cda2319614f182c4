namespace NativeAttention;

/// <summary>
/// The position of every token of a batch in host memory. The default is position t for token t of each
/// sequence.
/// </summary>
public readonly ref struct RotaryPositions
{
    private readonly ReadOnlySpan<int> _offsets;
    private readonly ReadOnlySpan<int> _ids;
    private readonly ReadOnlySpan<long> _wideIds;
    private readonly int _offset;
    private readonly Kind _kind;

    private RotaryPositions(Kind kind, int offset = 0, ReadOnlySpan<int> offsets = default,
        ReadOnlySpan<int> ids = default, ReadOnlySpan<long> wideIds = default)
    {
        _kind = kind;
        _offset = offset;
        _offsets = offsets;
        _ids = ids;
        _wideIds = wideIds;
    }

    private enum Kind
    {
        Default,
        From,
        Offsets,
        Ids,
        WideIds,
    }

    /// <summary>Whether nothing was said.</summary>
    internal bool IsDefault => _kind == Kind.Default;

    /// <summary>Token t of every sequence has position <paramref name="offset"/> + t.</summary>
    /// <param name="offset">Position of the first token.</param>
    public static RotaryPositions From(int offset) => new(Kind.From, offset);

    /// <summary>Token t of sequence b has position offsets[b] + t.</summary>
    /// <param name="offsets">Position of each sequence's first token, [batch].</param>
    public static RotaryPositions PerSequence(ReadOnlySpan<int> offsets) =>
        new(Kind.Offsets, offsets: offsets);

    /// <summary>Every token has a position of its own.</summary>
    /// <param name="ids">The positions, dense [batch, sequence].</param>
    public static RotaryPositions Of(ReadOnlySpan<int> ids) => new(Kind.Ids, ids: ids);

    /// <summary>Every token has a position of its own.</summary>
    /// <param name="ids">The positions, dense [batch, sequence].</param>
    public static RotaryPositions Of(ReadOnlySpan<long> ids) => new(Kind.WideIds, wideIds: ids);

    /// <summary>Position of a token.</summary>
    internal long this[int batch, int token, int length] => _kind switch
    {
        Kind.Offsets => (long)_offsets[batch] + token,
        Kind.Ids => _ids[(batch * length) + token],
        Kind.WideIds => _wideIds[(batch * length) + token],
        _ => (long)_offset + token,
    };

    /// <summary>Checks that there is a position for every token, and a row of the caches for it.</summary>
    internal void Check(RotaryShape shape)
    {
        (int batch, int length) = (shape.Input.Batch, shape.Input.Sequence);
        (int given, long needed, string axes) = _kind switch
        {
            Kind.Offsets => (_offsets.Length, batch, "[batch]"),
            Kind.Ids => (_ids.Length, (long)batch * length, "[batch, sequence]"),
            Kind.WideIds => (_wideIds.Length, (long)batch * length, "[batch, sequence]"),
            _ => (0, 0, ""),
        };
        if (given != needed)
        {
            RotaryShape.ThrowPositions($"are {given}: there must be {needed}, {axes}.");
        }

        for (int b = 0; b < batch; b++)
        {
            for (int t = 0; t < length; t++)
            {
                shape.CheckPosition(this[b, t, length], b, t);
            }
        }
    }
}
