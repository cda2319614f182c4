namespace NativeAttention.DeviceBenchmarks.Tests.Support;

/// <summary>A folder of its own for one test.</summary>
internal sealed class Files : IDisposable
{
    public Files() => Path = Directory.CreateTempSubdirectory("nattn-bench-").FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
