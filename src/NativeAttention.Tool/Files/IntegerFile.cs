using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>A file of whole numbers with one axis: int32 or int64, each within the range of int32.</summary>
/// <param name="File">The file as it is.</param>
/// <param name="Values">Its numbers.</param>
internal sealed record IntegerFile(InputTensor File, int[] Values)
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="ToolException">It holds anything else.</exception>
    public static IntegerFile Load(string option, string path)
    {
        InputTensor file = InputTensor.Load(option, path, NpyElementType.Int32, NpyElementType.Int64);
        if (file.Array.Shape.Length != 1)
        {
            throw ToolException.BadInput($"{file.Label}: shape {NpyShape.Format(file.Array.Shape)} has "
                + $"{file.Array.Shape.Length} axes; allowed is 1");
        }

        return new IntegerFile(file, file.Array.Type == NpyElementType.Int32
            ? file.Array.Values<int>()
            : [.. file.Array.Values<long>().Select((n, i) => Narrow(file, n, i))]);
    }

    /// <summary>Refuses an element, saying what is allowed.</summary>
    public ToolException Refuse(int index, string allowed) =>
        ToolException.BadInput($"{File.Label}: element {index} is {Values[index]}; allowed {allowed}");

    private static int Narrow(InputTensor file, long value, int index) =>
        value is >= int.MinValue and <= int.MaxValue
        ? (int)value
        : throw ToolException.BadInput(
            $"{file.Label}: element {index} is {value}; allowed are numbers of 32 bits");
}
