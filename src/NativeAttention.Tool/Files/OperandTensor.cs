using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>One optional operand: its file, and how its elements are those of the operand.</summary>
/// <param name="File">The file as it is.</param>
/// <param name="Axes">What it broadcasts against.</param>
internal sealed record OperandTensor(InputTensor File, OperandAxes Axes)
{
    /// <summary>Where the elements lie, those of <see cref="KeyPadding"/> included.</summary>
    public OperandStrides Strides { get; } = Axes.Strides(File.Label, File.Array.Shape);

    /// <summary>Reads an operand of numbers: float32, or the dtype of the inputs.</summary>
    /// <exception cref="ToolException">The file is no such operand.</exception>
    public static OperandTensor Numbers(
        string option, string path, OperandAxes axes, NpyElementType inputs) =>
        new(InputTensor.Load(option, path, inputs == NpyElementType.Float32
            ? [NpyElementType.Float32]
            : [NpyElementType.Float32, inputs]), axes);

    /// <summary>Reads an operand of truth values.</summary>
    /// <exception cref="ToolException">The file is no such operand.</exception>
    public static OperandTensor Booleans(string option, string path, OperandAxes axes) =>
        new(InputTensor.Load(option, path, NpyElementType.Bool, NpyElementType.UInt8), axes);

    /// <summary>The numbers as float32; keys that the file lacks are minus infinity.</summary>
    public float[] ToFloats() => File.Array.Type == NpyElementType.Float16
        ? ElementConversion.Widen(ToHalves())
        : KeyPadding.Extend(File, Axes, File.Array.Values<float>(), float.NegativeInfinity);

    /// <summary>The numbers of a float16 file.</summary>
    public Half[] ToHalves() =>
        KeyPadding.Extend(File, Axes, File.Array.Values<Half>(), Half.NegativeInfinity);

    /// <summary>The truth values; keys that the file lacks are hidden.</summary>
    public bool[] ToBooleans() => KeyPadding.Extend(File, Axes, File.Array.Type == NpyElementType.Bool
        ? File.Array.Values<bool>()
        : Array.ConvertAll(File.Array.Values<byte>(), b => b != 0), false);
}
