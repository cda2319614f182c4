using NativeAttention.Tool.Npy;

namespace NativeAttention.Conformance.Tests;

/// <summary>Our writer and NumPy's make the same bytes.</summary>
public class NpyFileTests
{
    [Test]
    public void Files_written_by_numpy_are_written_again_byte_for_byte()
    {
        if (ConformanceFolder.Onnx is not { } folder)
        {
            Assert.Ignore(ConformanceFolder.Missing!);
            return;
        }

        string[] files = Directory.GetFiles(folder, "*.npy", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.EqualTo(337));
        foreach (string file in files)
        {
            NpyArray array = NpyReader.Read(file);
            using MemoryStream written = new();
            Write(written, array);
            Assert.That(written.ToArray(), Is.EqualTo(File.ReadAllBytes(file)), file);
        }
    }

    private static void Write(Stream stream, NpyArray array)
    {
        switch (array.Type)
        {
            case NpyElementType.Float32:
                NpyWriter.Write<float>(stream, array.Values<float>(), array.Shape);
                break;
            case NpyElementType.Float16:
                NpyWriter.Write<Half>(stream, array.Values<Half>(), array.Shape);
                break;
            case NpyElementType.Float64:
                NpyWriter.Write<double>(stream, array.Values<double>(), array.Shape);
                break;
            case NpyElementType.Int64:
                NpyWriter.Write<long>(stream, array.Values<long>(), array.Shape);
                break;
            case NpyElementType.Bool:
                NpyWriter.Write<bool>(stream, array.Values<bool>(), array.Shape);
                break;
            default:
                Assert.Fail($"an unexpected type {array.Type}");
                break;
        }
    }
}
