using System.Numerics.Tensors;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>Puts keys or values of earlier tokens before those of this run.</summary>
internal static class PastTensor
{
    /// <summary>The past followed by the new tokens, along the sequence axis.</summary>
    /// <param name="past">The past.</param>
    /// <param name="added">The new tokens.</param>
    /// <param name="headsFirst">Whether heads come before the sequence (BHSD).</param>
    /// <exception cref="ToolException">The two differ in more than their lengths, or are too
    /// long.</exception>
    public static InputTensor Prepend(InputTensor past, InputTensor added, bool headsFirst)
    {
        int sequence = added.Array.Shape.Length - (headsFirst ? 2 : 3);
        Check(past, added, sequence);
        long[] shape = [.. added.Array.Shape];
        shape[sequence] += past.Array.Shape[sequence];
        NpyArray present = added.Array.Type == NpyElementType.Float16
            ? Join<Half>(past, added, headsFirst, shape)
            : Join<float>(past, added, headsFirst, shape);
        return new InputTensor($"{past.Label} with {added.Option}", added.Path, present);
    }

    private static void Check(InputTensor past, InputTensor added, int sequence)
    {
        (long[] a, long[] b) = (past.Array.Shape, added.Array.Shape);
        bool fits = a.Length == b.Length
            && Enumerable.Range(0, a.Length).All(axis => axis == sequence || a[axis] == b[axis]);
        if (!fits)
        {
            throw ToolException.BadInput($"{past.Label}: shape {NpyShape.Format(a)}; allowed is that of "
                + $"{added.Label} ({NpyShape.Format(b)}), but for the length of axis {sequence}");
        }

        if (past.Array.Type != added.Array.Type)
        {
            throw ToolException.BadInput($"{past.Label}: dtype is {NpyDtype.NameOf(past.Array.Type)}; allowed "
                + $"is {NpyDtype.NameOf(added.Array.Type)}, as in {added.Label}");
        }

        if ((long)past.Array.Count + added.Array.Count > Array.MaxLength
            || a[sequence] + b[sequence] > int.MaxValue)
        {
            throw ToolException.BadInput($"{past.Label} and {added.Label} have more than {Array.MaxLength} "
                + "elements together");
        }
    }

    private static NpyArray Join<T>(InputTensor past, InputTensor added, bool headsFirst, long[] shape)
        where T : unmanaged
    {
        T[] present = new T[past.Array.Count + added.Array.Count];
        KeyValueCache.Concatenate(
            new ReadOnlyTensorSpan<T>(past.Array.Values<T>(), Axes(past.Array.Shape)),
            new ReadOnlyTensorSpan<T>(added.Array.Values<T>(), Axes(added.Array.Shape)),
            new TensorSpan<T>(present, Axes(shape)), headsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd);
        return new NpyArray(added.Array.Type, shape, present);
    }

    // Three axes mean batch 1.
    private static nint[] Axes(long[] shape) =>
        [.. Enumerable.Repeat((nint)1, 4 - shape.Length), .. shape.Select(n => (nint)n)];
}
