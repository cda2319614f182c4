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

    /// <summary>Reads a file of numbers that attention computes with.</summary>
    /// <exception cref="ToolException">It cannot be read, or holds others.</exception>
    public static InputTensor Load(string option, string path) =>
        Load(option, path, NpyElementType.Float32, NpyElementType.Float16);

    /// <summary>Reads a file of one of some types of element.</summary>
    /// <exception cref="ToolException">It cannot be read, or holds others.</exception>
    public static InputTensor Load(string option, string path, params ReadOnlySpan<NpyElementType> allowed)
    {
        NpyArray array = LoadAny(option, path);
        return allowed.Contains(array.Type)
            ? new InputTensor(option, path, array)
            : throw ToolException.BadInput($"{option} {path}: dtype is {NpyDtype.NameOf(array.Type)}; "
                + (allowed.Length == 1 ? "allowed is " : "allowed are ")
                + string.Join(" and ", allowed.ToArray().Select(NpyDtype.NameOf)));
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
