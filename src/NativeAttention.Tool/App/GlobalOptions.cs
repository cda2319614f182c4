using System.CommandLine;

namespace NativeAttention.Tool.App;

/// <summary>The options every command has.</summary>
internal sealed class GlobalOptions
{
    /// <summary>Print one JSON document.</summary>
    public Option<bool> Json { get; } = new("--json")
    {
        Recursive = true,
        Description = "Print one JSON document on standard output instead of text.",
    };

    /// <summary>Log and show stack traces.</summary>
    public Option<bool> Verbose { get; } = new("--verbose")
    {
        Recursive = true,
        Description = "Log what happens to standard error, and show stack traces.",
    };

    /// <summary>Progress although nobody seems to watch.</summary>
    public Option<bool> Progress { get; } = new("--progress")
    {
        Recursive = true,
        Description = "Show progress on standard error even when it is not a terminal.",
    };

    /// <summary>Adds the options to the root, and so to every command.</summary>
    public void AddTo(RootCommand root)
    {
        root.Options.Add(Json);
        root.Options.Add(Verbose);
        root.Options.Add(Progress);
    }
}
