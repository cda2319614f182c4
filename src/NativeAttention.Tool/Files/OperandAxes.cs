using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>
/// The axes that the file of an operand broadcasts against, by NumPy's rule: aligned at the last axis, each
/// axis of the file is as long as the operand's or 1, and missing leading axes are 1.
/// </summary>
/// <param name="Batch">Length of the batch axis, or null when the operand has none.</param>
/// <param name="Heads">Length of the head axis, or null.</param>
/// <param name="Queries">Length of the query axis, or null.</param>
/// <param name="Keys">Length of the key axis, or null.</param>
internal sealed record OperandAxes(
    int? Batch = null, int? Heads = null, int? Queries = null, int? Keys = null)
{
    private (string Name, int? Length)[] All =>
        [("batch", Batch), ("heads", Heads), ("queries", Queries), ("keys", Keys)];

    /// <summary>
    /// Whether a file may have fewer keys, as ONNX allows: it is then padded, and 1 still broadcasts.
    /// </summary>
    public bool PadsKeys { get; init; }

    /// <summary>The strides with which a file is the operand, padding included.</summary>
    /// <param name="file">Name of option and file, for messages.</param>
    /// <param name="shape">Shape of the file.</param>
    /// <exception cref="ToolException">The shape does not broadcast.</exception>
    public OperandStrides Strides(string file, long[] shape)
    {
        (string Name, int Length)[] axes =
            [.. All.Where(a => a.Length is not null).Select(a => (a.Name, a.Length!.Value))];
        if (shape.Length == 0 || shape.Length > axes.Length)
        {
            throw ToolException.BadInput($"{file}: shape {NpyShape.Format(shape)} has {shape.Length} axes; "
                + $"allowed {(axes.Length == 1 ? "is 1" : $"are 1 to {axes.Length}")}: {Describe(axes)}");
        }

        Dictionary<string, long> strides = [];
        long stride = 1;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            (string name, int length) = axes[axes.Length - shape.Length + axis];
            Check(file, shape, axis, name, length, axes);
            strides[name] = shape[axis] == 1 ? 0 : stride;
            stride *= shape[axis] == 1 ? 1 : length;
        }

        return new OperandStrides(strides.GetValueOrDefault("batch"), strides.GetValueOrDefault("heads"),
            strides.GetValueOrDefault("queries"), strides.GetValueOrDefault("keys"));
    }

    private void Check(string file, long[] shape, int axis, string name, int length,
        (string Name, int Length)[] axes)
    {
        bool pads = PadsKeys && name == "keys";
        if (shape[axis] != 1 && shape[axis] != length && !(pads && shape[axis] < length))
        {
            string allowed = pads ? $"are up to {length}" : length == 1 ? "is 1" : $"are 1 and {length}";
            throw ToolException.BadInput($"{file}: axis {axis} of shape {NpyShape.Format(shape)} is "
                + $"{shape[axis]}; allowed {allowed}, since it broadcasts against {Describe(axes)}");
        }
    }

    private static string Describe((string Name, int Length)[] axes) =>
        $"[{string.Join(", ", axes.Select(a => $"{a.Name} {a.Length}"))}]";
}
