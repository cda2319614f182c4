using NativeAttention.Bindings;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.App;

/// <summary>What an exception means to the user: an exit code and one line.</summary>
/// <param name="ExitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="Message">One line.</param>
internal readonly record struct FailureReport(int ExitCode, string Message)
{
    /// <summary>Sorts an exception.</summary>
    public static FailureReport Of(Exception exception) => exception switch
    {
        ToolException e => new(e.ExitCode, OneLine(e.Message)),
        NpyFormatException e => new(ExitCodes.BadInput, OneLine(e.Message)),
        // The library checks everything it is given before it runs, and says so by these two.
        NotSupportedException e => new(ExitCodes.NotAvailable, OneLine(e.Message)),
        ArgumentException e => new(ExitCodes.BadInput, OneLine(e.Message)),
        CudaException e => new(ExitCodes.Failure, OneLine(e.Message)),
        OutOfMemoryException e => new(ExitCodes.Failure, $"out of memory: {OneLine(e.Message)}"),
        IOException or UnauthorizedAccessException => new(ExitCodes.Failure, OneLine(exception.Message)),
        _ => new(ExitCodes.Failure, $"{exception.GetType().Name}: {OneLine(exception.Message)}"),
    };

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
