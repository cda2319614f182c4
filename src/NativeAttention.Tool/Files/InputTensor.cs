using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>One input: the array, and where it came from for messages.</summary>
/// <param name="Option">The option that named the file: <c>--query</c>.</param>
/// <param name="Path">The file.</param>
/// <param name="Array">Its content.</param>
internal sealed record InputTensor(string Option, string Path, NpyArray Array)
{
    /// <summary>How messages call it: option and file.</summary>
    public string Label => $"{Option} {Path}";

    /// <summary>Reads a file.</summary>
    /// <exception cref="ToolException">It cannot be read, or holds elements that attention does not
    /// take.</exception>
    public static InputTensor Load(string option, string path)
    {
        NpyArray array = LoadAny(option, path);
        return array.Type is NpyElementType.Float32 or NpyElementType.Float16
            ? new InputTensor(option, path, array)
            : throw ToolException.BadInput($"{option} {path}: dtype is {NpyDtype.NameOf(array.Type)}; "
                + "allowed are float32 and float16");
    }

    /// <summary>Reads a file of any type of element.</summary>
    /// <exception cref="ToolException">It cannot be read.</exception>
    public static NpyArray LoadAny(string option, string path)
    {
        try
        {
            return NpyReader.Read(path);
        }
        catch (NpyFormatException e)
        {
            throw ToolException.BadInput($"{option} {e.Message}", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ToolException.BadInput($"{option} {path}: there is no such file", e);
        }
        catch (UnauthorizedAccessException e) when (Directory.Exists(path))
        {
            // The system's own message would speak of permissions.
            throw ToolException.BadInput($"{option} {path}: cannot be read: it is a folder", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ToolException.BadInput($"{option} {path}: cannot be read: {e.Message}", e);
        }
    }
}
