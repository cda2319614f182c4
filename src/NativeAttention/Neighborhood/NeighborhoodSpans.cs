namespace NativeAttention.Neighborhood;

/// <summary>The rules that the spans of one run must keep, checked before anything is written.</summary>
internal static class NeighborhoodSpans
{
    /// <summary>Checks lengths, then overlaps; returns the inputs cut to what the problem uses.</summary>
    public static NeighborhoodInputs<T> Check<T>(NeighborhoodProblem problem, in NeighborhoodInputs<T> inputs,
        ReadOnlySpan<T> output, ReadOnlySpan<float> lse)
        where T : unmanaged
    {
        NeighborhoodInputs<T> exact = Exact(problem, inputs);
        ReadOnlySpan<T> o = SpanLength.Used(problem.Shape, "output", output, problem.OutputLength);
        Apart(exact, "output", o);
        if (!lse.IsEmpty)
        {
            ReadOnlySpan<float> l = SpanLength.Used(problem.Shape, "lse", lse, problem.LseLength);
            Apart(exact, "lse", l);
            OverlapRule.RequireApart("lse", l, "output", o);
        }

        return exact;
    }

    // Checks the lengths of what is read; returns it cut to what the problem uses.
    private static NeighborhoodInputs<T> Exact<T>(NeighborhoodProblem problem, in NeighborhoodInputs<T> inputs)
        where T : unmanaged => new()
        {
            Query = SpanLength.Used(problem.Shape, "query", inputs.Query, problem.QueryLength),
            Key = SpanLength.Used(problem.Shape, "key", inputs.Key, problem.KeyLength),
            Value = SpanLength.Used(problem.Shape, "value", inputs.Value, problem.ValueLength),
            ExtraKey = Optional(problem, "ExtraKey", inputs.ExtraKey, problem.ExtraKeyLength),
            ExtraValue = Optional(problem, "ExtraValue", inputs.ExtraValue, problem.ExtraValueLength),
            RelativeBias = Optional(problem, "RelativeBias", inputs.RelativeBias, problem.RelativeBiasLength),
        };

    // Demands that what is written lies apart from everything that is read.
    private static void Apart<T, TWritten>(in NeighborhoodInputs<T> inputs, string name,
        ReadOnlySpan<TWritten> written)
        where T : unmanaged
        where TWritten : unmanaged
    {
        OverlapRule.RequireApart(name, written, "query", inputs.Query);
        OverlapRule.RequireApart(name, written, "key", inputs.Key);
        OverlapRule.RequireApart(name, written, "value", inputs.Value);
        OverlapRule.RequireApart(name, written, "ExtraKey", inputs.ExtraKey);
        OverlapRule.RequireApart(name, written, "ExtraValue", inputs.ExtraValue);
        OverlapRule.RequireApart(name, written, "RelativeBias", inputs.RelativeBias);
    }

    // The part of a span that the problem uses; a span that it does not have must be empty.
    private static ReadOnlySpan<T> Optional<T>(NeighborhoodProblem problem, string name, ReadOnlySpan<T> span,
        long needed)
        where T : unmanaged
    {
        if (needed == 0 && !span.IsEmpty)
        {
            throw new ArgumentException($"The {name} span has {span.Length} elements, but the problem has none: leave it "
                + $"empty, or plan with {(name == "RelativeBias" ? "RelativeBias" : "ExtraKeys")}.", name);
        }

        return SpanLength.Used(problem.Shape, name, span, needed);
    }
}
