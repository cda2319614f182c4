namespace NativeAttention.Tool.App;

/// <summary>A failure with a message for the user and the exit code that belongs to it.</summary>
internal sealed class ToolException : Exception
{
    public ToolException(int exitCode, string message, Exception? inner = null)
        : base(message, inner) => ExitCode = exitCode;

    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; }

    /// <summary>Bad usage or bad input.</summary>
    public static ToolException BadInput(string message, Exception? inner = null) =>
        new(ExitCodes.BadInput, message, inner);

    /// <summary>A device that is not there or cannot do it.</summary>
    public static ToolException NotAvailable(string message, Exception? inner = null) =>
        new(ExitCodes.NotAvailable, message, inner);
}
