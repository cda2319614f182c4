using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>
/// Finds the problem that three files describe, or says which length does not fit. Arrays have four axes, or
/// three when the batch axis is left out (batch 1); the order of sequence and heads is the layout's.
/// </summary>
internal static class InputShapes
{
    /// <summary>The shape of the problem.</summary>
    /// <param name="query">[batch, queries, heads, dim] or, heads first, [batch, heads, queries,
    /// dim].</param>
    /// <param name="key">As the query, with keys and key/value heads.</param>
    /// <param name="value">As the key, with its own dim.</param>
    /// <param name="headsFirst">Whether heads come before the sequence (BHSD).</param>
    /// <exception cref="ToolException">The files do not fit together.</exception>
    public static AttentionShape Infer(InputTensor query, InputTensor key, InputTensor value, bool headsFirst)
    {
        CheckRanksAndTypes(query, key, value);
        Axes q = Axes.Of(query, headsFirst), k = Axes.Of(key, headsFirst), v = Axes.Of(value, headsFirst);
        RequireEqual(k, q, "batch", a => a.Batch);
        RequireEqual(v, q, "batch", a => a.Batch);
        RequireEqual(v, k, "sequence length", a => a.Sequence);
        RequireEqual(k, q, "head dim", a => a.Dim);
        RequirePositive(q, "number of heads", q.Heads);
        RequirePositive(k, "number of heads", k.Heads);
        RequirePositive(v, "number of heads", v.Heads);
        RequirePositive(q, "head dim", q.Dim);
        RequirePositive(v, "head dim", v.Dim);
        RequireMultiple(q, k);
        RequireMultiple(q, v);
        return new AttentionShape(q.Batch, q.Sequence, k.Sequence, q.Heads, k.Heads, q.Dim, v.Dim)
        {
            ValueHeads = v.Heads,
        };
    }

    private static void CheckRanksAndTypes(InputTensor query, InputTensor key, InputTensor value)
    {
        int rank = query.Array.Shape.Length;
        foreach (InputTensor tensor in (ReadOnlySpan<InputTensor>)[query, key, value])
        {
            string shape = NpyShape.Format(tensor.Array.Shape);
            if (tensor.Array.Shape.Length is not (3 or 4))
            {
                throw ToolException.BadInput(
                    $"{tensor.Label}: shape {shape} has {tensor.Array.Shape.Length} axes; "
                    + "allowed are 4, or 3 without the batch axis");
            }

            if (tensor.Array.Shape.Length != rank)
            {
                throw ToolException.BadInput(
                    $"{tensor.Label}: shape {shape} has {tensor.Array.Shape.Length} axes; "
                    + $"{query.Label} has {rank}, and all three must have the same number");
            }

            if (tensor.Array.Type != query.Array.Type)
            {
                throw ToolException.BadInput(
                    $"{tensor.Label}: dtype is {NpyDtype.NameOf(tensor.Array.Type)}; "
                    + $"{query.Label} has {NpyDtype.NameOf(query.Array.Type)}, "
                    + "and all three must have the same");
            }
        }
    }

    private static void RequireEqual(Axes actual, Axes expected, string what, Func<Axes, int> length)
    {
        if (length(actual) != length(expected))
        {
            throw ToolException.BadInput($"{actual.Tensor.Label}: {what} is {length(actual)} "
                + $"(shape {NpyShape.Format(actual.Tensor.Array.Shape)}); "
                + $"allowed is {length(expected)}, as in {expected.Tensor.Label} "
                + $"(shape {NpyShape.Format(expected.Tensor.Array.Shape)})");
        }
    }

    private static void RequirePositive(Axes axes, string what, int length)
    {
        if (length == 0)
        {
            throw ToolException.BadInput($"{axes.Tensor.Label}: {what} is 0 "
                + $"(shape {NpyShape.Format(axes.Tensor.Array.Shape)}); at least 1 is needed");
        }
    }

    private static void RequireMultiple(Axes queries, Axes other)
    {
        if (queries.Heads % other.Heads != 0)
        {
            throw ToolException.BadInput($"{queries.Tensor.Label} has {queries.Heads} heads; "
                + $"allowed is a multiple of the {other.Heads} of {other.Tensor.Label}");
        }
    }

    private sealed record Axes(InputTensor Tensor, int Batch, int Sequence, int Heads, int Dim)
    {
        public static Axes Of(InputTensor tensor, bool headsFirst)
        {
            long[] shape = tensor.Array.Shape;
            int first = shape.Length - 3;
            int sequence = headsFirst ? first + 1 : first, heads = headsFirst ? first : first + 1;
            return new Axes(tensor, first == 0 ? 1 : Length(tensor, 0), Length(tensor, sequence),
                Length(tensor, heads), Length(tensor, first + 2));
        }

        private static int Length(InputTensor tensor, int axis) =>
            tensor.Array.Shape[axis] <= int.MaxValue
                ? (int)tensor.Array.Shape[axis]
                : throw ToolException.BadInput($"{tensor.Label}: axis {axis} of shape "
                    + $"{NpyShape.Format(tensor.Array.Shape)} is longer than {int.MaxValue}");
    }
}
