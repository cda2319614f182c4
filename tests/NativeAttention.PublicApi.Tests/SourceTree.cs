using System.Runtime.CompilerServices;

namespace NativeAttention.PublicApi.Tests;

/// <summary>The sources these tests were built from, where they are on the machine that runs them.</summary>
internal static class SourceTree
{
    /// <summary>The root of the sources; the test is ignored where there are none.</summary>
    public static string Root()
    {
        string? folder = Path.GetDirectoryName(ThisFile());
        while (folder is not null && !File.Exists(Path.Combine(folder, "NativeAttention.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        if (folder is null)
        {
            Assert.Ignore("The sources are not on this machine.");
        }

        return folder!;
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
