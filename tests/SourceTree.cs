namespace NativeAttention.Tests;

/// <summary>The sources these tests were built from, where they are on the machine that runs them.</summary>
/// <remarks>Sought from the test assembly upwards: the compiler's paths are mapped away in CI builds.</remarks>
internal static class SourceTree
{
    /// <summary>The root of the sources; the test is ignored where there are none.</summary>
    public static string Root()
    {
        string? folder = AppContext.BaseDirectory;
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
}
