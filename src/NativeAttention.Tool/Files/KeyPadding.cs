using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>Masks and biases that are shorter than the keys: the keys they lack are hidden.</summary>
internal static class KeyPadding
{
    /// <summary>The elements with rows as long as the keys; the same when nothing is missing.</summary>
    /// <param name="file">The file, whose shape broadcasts against the axes.</param>
    /// <param name="axes">What it broadcasts against.</param>
    /// <param name="values">The elements of the file.</param>
    /// <param name="hidden">What a missing key gets.</param>
    /// <exception cref="ToolException">The result would be too large.</exception>
    public static T[] Extend<T>(InputTensor file, OperandAxes axes, T[] values, T hidden)
    {
        long[] shape = file.Array.Shape;
        long given = shape[^1];
        if (!axes.PadsKeys || given == 1 || given == axes.Keys)
        {
            return values;
        }

        int keys = axes.Keys!.Value;
        long rows = 1;
        foreach (long length in shape.AsSpan(0, shape.Length - 1))
        {
            rows *= length;
        }

        if (rows > Array.MaxLength / keys)
        {
            throw ToolException.BadInput($"{file.Label}: shape {NpyShape.Format(shape)} would be padded to "
                + $"{keys} keys; at most {Array.MaxLength} elements are supported");
        }

        T[] padded = new T[rows * keys];
        Array.Fill(padded, hidden);
        for (int row = 0; row < rows; row++)
        {
            values.AsSpan((int)(row * given), (int)given).CopyTo(padded.AsSpan(row * keys));
        }

        return padded;
    }
}
