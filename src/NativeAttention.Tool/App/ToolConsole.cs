namespace NativeAttention.Tool.App;

/// <summary>
/// Where the program writes: results to <see cref="Out"/>, messages and progress to <see cref="Error"/>.
/// </summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Messages, progress and logs.</param>
/// <param name="ErrorIsTerminal">Whether a person watches <see cref="Error"/>, so that progress is of
/// use.</param>
internal sealed record ToolConsole(TextWriter Out, TextWriter Error, bool ErrorIsTerminal)
{
    /// <summary>The streams of this process.</summary>
    public static ToolConsole Current => new(Console.Out, Console.Error, !Console.IsErrorRedirected);
}
