using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Emulation;

/// <summary>A buffer argument with its file: what it starts with, and where its end goes.</summary>
internal sealed class BufferFile
{
    private readonly NpyArray? _input;

    private BufferFile(BufferSpec spec, NpyArray? input)
    {
        Spec = spec;
        _input = input;
        Type = spec.Type ?? input!.Type;
        Shape = spec.Shape ?? input!.Shape;
        Target = spec.IsWritten ? OutputPath.Resolve($"--arg {spec.Text}", spec.Path) : null;
        Bytes = CountBytes();
    }

    /// <summary>The argument.</summary>
    public BufferSpec Spec { get; }

    /// <summary>Type of the elements.</summary>
    public NpyElementType Type { get; }

    /// <summary>Length of every axis.</summary>
    public long[] Shape { get; }

    /// <summary>Size of the elements together.</summary>
    public int Bytes { get; }

    /// <summary>Full path of the file to write; null when it is only read.</summary>
    public string? Target { get; }

    /// <summary>The bytes it starts with; empty when nothing is read.</summary>
    public ReadOnlySpan<byte> Content => _input is null ? [] : _input.Bytes;

    /// <summary>Reads the file of an argument where it names one.</summary>
    /// <exception cref="ToolException">It cannot be read, or nothing can be written there.</exception>
    public static BufferFile Open(BufferSpec spec) =>
        new(spec, spec.IsRead ? InputTensor.LoadAny("--arg", spec.Path) : null);

    /// <summary>Writes the file.</summary>
    public void Write(OutputFiles files, byte[] content) => files.Stage(Target!, stream =>
    {
        stream.Write(NpyWriter.Header(Type, Shape));
        stream.Write(content);
    });

    private int CountBytes()
    {
        try
        {
            return checked((int)Shape.Aggregate((long)NpyDtype.SizeOf(Type), (product, n) => checked(product * n)));
        }
        catch (OverflowException e)
        {
            throw ToolException.BadInput($"--arg is '{Spec.Text}': the buffer is larger than 2 GiB", e);
        }
    }
}
