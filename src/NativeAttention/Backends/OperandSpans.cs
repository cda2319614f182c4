using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>
/// The optional operands of one run, held against what the problem announced: what is missing, unexpected, too
/// short or out of range is refused, the rest is cut to the length the problem uses.
/// </summary>
internal static class OperandSpans
{
    /// <summary>Checks the operands and cuts all inputs to what the problem uses.</summary>
    /// <remarks>Query and key must have been checked, and value where it is read.</remarks>
    public static AttentionInputs<T> Exact<T>(AttentionProblem problem, in AttentionInputs<T> inputs)
        where T : unmanaged
    {
        AttentionOperands operands = problem.Options.Operands;
        AttentionShape s = problem.Shape;
        PackedTokens? packed = problem.Strides.Packed;
        return new AttentionInputs<T>(inputs.Query[..(int)problem.QueryStorageLength],
            inputs.Key[..(int)problem.KeyStorageLength],
            inputs.Value[..(int)Math.Min(inputs.Value.Length, problem.ValueStorageLength)])
        {
            Bias = Bias(problem, inputs.Bias),
            Mask = Cut("Mask", inputs.Mask,
                operands.Mask is OperandStrides mask ? OperandRules.Matrix(s, mask) : null),
            AlibiSlopes = Cut("AlibiSlopes", inputs.AlibiSlopes,
                operands.AlibiSlopes is OperandStrides slopes ? OperandRules.Head(s, slopes) : null),
            Sinks = Cut("Sinks", inputs.Sinks,
                operands.Sinks is OperandStrides sinks ? OperandRules.Head(s, sinks) : null),
            QueryTemperature = Cut("QueryTemperature", inputs.QueryTemperature,
                operands.QueryTemperature is OperandStrides t ? OperandRules.QueryRow(s, t, packed) : null),
            KeyLogWeight = Cut("KeyLogWeight", inputs.KeyLogWeight,
                operands.KeyLogWeight is OperandStrides w ? OperandRules.KeyRow(s, w, packed) : null),
            HeadGate = Cut("HeadGate", inputs.HeadGate,
                operands.HeadGate is OperandStrides gate ? OperandRules.QueryRow(s, gate, packed) : null),
            KeyLengths = KeyLengths(problem, inputs.KeyLengths),
            CumulativeQueryLengths = Cumulative(problem, "CumulativeQueryLengths",
                inputs.CumulativeQueryLengths, packed?.Queries, s.QueryLength),
            CumulativeKeyLengths = Cumulative(problem, "CumulativeKeyLengths",
                inputs.CumulativeKeyLengths, packed?.Keys, s.KeyLength),
        };
    }

    private static ElementSpan Bias(AttentionProblem problem, ElementSpan given)
    {
        if (problem.Options.Operands.Bias is not BiasForm form)
        {
            Cut("Bias", given.Bytes, null);
            return default;
        }

        if (!given.IsEmpty && given.ElementType != form.ElementType)
        {
            Throw("Bias", $"The Bias span has elements of type {given.ElementType}: the plan was made for "
                + $"{form.ElementType}.");
        }

        OperandExtent extent = OperandRules.Matrix(problem.Shape, form.Strides);
        return form.ElementType switch
        {
            ElementType.Float32 => Cut("Bias", MemoryMarshal.Cast<byte, float>(given.Bytes), extent),
            ElementType.Float16 => Cut("Bias", MemoryMarshal.Cast<byte, Half>(given.Bytes), extent),
            _ => Cut("Bias", MemoryMarshal.Cast<byte, BFloat16>(given.Bytes), extent),
        };
    }

    private static ReadOnlySpan<TElement> Cut<TElement>(string name, ReadOnlySpan<TElement> span,
        OperandExtent? extent)
        where TElement : unmanaged
    {
        if (extent is not OperandExtent e)
        {
            if (!span.IsEmpty)
            {
                Throw(name, $"A {name} span of {span.Length} elements is given, but the plan was made without: "
                    + $"announce it in AttentionOptions.Operands.{name}.");
            }

            return default;
        }

        if (span.Length < e.RequiredLength)
        {
            Throw(name, $"The {name} span has {span.Length} elements: strides {e.Strides} over batch {e.Batch}, "
                + $"heads {e.Heads}, queries {e.Queries} and keys {e.Keys} need {e.RequiredLength}"
                + (e.RequiredLength > int.MaxValue ? ", more than a span can hold." : "."));
        }

        return span[..(int)e.RequiredLength];
    }

    private static ReadOnlySpan<int> KeyLengths(AttentionProblem problem, ReadOnlySpan<int> lengths)
    {
        ReadOnlySpan<int> used = Cut("KeyLengths", lengths, problem.Options.Operands.KeyLengths
            ? new OperandExtent(problem.Shape.Batch, 1, 1, 1, new OperandStrides(1, 0, 0, 0))
            : null);
        for (int b = 0; b < used.Length; b++)
        {
            if (used[b] < 0 || used[b] > problem.Shape.KeyLength)
            {
                Throw("KeyLengths", $"KeyLengths[{b}] is {used[b]}: it must lie between 0 and the key length "
                    + $"{problem.Shape.KeyLength}.");
            }
        }

        return used;
    }

    private static ReadOnlySpan<int> Cumulative(AttentionProblem problem, string name, ReadOnlySpan<int> ends,
        int? tokens, int longest)
    {
        if (tokens is not int all)
        {
            if (!ends.IsEmpty)
            {
                Throw(name, $"A {name} span of {ends.Length} elements is given, but the layout is "
                    + $"{problem.Options.Layout}: only packed layouts have cumulative lengths.");
            }

            return default;
        }

        int needed = problem.Shape.Batch + 1;
        if (ends.Length < needed)
        {
            Throw(name, $"The {name} span has {ends.Length} elements: {problem.Shape.Batch} sequences need "
                + $"{needed}, the beginning of each and the end of the last.");
        }

        CheckCumulative(name, ends[..needed], all, longest);
        return ends[..needed];
    }

    private static void CheckCumulative(string name, ReadOnlySpan<int> ends, int tokens, int longest)
    {
        if (ends[0] != 0)
        {
            Throw(name, $"{name}[0] is {ends[0]}: it must be 0.");
        }

        for (int b = 1; b < ends.Length; b++)
        {
            long length = (long)ends[b] - ends[b - 1];
            if (length < 0 || length > longest)
            {
                Throw(name, $"{name}[{b}] is {ends[b]} after {ends[b - 1]}: a sequence of {length} tokens; it "
                    + $"must have 0 to {longest}, as the shape says.");
            }
        }

        if (ends[^1] > tokens)
        {
            Throw(name, $"{name}[{ends.Length - 1}] is {ends[^1]}: the packed layout has room for {tokens} "
                + "tokens.");
        }
    }

    [DoesNotReturn]
    private static void Throw(string operand, string message) => throw new ArgumentException(message, operand);
}
