using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

/// <summary>
/// How long the spans of a backward run must be, and that what is written lies apart: checked before anything is
/// written.
/// </summary>
internal sealed record BackwardSpans(string Problem, long Query, long Key, long Value, long Output, long Lse,
    long ExtraKey, long ExtraValue, long RelativeBias)
{
    /// <summary>Those of dense attention.</summary>
    public static BackwardSpans Of(AttentionProblem p) => new($"{p.Shape} in layout {p.Options.Layout}",
        p.QueryStorageLength, p.KeyStorageLength, p.ValueStorageLength, p.OutputStorageLength, p.LseLength, 0, 0, 0);

    /// <summary>Those of neighborhood attention.</summary>
    public static BackwardSpans Of(NeighborhoodProblem p) => new($"{p.Shape}", p.QueryLength, p.KeyLength,
        p.ValueLength, p.OutputLength, p.LseLength, p.ExtraKeyLength, p.ExtraValueLength, p.RelativeBiasLength);

    /// <summary>Checks lengths, then overlaps; returns both sides cut to what the problem uses.</summary>
    public BackwardInputs<T> Check<T>(in BackwardInputs<T> inputs, in AttentionGradients<T> gradients,
        out AttentionGradients<T> written)
        where T : unmanaged
    {
        BackwardInputs<T> exact = new()
        {
            Query = Used("Query", inputs.Query, Query),
            Key = Used("Key", inputs.Key, Key),
            Value = Used("Value", inputs.Value, Value),
            Output = Used("Output", inputs.Output, Output),
            Lse = Used("Lse", inputs.Lse, Lse),
            OutputGradient = Used("OutputGradient", inputs.OutputGradient, Output),
            LseGradient = inputs.LseGradient.IsEmpty ? default : Used("LseGradient", inputs.LseGradient, Lse),
            ExtraKey = Used("ExtraKey", inputs.ExtraKey, ExtraKey),
            ExtraValue = Used("ExtraValue", inputs.ExtraValue, ExtraValue),
            RelativeBias = Used("RelativeBias", inputs.RelativeBias, RelativeBias),
        };
        written = new AttentionGradients<T>
        {
            Query = Written("gradient of the query", gradients.Query, Query),
            Key = Written("gradient of the key", gradients.Key, Key),
            Value = Written("gradient of the value", gradients.Value, Value),
            ExtraKey = Written("gradient of the extra keys", gradients.ExtraKey, ExtraKey),
            ExtraValue = Written("gradient of the extra values", gradients.ExtraValue, ExtraValue),
            RelativeBias = Written("gradient of the bias", gradients.RelativeBias, RelativeBias),
        };
        Apart(exact, written);
        return exact;
    }

    private static void Apart<T>(in BackwardInputs<T> inputs, in AttentionGradients<T> written)
        where T : unmanaged
    {
        Apart<T, T>(inputs, "gradient of the query", written.Query);
        Apart<T, T>(inputs, "gradient of the key", written.Key);
        Apart<T, T>(inputs, "gradient of the value", written.Value);
        Apart<T, T>(inputs, "gradient of the extra keys", written.ExtraKey);
        Apart<T, T>(inputs, "gradient of the extra values", written.ExtraValue);
        Apart<T, float>(inputs, "gradient of the bias", written.RelativeBias);
        Mutually(written);
    }

    private static void Mutually<T>(in AttentionGradients<T> w)
        where T : unmanaged
    {
        OverlapRule.RequireApart<T, T>("gradient of the key", w.Key, "gradient of the query", w.Query);
        OverlapRule.RequireApart<T, T>("gradient of the value", w.Value, "gradient of the query", w.Query);
        OverlapRule.RequireApart<T, T>("gradient of the value", w.Value, "gradient of the key", w.Key);
        OverlapRule.RequireApart<T, T>("gradient of the extra keys", w.ExtraKey, "gradient of the query", w.Query);
        OverlapRule.RequireApart<T, T>("gradient of the extra keys", w.ExtraKey, "gradient of the key", w.Key);
        OverlapRule.RequireApart<T, T>("gradient of the extra keys", w.ExtraKey, "gradient of the value", w.Value);
        OverlapRule.RequireApart<T, T>("gradient of the extra values", w.ExtraValue, "gradient of the query", w.Query);
        OverlapRule.RequireApart<T, T>("gradient of the extra values", w.ExtraValue, "gradient of the key", w.Key);
        OverlapRule.RequireApart<T, T>("gradient of the extra values", w.ExtraValue, "gradient of the value", w.Value);
        OverlapRule.RequireApart<T, T>(
            "gradient of the extra values", w.ExtraValue, "gradient of the extra keys", w.ExtraKey);
        OverlapRule.RequireApart<float, T>("gradient of the bias", w.RelativeBias, "gradient of the query", w.Query);
        OverlapRule.RequireApart<float, T>("gradient of the bias", w.RelativeBias, "gradient of the key", w.Key);
        OverlapRule.RequireApart<float, T>("gradient of the bias", w.RelativeBias, "gradient of the value", w.Value);
        OverlapRule.RequireApart<float, T>(
            "gradient of the bias", w.RelativeBias, "gradient of the extra keys", w.ExtraKey);
        OverlapRule.RequireApart<float, T>(
            "gradient of the bias", w.RelativeBias, "gradient of the extra values", w.ExtraValue);
    }

    private static void Apart<T, TWritten>(in BackwardInputs<T> inputs, string name, ReadOnlySpan<TWritten> written)
        where T : unmanaged
        where TWritten : unmanaged
    {
        OverlapRule.RequireApart(name, written, "query", inputs.Query);
        OverlapRule.RequireApart(name, written, "key", inputs.Key);
        OverlapRule.RequireApart(name, written, "value", inputs.Value);
        OverlapRule.RequireApart(name, written, "output", inputs.Output);
        OverlapRule.RequireApart(name, written, "lse", inputs.Lse);
        OverlapRule.RequireApart(name, written, "output gradient", inputs.OutputGradient);
        OverlapRule.RequireApart(name, written, "lse gradient", inputs.LseGradient);
        OverlapRule.RequireApart(name, written, "extra keys", inputs.ExtraKey);
        OverlapRule.RequireApart(name, written, "extra values", inputs.ExtraValue);
        OverlapRule.RequireApart(name, written, "bias", inputs.RelativeBias);
    }

    private Span<T> Written<T>(string name, Span<T> span, long needed)
        where T : unmanaged
    {
        Used<T>(name, span, needed);
        return span[..(int)needed];
    }

    private ReadOnlySpan<T> Used<T>(string name, ReadOnlySpan<T> span, long needed)
        where T : unmanaged
    {
        if (needed == 0 && !span.IsEmpty && name is not ("Query" or "Key" or "Value" or "Output" or "Lse"))
        {
            ThrowNotPart(name, span.Length);
        }

        if (span.Length < needed)
        {
            ThrowTooShort(name, span.Length, needed);
        }

        return span[..(int)needed];
    }

    [DoesNotReturn]
    private void ThrowTooShort(string name, int given, long needed) => throw new ArgumentException(
        $"The {name} span has {given} elements: {Problem} needs {needed}"
        + (needed > int.MaxValue ? ", more than a span can hold." : "."), name);

    [DoesNotReturn]
    private void ThrowNotPart(string name, int given) => throw new ArgumentException(
        $"The {name} span has {given} elements, but {Problem} has none of it: leave it empty.", name);
}
