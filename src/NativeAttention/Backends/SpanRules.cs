using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>The rules that the spans of one run must keep, checked before anything is written.</summary>
internal static class SpanRules
{
    /// <summary>Checks lengths, then overlaps.</summary>
    public static void Check<T>(AttentionProblem problem, ReadOnlySpan<T> query, ReadOnlySpan<T> key,
        ReadOnlySpan<T> value, ReadOnlySpan<T> output, ReadOnlySpan<float> lse)
        where T : unmanaged
    {
        ReadOnlySpan<byte> q = Used(problem, "query", query, problem.QueryStorageLength);
        ReadOnlySpan<byte> k = Used(problem, "key", key, problem.KeyStorageLength);
        ReadOnlySpan<byte> v = Used(problem, "value", value, problem.ValueStorageLength);
        ReadOnlySpan<byte> o = Used(problem, "output", output, problem.OutputStorageLength);
        ReadOnlySpan<byte> l = lse.IsEmpty ? default : Used(problem, "lse", lse, problem.LseLength);
        Apart("output", o, "query", q);
        Apart("output", o, "key", k);
        Apart("output", o, "value", v);
        Apart("lse", l, "query", q);
        Apart("lse", l, "key", k);
        Apart("lse", l, "value", v);
        Apart("lse", l, "output", o);
    }

    // The bytes of the part that the problem uses: what lies beyond may overlap anything.
    private static ReadOnlySpan<byte> Used<T>(AttentionProblem problem, string name, ReadOnlySpan<T> span,
        long needed)
        where T : unmanaged
    {
        if (span.Length < needed)
        {
            ThrowTooShort(problem, name, span.Length, needed);
        }

        return MemoryMarshal.AsBytes(span[..(int)needed]);
    }

    private static void Apart(string written, ReadOnlySpan<byte> a, string other, ReadOnlySpan<byte> b)
    {
        if (a.Overlaps(b))
        {
            ThrowOverlap(written, other);
        }
    }

    [DoesNotReturn]
    private static void ThrowTooShort(AttentionProblem problem, string name, int given, long needed) =>
        throw new ArgumentException($"The {name} span has {given} elements: {problem.Shape} in layout "
            + $"{problem.Options.Layout} needs {needed}"
            + (needed > int.MaxValue ? ", more than a span can hold." : "."), name);

    [DoesNotReturn]
    private static void ThrowOverlap(string written, string other) =>
        throw new ArgumentException(
            $"The {written} span overlaps the {other} span: what is written must have memory "
            + "of its own.", written);
}
