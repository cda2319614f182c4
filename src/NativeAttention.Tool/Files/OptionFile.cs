namespace NativeAttention.Tool.Files;

/// <summary>A file, and the option that named it.</summary>
/// <param name="Option">Name of the option.</param>
/// <param name="Path">Its value.</param>
internal sealed record OptionFile(string Option, string Path)
{
    /// <summary>Those that were named.</summary>
    public static IEnumerable<OptionFile> Given(params (string Option, string? Path)[] files) =>
        files.Where(f => f.Path is not null).Select(f => new OptionFile(f.Option, f.Path!));
}
