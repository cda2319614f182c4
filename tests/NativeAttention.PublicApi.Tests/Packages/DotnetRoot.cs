using System.Runtime.InteropServices;

namespace NativeAttention.PublicApi.Tests.Packages;

/// <summary>The .NET installation that runs these tests, when it has an SDK too.</summary>
internal static class DotnetRoot
{
    /// <summary>Its folder; the test is ignored where it can only run programs.</summary>
    public static string Folder()
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        if (!Directory.Exists(Path.Combine(root, "sdk")))
        {
            Assert.Ignore($"{root} has no .NET SDK: packages can be neither made nor used here.");
        }

        return root;
    }
}
