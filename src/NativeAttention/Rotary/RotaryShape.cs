using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>The tensors of one rotary embedding.</summary>
/// <param name="Input">What is rotated.</param>
/// <param name="Output">Where it goes.</param>
/// <param name="Half">Pairs of a row, half the rotary dim.</param>
/// <param name="CacheRows">Positions of the caches; tokens, if they have a row for every token.</param>
/// <param name="CacheBatchRows">
/// Rows from one sequence's to the next one's; 0 if all sequences share them.
/// </param>
/// <param name="HasRowPerToken">Whether caches are [batch, sequence, half].</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RotaryShape(
    TensorExtents Input, TensorExtents Output, int Half, int CacheRows, int CacheBatchRows,
    bool HasRowPerToken)
{
    private const string CacheAxes =
        "[positions, rotary dim / 2], or [batch, sequence, rotary dim / 2] for a row for every token";

    /// <summary>Elements of a cache.</summary>
    public long CacheLength => (long)Half * CacheRows * (HasRowPerToken ? Input.Batch : 1);

    /// <summary>Whether an output at the address of its input may be the input itself.</summary>
    public bool IsInPlace => Input == Output;

    /// <summary>Checks one tensor with its caches.</summary>
    public static RotaryShape Create(in ArgumentAxes input, in ArgumentAxes cos, in ArgumentAxes sin,
        in ArgumentAxes output, AttentionLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        TensorExtents from = input.Extents(layout), to = output.Extents(layout);
        if (to with { Strides = from.Strides } != from)
        {
            output.Throw($"is {output}, but the {input.Name} is {input}: they must be the same.");
        }

        bool perToken = cos.Rank == 3;
        if (!perToken)
        {
            cos.RequireRank(2, CacheAxes);
        }

        int half = cos.Length(cos.Rank - 1);
        if (2L * half > from.Dim)
        {
            cos.Throw($"is {cos}: the rotary dim, twice its last axis, must be at most the head dim, "
                + $"{from.Dim}.");
        }

        if (perToken)
        {
            cos.RequireLengths([from.Batch, from.Sequence, half], CacheAxes);
            sin.RequireLengths([from.Batch, from.Sequence, half], "as cos");
        }
        else
        {
            sin.RequireLengths([cos.Length(0), half], "as cos");
        }

        cos.RequireDense(0, "a cache");
        sin.RequireDense(0, "a cache");
        return perToken ? new RotaryShape(from, to, half, from.Sequence, from.Sequence, true)
            : new RotaryShape(from, to, half, cos.Length(0), 0, false);
    }

    /// <summary>Demands that positions are not given where the caches have a row for every token.</summary>
    public void CheckPositions(bool given)
    {
        if (given && HasRowPerToken)
        {
            ThrowPositions("are given, but the caches have a row for every token: leave them out, or give "
                + "caches of [positions, rotary dim / 2].");
        }
    }

    /// <summary>Demands that a position is one of the caches.</summary>
    public void CheckPosition(long position, int batch, int token)
    {
        if (position < 0 || position >= CacheRows)
        {
            ThrowPosition(position, $"The position of token {token} of sequence {batch} is {position}: it "
                + $"must lie between 0 and {CacheRows - 1}, which is what the caches hold.");
        }
    }

    /// <summary>Throws what is wrong with the positions.</summary>
    [DoesNotReturn]
    public static void ThrowPositions(string message, string argument = "positions") =>
        throw new ArgumentException($"The {argument} {message}", argument);

    [DoesNotReturn]
    private static void ThrowPosition(long position, string message, string argument = "positions") =>
        throw new ArgumentOutOfRangeException(argument, position, message);
}
