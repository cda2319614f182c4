using NativeAttention.Tool.App;

namespace NativeAttention.Tool.Files;

/// <summary>Where an output goes: checked before anything is computed.</summary>
internal static class OutputPath
{
    // Renaming over one of these would replace a device node by a file.
    private static readonly string[] SystemFolders = ["/dev/", "/proc/", "/sys/"];

    private static readonly StringComparer PathComparer =
        OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The full path an option means, links resolved.</summary>
    /// <param name="option">Name of the option, for messages.</param>
    /// <param name="path">Its value.</param>
    /// <exception cref="ToolException">Nothing can be written there, or it names no file.</exception>
    public static string Resolve(string option, string path)
    {
        string full = Final(option, path);
        if (Directory.Exists(full))
        {
            throw ToolException.BadInput(
                $"{option} is '{path}', which is a folder; the name of a file is needed");
        }

        string? folder = Path.GetDirectoryName(full);
        if (!Directory.Exists(folder))
        {
            throw ToolException.BadInput($"{option} is '{path}', but the folder '{folder}' does not exist");
        }

        if (!OperatingSystem.IsWindows()
            && Array.Exists(SystemFolders, f => full.StartsWith(f, StringComparison.Ordinal)))
        {
            throw ToolException.BadInput($"{option} is '{path}', which is not a regular file");
        }

        RequireWritable(option, path, folder);
        return full;
    }

    /// <summary>Refuses a folder that no file can be made in.</summary>
    /// <exception cref="ToolException">No file can be made there.</exception>
    public static void RequireWritable(string option, string path, string folder)
    {
        try
        {
            // Nothing else tells it surely: rights, read-only file systems and full disks look all different.
            string probe = Path.Combine(folder, $".nattn-{Guid.NewGuid():N}.tmp");
            using FileStream file = new(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1,
                FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ToolException.BadInput(
                $"{option} is '{path}', but no file can be made in '{folder}': {e.Message}", e);
        }
    }

    /// <summary>Refuses an output that is also another file of the same call.</summary>
    /// <exception cref="ToolException">Both mean the same file, or the other one names none.</exception>
    public static void RequireDistinct(string option, string resolved, string otherOption, string otherPath)
    {
        if (PathComparer.Equals(resolved, Final(otherOption, otherPath)))
        {
            throw ToolException.BadInput($"{option} and {otherOption} are the same file '{otherPath}'");
        }
    }

    private static string Final(string option, string path)
    {
        if (path.Length == 0)
        {
            throw ToolException.BadInput($"{option} is empty; the name of a file is needed");
        }

        try
        {
            return Final(path);
        }
        catch (IOException e)
        {
            // Links that lead to each other.
            throw ToolException.BadInput($"{option} is '{path}', which cannot be followed: {e.Message}", e);
        }
    }

    private static string Final(string path)
    {
        string full = Path.GetFullPath(path);
        // The folder may be reached through a link as well as the file itself.
        if (Path.GetDirectoryName(full) is { } folder && Path.GetFileName(full) is { Length: > 0 } name)
        {
            full = Path.Combine(Follow(new DirectoryInfo(folder)), name);
        }

        return Follow(new FileInfo(full));
    }

    private static string Follow(FileSystemInfo entry) =>
        (entry.LinkTarget is null ? null : entry.ResolveLinkTarget(returnFinalTarget: true))?.FullName
        ?? entry.FullName;
}
