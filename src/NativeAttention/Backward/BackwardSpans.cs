using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

/// <summary>
/// How long the spans of a backward run must be, and that what is written lies apart: checked before anything is
/// written.
/// </summary>
internal sealed record BackwardSpans(string Problem, long Query, long Key, long Value, long Output, long Lse,
    long ExtraKey, long ExtraValue, long RelativeBias)
{
    private const string QueryGradient = "gradient of the query";
    private const string KeyGradient = "gradient of the key";
    private const string ValueGradient = "gradient of the value";
    private const string ExtraKeyGradient = "gradient of the extra keys";
    private const string ExtraValueGradient = "gradient of the extra values";
    private const string BiasGradient = "gradient of the bias";

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
            ExtraKey = Optional("ExtraKey", inputs.ExtraKey, ExtraKey),
            ExtraValue = Optional("ExtraValue", inputs.ExtraValue, ExtraValue),
            RelativeBias = Optional("RelativeBias", inputs.RelativeBias, RelativeBias),
        };
        written = new AttentionGradients<T>
        {
            Query = Written(QueryGradient, gradients.Query, Query),
            Key = Written(KeyGradient, gradients.Key, Key),
            Value = Written(ValueGradient, gradients.Value, Value),
            ExtraKey = WrittenOptional(ExtraKeyGradient, gradients.ExtraKey, ExtraKey),
            ExtraValue = WrittenOptional(ExtraValueGradient, gradients.ExtraValue, ExtraValue),
            RelativeBias = WrittenOptional(BiasGradient, gradients.RelativeBias, RelativeBias),
        };
        Apart(exact, written);
        return exact;
    }

    // Each gradient apart from all that is read and from the gradients before it.
    private static void Apart<T>(in BackwardInputs<T> inputs, in AttentionGradients<T> written)
        where T : unmanaged
    {
        AttentionGradients<T> before = default;
        Apart<T, T>(inputs, before, QueryGradient, written.Query);
        before = before with { Query = written.Query };
        Apart<T, T>(inputs, before, KeyGradient, written.Key);
        before = before with { Key = written.Key };
        Apart<T, T>(inputs, before, ValueGradient, written.Value);
        before = before with { Value = written.Value };
        Apart<T, T>(inputs, before, ExtraKeyGradient, written.ExtraKey);
        before = before with { ExtraKey = written.ExtraKey };
        Apart<T, T>(inputs, before, ExtraValueGradient, written.ExtraValue);
        before = before with { ExtraValue = written.ExtraValue };
        Apart<T, float>(inputs, before, BiasGradient, written.RelativeBias);
    }

    private static void Apart<T, TWritten>(in BackwardInputs<T> inputs, in AttentionGradients<T> before, string name,
        ReadOnlySpan<TWritten> written)
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
        OverlapRule.RequireApart<TWritten, T>(name, written, QueryGradient, before.Query);
        OverlapRule.RequireApart<TWritten, T>(name, written, KeyGradient, before.Key);
        OverlapRule.RequireApart<TWritten, T>(name, written, ValueGradient, before.Value);
        OverlapRule.RequireApart<TWritten, T>(name, written, ExtraKeyGradient, before.ExtraKey);
        OverlapRule.RequireApart<TWritten, T>(name, written, ExtraValueGradient, before.ExtraValue);
    }

    private Span<T> Written<T>(string name, Span<T> span, long needed)
        where T : unmanaged => span[..Used<T>(name, span, needed).Length];

    // What a problem may have or not must be empty when it does not.
    private Span<T> WrittenOptional<T>(string name, Span<T> span, long needed)
        where T : unmanaged => span[..Optional<T>(name, span, needed).Length];

    private ReadOnlySpan<T> Optional<T>(string name, ReadOnlySpan<T> span, long needed)
        where T : unmanaged
    {
        if (needed == 0 && !span.IsEmpty)
        {
            ThrowNotPart(name, span.Length);
        }

        return Used(name, span, needed);
    }

    private ReadOnlySpan<T> Used<T>(string name, ReadOnlySpan<T> span, long needed)
        where T : unmanaged => SpanLength.Used(Problem, name, span, needed);

    [DoesNotReturn]
    private void ThrowNotPart(string name, int given) => throw new ArgumentException(
        $"The {name} span has {given} elements, but {Problem} has none of it: leave it empty.", name);
}
