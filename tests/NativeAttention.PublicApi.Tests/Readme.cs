namespace NativeAttention.PublicApi.Tests;

/// <summary>What tests read from the README.</summary>
internal static class Readme
{
    /// <summary>Lines of the first C# example: a whole program.</summary>
    public static string[] Example(string root) =>
        [.. File.ReadLines(Path.Combine(root, "README.md")).SkipWhile(l => l != "```csharp").Skip(1)
            .TakeWhile(l => l != "```")];

    /// <summary>
    /// Asserts that the lines between two comments of a test's source stand in the README, but for their indentation.
    /// </summary>
    public static void AssertShows(string source)
    {
        string root = SourceTree.Root();
        string[] here = [.. File.ReadAllLines(Path.Combine(root, "tests", "NativeAttention.PublicApi.Tests", source))
            .SkipWhile(l => l.Trim() != "// README begin").Skip(1).TakeWhile(l => l.Trim() != "// README end")
            .Select(l => l.Trim())];
        string readme = string.Join('\n', File.ReadAllLines(Path.Combine(root, "README.md")).Select(l => l.Trim()));
        Assert.That(here, Has.Length.GreaterThan(5));
        Assert.That(readme, Does.Contain(string.Join('\n', here)));
    }
}
