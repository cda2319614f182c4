namespace NativeAttention.Tool.Npy;

/// <summary>
/// A file is not a .npy file this program reads. The message names the file and what is wrong with it.
/// </summary>
internal sealed class NpyFormatException : Exception
{
    public NpyFormatException(string source, string problem, Exception? inner = null)
        : base($"{source}: {problem}", inner)
    {
    }
}
