using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>The rules that the spans of one run must keep, checked before anything is written.</summary>
internal static class SpanRules
{
    /// <summary>
    /// Checks lengths, then overlaps; returns the inputs cut to what the problem uses.
    /// </summary>
    public static AttentionInputs<T> Check<T>(AttentionProblem problem, in AttentionInputs<T> inputs,
        ReadOnlySpan<T> output, ReadOnlySpan<float> lse)
        where T : unmanaged
    {
        Used(problem, "query", inputs.Query, problem.QueryStorageLength);
        Used(problem, "key", inputs.Key, problem.KeyStorageLength);
        Used(problem, "value", inputs.Value, problem.ValueStorageLength);
        ReadOnlySpan<byte> o = Used(problem, "output", output, problem.OutputStorageLength);
        ReadOnlySpan<byte> l = lse.IsEmpty ? default : Used(problem, "lse", lse, problem.LseLength);
        AttentionInputs<T> exact = OperandSpans.Exact(problem, inputs);
        Apart("output", o, exact);
        Apart("lse", l, exact);
        Apart("lse", l, "output", o);
        return exact;
    }

    /// <summary>
    /// Checks the lengths of query, key and operands, where no value is read; returns them cut to what the
    /// problem uses.
    /// </summary>
    public static AttentionInputs<T> CheckQueryAndKey<T>(AttentionProblem problem, in AttentionInputs<T> inputs)
        where T : unmanaged
    {
        Used(problem, "query", inputs.Query, problem.QueryStorageLength);
        Used(problem, "key", inputs.Key, problem.KeyStorageLength);
        return OperandSpans.Exact(problem, inputs);
    }

    /// <summary>Refuses what is written where it overlaps an input.</summary>
    public static void Apart<T>(string written, ReadOnlySpan<byte> bytes, in AttentionInputs<T> inputs)
        where T : unmanaged
    {
        Apart(written, bytes, "query", MemoryMarshal.AsBytes(inputs.Query));
        Apart(written, bytes, "key", MemoryMarshal.AsBytes(inputs.Key));
        Apart(written, bytes, "value", MemoryMarshal.AsBytes(inputs.Value));
        Apart(written, bytes, "Bias", inputs.Bias.Bytes);
        Apart(written, bytes, "Mask", MemoryMarshal.AsBytes(inputs.Mask));
        Apart(written, bytes, "AlibiSlopes", MemoryMarshal.AsBytes(inputs.AlibiSlopes));
        Apart(written, bytes, "Sinks", MemoryMarshal.AsBytes(inputs.Sinks));
        Apart(written, bytes, "QueryTemperature", MemoryMarshal.AsBytes(inputs.QueryTemperature));
        Apart(written, bytes, "KeyLogWeight", MemoryMarshal.AsBytes(inputs.KeyLogWeight));
        Apart(written, bytes, "HeadGate", MemoryMarshal.AsBytes(inputs.HeadGate));
        Apart(written, bytes, "KeyLengths", MemoryMarshal.AsBytes(inputs.KeyLengths));
        Apart(written, bytes, "CumulativeQueryLengths", MemoryMarshal.AsBytes(inputs.CumulativeQueryLengths));
        Apart(written, bytes, "CumulativeKeyLengths", MemoryMarshal.AsBytes(inputs.CumulativeKeyLengths));
    }

    // The bytes of the part that the problem uses: what lies beyond may overlap anything.
    private static ReadOnlySpan<byte> Used<T>(AttentionProblem problem, string name, ReadOnlySpan<T> span,
        long needed)
        where T : unmanaged
    {
        if (span.Length < needed)
        {
            SpanLength.ThrowTooShort($"{problem.Shape} in layout {problem.Options.Layout}", name, span.Length, needed);
        }

        return MemoryMarshal.AsBytes(span[..(int)needed]);
    }

    /// <summary>Refuses what is written where it overlaps another span.</summary>
    public static void Apart(string written, ReadOnlySpan<byte> a, string other, ReadOnlySpan<byte> b)
    {
        if (a.Overlaps(b))
        {
            ThrowOverlap(written, other);
        }
    }

    [DoesNotReturn]
    private static void ThrowOverlap(string written, string other) =>
        throw new ArgumentException(
            $"The {written} span overlaps the {other} span: what is written must have memory "
            + "of its own.", written);
}
