using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.App;

/// <summary>What one invocation of a command works with.</summary>
internal sealed class ToolSession : IDisposable
{
    public ToolSession(ToolConsole console, ToolEnvironment environment, IDeviceCatalog devices, bool json,
        bool verbose, bool progress)
    {
        Console = console;
        Devices = new DeviceSelector(devices, environment);
        Json = json;
        Loggers = LoggerFactory.Create(builder => ConfigureLogging(builder, verbose));
        Progress = ProgressReporter.Create(console, progress, verbose);
    }

    /// <summary>Where to write.</summary>
    public ToolConsole Console { get; }

    /// <summary>Which devices there are, and which one to use.</summary>
    public DeviceSelector Devices { get; }

    /// <summary>Whether the result is one JSON document.</summary>
    public bool Json { get; }

    /// <summary>
    /// Loggers for the backends; they write to standard error, and only with <c>--verbose</c>.
    /// </summary>
    public ILoggerFactory Loggers { get; }

    /// <summary>Progress of long work.</summary>
    public ProgressReporter Progress { get; }

    /// <summary>Prints the result of the command: the document as JSON, or the text.</summary>
    public void Write<T>(T document, JsonTypeInfo<T> type, Action<TextWriter> text)
    {
        Progress.Clear();
        if (Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(document, type));
        }
        else
        {
            text(Console.Out);
        }
    }

    public void Dispose() => Loggers.Dispose();

    private static void ConfigureLogging(ILoggingBuilder builder, bool verbose)
    {
        if (!verbose)
        {
            return;
        }

        builder.SetMinimumLevel(LogLevel.Debug);
        // Standard output belongs to the result, so that --json --verbose stays one document.
        builder.AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
