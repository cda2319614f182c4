using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeAttention.Bindings;

/// <summary>Finds and opens the library that exports the driver API.</summary>
internal static class DriverLibrary
{
    /// <summary>Environment variable that names the one library to use.</summary>
    internal const string PathVariable = "NATTN_CUDA_LIBRARY";

    /// <summary>Libraries to try, best first; none where CUDA has no driver.</summary>
    internal static IReadOnlyList<string> Candidates()
    {
        string? chosen = Environment.GetEnvironmentVariable(PathVariable);
        if (!string.IsNullOrEmpty(chosen))
        {
            return [chosen];
        }

        if (OperatingSystem.IsWindows())
        {
            return ["nvcuda.dll"];
        }

        // The last one is where the Windows subsystem for Linux keeps it, not a usual path of the loader.
        return OperatingSystem.IsLinux()
            ? ["libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"]
            : [];
    }

    /// <summary>Opens the first library that can be opened.</summary>
    internal static bool TryOpenAny(
        IReadOnlyList<string> candidates,
        out nint library,
        [NotNullWhen(true)] out string? name,
        [NotNullWhen(false)] out string? reason)
    {
        List<string> failures = [];
        foreach (string candidate in candidates)
        {
            if (TryOpen(candidate, out library, out string? failure))
            {
                name = candidate;
                reason = null;
                return true;
            }

            failures.Add(failure);
        }

        library = 0;
        name = null;
        reason = $"No CUDA driver could be loaded; tried {string.Join("; ", failures)}. "
            + $"Install the NVIDIA driver, or name its library in {PathVariable}.";
        return false;
    }

    /// <summary>Address of an export; 0 when absent.</summary>
    internal static nint Find(nint library, string export)
    {
        return NativeLibrary.TryGetExport(library, export, out nint address) ? address : 0;
    }

    private static bool TryOpen(string name, out nint library, [NotNullWhen(false)] out string? failure)
    {
        try
        {
            library = NativeLibrary.Load(name);
            failure = null;
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            library = 0;
            failure = $"{name} ({LoaderMessage(e)})";
            return false;
        }
    }

    /// <summary>The dynamic loader's own line: the runtime puts general advice before it.</summary>
    private static string LoaderMessage(Exception e)
    {
        string[] lines = e.Message.Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? e.GetType().Name : lines[^1];
    }
}
