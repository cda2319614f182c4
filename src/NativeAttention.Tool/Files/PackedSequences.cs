using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>
/// Where the sequences of packed files begin and end: [batch + 1] offsets for the queries and as many for the
/// keys.
/// </summary>
/// <param name="Queries">Offsets of the queries.</param>
/// <param name="Keys">Offsets of the keys.</param>
internal sealed record PackedSequences(IntegerFile Queries, IntegerFile Keys)
{
    /// <summary>Number of sequences.</summary>
    public int Batch => Queries.Values.Length - 1;

    /// <summary>Reads both files and holds them against the tokens there are.</summary>
    /// <exception cref="ToolException">They do not fit.</exception>
    public static PackedSequences Load(OptionFile query, OptionFile key, InputTensor queries,
        InputTensor keys)
    {
        PackedSequences packed = new(Load(query, queries), Load(key, keys));
        int needed = packed.Queries.Values.Length, given = packed.Keys.Values.Length;
        return given == needed ? packed : throw ToolException.BadInput(
            $"{packed.Keys.File.Label} has {given} elements; allowed are {needed}, as in "
            + packed.Queries.File.Label);
    }

    /// <summary>The problem of packed files, from their shape as one sequence of all tokens.</summary>
    public AttentionShape Shape(AttentionShape tokens) => tokens with
    {
        Batch = Batch,
        QueryLength = Longest(Queries.Values),
        KeyLength = Longest(Keys.Values),
    };

    private static IntegerFile Load(OptionFile offsets, InputTensor tokens)
    {
        if (tokens.Array.Shape.Length != 3)
        {
            throw ToolException.BadInput($"{tokens.Label}: shape {NpyShape.Format(tokens.Array.Shape)} has "
                + $"{tokens.Array.Shape.Length} axes; allowed are 3, [total, heads, dim], with {offsets.Option}");
        }

        var file = IntegerFile.Load(offsets.Option, offsets.Path);
        if (file.Values.Length == 0 || file.Values[0] != 0)
        {
            throw file.Values.Length > 0 ? file.Refuse(0, "is 0") : ToolException.BadInput(
                $"{file.File.Label} is empty; where each sequence begins and the last ends is needed");
        }

        int falls = Enumerable.Range(1, file.Values.Length - 1)
            .FirstOrDefault(b => file.Values[b] < file.Values[b - 1]);
        long total = tokens.Array.Shape[0];
        return falls > 0
                ? throw file.Refuse(falls, $"is nothing below the {file.Values[falls - 1]} before it")
            : file.Values[^1] != total
                ? throw file.Refuse(file.Values.Length - 1, $"is {total}, the tokens of {tokens.Label}")
            : file;
    }

    private static int Longest(int[] offsets) =>
        offsets.Zip(offsets.Skip(1), (begin, end) => end - begin).DefaultIfEmpty(0).Max();
}
