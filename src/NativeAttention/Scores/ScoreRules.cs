using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>The rules that the spans of a score pass must keep, checked before anything is written.</summary>
internal static class ScoreRules
{
    /// <summary>Refuses requests that mean nothing, and layouts whose scores have no form.</summary>
    public static void CheckRequest(AttentionProblem problem, ScoreRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Check();
        if (problem.Strides.Packed is not null)
        {
            throw new ArgumentException($"The layout is {problem.Options.Layout}: scores are returned of BSHD, "
                + "BHSD and strided layouts, one sequence after the other for packed ones.", nameof(problem));
        }
    }

    /// <summary>Why a pass over scores refuses a rung; null when none is asked for.</summary>
    public static string? RungRefusal(AttentionProblem problem) => problem.Options.Tuning.Rung is string rung
        ? $"its pass over scores has no rungs, and '{rung}' is asked for"
        : null;

    /// <summary>Checks lengths, then overlaps; returns the inputs cut to what the problem uses.</summary>
    public static AttentionInputs<T> Check<T>(AttentionProblem problem, ScoreRequest request,
        in AttentionInputs<T> inputs, ReadOnlySpan<float> lse, in ScoreResults<T> results)
        where T : unmanaged
    {
        AttentionShape s = problem.Shape;
        AttentionInputs<T> exact = SpanRules.CheckQueryAndKey(problem, inputs);
        Required("lse", lse.Length, request.NeedsLse ? problem.LseLength : 0);
        Required("Scores", results.Scores.Length, request.ScoresLength(s));
        Required("ColumnSums", results.ColumnSums.Length, request.ColumnSumsLength(s));
        Required("RowEntropy", results.RowEntropy.Length, request.RowEntropyLength(s));
        Required("BlockMaxima", results.BlockMaxima.Length, request.BlockMaximaLength(s));
        ReadOnlySpan<byte> scores = MemoryMarshal.AsBytes(results.Scores);
        ReadOnlySpan<byte> sums = MemoryMarshal.AsBytes(results.ColumnSums);
        ReadOnlySpan<byte> entropy = MemoryMarshal.AsBytes(results.RowEntropy);
        ReadOnlySpan<byte> maxima = MemoryMarshal.AsBytes(results.BlockMaxima);
        Apart("Scores", scores, exact, lse);
        Apart("ColumnSums", sums, exact, lse);
        Apart("RowEntropy", entropy, exact, lse);
        Apart("BlockMaxima", maxima, exact, lse);
        SpanRules.Apart("ColumnSums", sums, "Scores", scores);
        SpanRules.Apart("RowEntropy", entropy, "Scores", scores);
        SpanRules.Apart("BlockMaxima", maxima, "Scores", scores);
        SpanRules.Apart("RowEntropy", entropy, "ColumnSums", sums);
        SpanRules.Apart("BlockMaxima", maxima, "ColumnSums", sums);
        SpanRules.Apart("BlockMaxima", maxima, "RowEntropy", entropy);
        return exact;
    }

    private static void Apart<T>(string written, ReadOnlySpan<byte> bytes, in AttentionInputs<T> inputs,
        ReadOnlySpan<float> lse)
        where T : unmanaged
    {
        SpanRules.Apart(written, bytes, inputs);
        SpanRules.Apart(written, bytes, "lse", MemoryMarshal.AsBytes(lse));
    }

    private static void Required(string name, int given, Int128 needed)
    {
        if (given < needed)
        {
            SpanLength.ThrowTooShort("the request", name, given, needed);
        }

        if (needed == 0 && given > 0)
        {
            Throw(name, $"A {name} span of {given} elements is given, but the request does not use it.");
        }
    }

    [DoesNotReturn]
    private static void Throw(string name, string message) => throw new ArgumentException(message, name);
}
