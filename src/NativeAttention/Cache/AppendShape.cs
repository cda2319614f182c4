using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>Tokens and the tensor that takes them.</summary>
/// <param name="Added">The tokens.</param>
/// <param name="Cache">Where they go.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AppendShape(TensorExtents Added, TensorExtents Cache)
{
    /// <summary>Tokens that go into a cache with room for at least as many.</summary>
    public static AppendShape Create(in ArgumentAxes added, in ArgumentAxes cache, AttentionLayout? layout)
    {
        TensorExtents from = added.Extents(layout), to = cache.Extents(layout);
        RequireSame(added, from, cache, to);
        if (from.Sequence > to.Sequence)
        {
            cache.Throw($"has room for {to.Sequence} tokens, but the {added.Name} has {from.Sequence}: "
                + "it must have room for all.");
        }

        return new AppendShape(from, to);
    }

    /// <summary>A past and what is added to it, which together fill the present.</summary>
    public static (AppendShape Past, AppendShape Added) Concatenation(in ArgumentAxes past,
        in ArgumentAxes added, in ArgumentAxes present, AttentionLayout? layout)
    {
        TensorExtents before = past.Extents(layout), after = added.Extents(layout);
        TensorExtents all = present.Extents(layout);
        RequireSame(added, after, past, before);
        RequireSame(past, before, present, all);
        if ((long)before.Sequence + after.Sequence != all.Sequence)
        {
            present.Throw($"has {all.Sequence} tokens: it must have those of the {past.Name}, "
                + $"{before.Sequence}, and those of the {added.Name}, {after.Sequence}.");
        }

        return (new AppendShape(before, all), new AppendShape(after, all));
    }

    /// <summary>Demands a position for every sequence, with room behind it for the tokens.</summary>
    public void CheckPositions(ReadOnlySpan<int> positions)
    {
        if (positions.Length != Added.Batch)
        {
            Throw($"The positions are {positions.Length}: there must be {Added.Batch}, [batch].");
        }

        for (int b = 0; b < positions.Length; b++)
        {
            if (positions[b] < 0 || positions[b] > Cache.Sequence - Added.Sequence)
            {
                ThrowPosition(positions[b], $"The position of sequence {b} is {positions[b]}: it must lie "
                    + $"between 0 and {Cache.Sequence - Added.Sequence}, since the cache has room for "
                    + $"{Cache.Sequence} tokens and {Added.Sequence} are added.");
            }
        }
    }

    private static void RequireSame(in ArgumentAxes one, TensorExtents a, in ArgumentAxes other,
        TensorExtents b)
    {
        if (a.Batch != b.Batch || a.Heads != b.Heads || a.Dim != b.Dim)
        {
            other.Throw($"is {other}, but the {one.Name} is {one}: batch, heads and head dim must be the "
                + "same.");
        }
    }

    [DoesNotReturn]
    private static void Throw(string message, string argument = "positions") =>
        throw new ArgumentException(message, argument);

    [DoesNotReturn]
    private static void ThrowPosition(int position, string message, string argument = "positions") =>
        throw new ArgumentOutOfRangeException(argument, position, message);
}
