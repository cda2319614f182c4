using BenchmarkDotNet.Loggers;

namespace NativeAttention.Benchmarks.App;

/// <summary>Keeps what BenchmarkDotNet says in a file, for when something failed.</summary>
internal sealed class TextLogger(TextWriter writer) : ILogger
{
    public string Id => nameof(TextLogger);

    public int Priority => 0;

    public void Write(LogKind logKind, string text) => writer.Write(text);

    public void WriteLine() => writer.WriteLine();

    public void WriteLine(LogKind logKind, string text) => writer.WriteLine(text);

    public void Flush() => writer.Flush();
}
