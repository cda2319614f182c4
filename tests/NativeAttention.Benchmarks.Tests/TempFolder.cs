namespace NativeAttention.Benchmarks.Tests;

/// <summary>A folder that is gone afterwards.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("nattn-bench-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
