using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>A file of a map, [batch, axes..., heads, dim], and what its axes are.</summary>
internal sealed record MapFile(InputTensor Tensor, int Batch, GridShape Grid, int Heads, int Dim)
{
    /// <summary>Names the axes of a file.</summary>
    /// <param name="tensor">The file.</param>
    /// <param name="rank">Axes of the map.</param>
    /// <param name="hasBatch">Whether there is a batch axis before them.</param>
    /// <exception cref="ToolException">It has other axes.</exception>
    public static MapFile Of(InputTensor tensor, int rank, bool hasBatch)
    {
        long[] shape = tensor.Array.Shape;
        int first = hasBatch ? 1 : 0;
        if (shape.Length != first + rank + 2)
        {
            throw ToolException.BadInput($"{tensor.Label}: shape {NpyShape.Format(shape)} has {shape.Length} axes; allowed "
                + $"are {first + rank + 2}: {(hasBatch ? "batch, " : "")}{rank} of the map, heads and dim");
        }

        int[] lengths = new int[shape.Length];
        for (int axis = 0; axis < shape.Length; axis++)
        {
            bool mayBeEmpty = hasBatch && axis == 0;
            lengths[axis] = shape[axis] <= int.MaxValue && (shape[axis] > 0 || mayBeEmpty)
                ? (int)shape[axis]
                : throw ToolException.BadInput($"{tensor.Label}: axis {axis} of shape {NpyShape.Format(shape)} is "
                    + $"{shape[axis]}; allowed are {(mayBeEmpty ? 0 : 1)} to {int.MaxValue}");
        }

        return new MapFile(tensor, hasBatch ? lengths[0] : 1, GridShape.Of(lengths.AsSpan(first, rank)), lengths[^2],
            lengths[^1]);
    }

    /// <summary>Demands that another file has the same of something.</summary>
    public void RequireEqual<T>(MapFile other, string what, Func<MapFile, T> of)
        where T : IEquatable<T>
    {
        if (!of(other).Equals(of(this)))
        {
            throw ToolException.BadInput($"{other.Tensor.Label}: {what} is {of(other)} "
                + $"(shape {NpyShape.Format(other.Tensor.Array.Shape)}); allowed is {of(this)}, as in {Tensor.Label} "
                + $"(shape {NpyShape.Format(Tensor.Array.Shape)})");
        }
    }
}
