namespace NativeAttention.PublicApi.Tests;

/// <summary>What tests read from the README.</summary>
internal static class Readme
{
    /// <summary>Lines of the first C# example: a whole program.</summary>
    public static string[] Example(string root) =>
        [.. File.ReadLines(Path.Combine(root, "README.md")).SkipWhile(l => l != "```csharp").Skip(1)
            .TakeWhile(l => l != "```")];
}
