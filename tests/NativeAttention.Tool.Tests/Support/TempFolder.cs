using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Tests.Support;

/// <summary>A folder of its own for one test.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder() => Path = Directory.CreateTempSubdirectory("nattn-test-").FullName;

    public string Path { get; }

    /// <summary>Names of everything in it, sorted.</summary>
    public string[] Names =>
        [.. Directory.GetFileSystemEntries(Path).Select(System.IO.Path.GetFileName)
            .Order(StringComparer.Ordinal)!];

    /// <summary>Full path of a file in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes an array and returns its path.</summary>
    public string Write<T>(string name, ReadOnlySpan<T> values, params long[] shape)
        where T : unmanaged
    {
        using FileStream stream = File.Create(this[name]);
        NpyWriter.Write(stream, values, shape);
        return this[name];
    }

    /// <summary>
    /// Writes an array of float32 numbers that are neither equal nor zero, and returns its path.
    /// </summary>
    public string WriteRamp(string name, params long[] shape)
    {
        int count = (int)shape.Aggregate(1L, (a, b) => a * b);
        float[] values = [.. Enumerable.Range(1, count).Select(i => i % 13 / 8f)];
        return Write<float>(name, values, shape);
    }

    public NpyArray Read(string name) => NpyReader.Read(this[name]);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
