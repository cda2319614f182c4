using System.Buffers.Binary;
using System.Text;

namespace NativeAttention.Tool.Npy;

/// <summary>
/// Reads .npy files, strictly: format versions 1.0, 2.0 and 3.0, both byte orders, C and Fortran order. A
/// file must hold exactly what its header promises; anything else is an <see cref="NpyFormatException"/> and
/// nothing more.
/// </summary>
/// <remarks>
/// Layout (numpy.lib.format): the six bytes 93 'N' 'U' 'M' 'P' 'Y', major and minor version, the length of
/// the header (two bytes in version 1, four later, little-endian), the header, the elements.
/// </remarks>
internal static class NpyReader
{
    /// <summary>Longest header that is read. NumPy itself writes far shorter ones.</summary>
    public const int MaxHeaderLength = 1 << 20;

    /// <summary>The six bytes every file begins with.</summary>
    public static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a file.</summary>
    /// <exception cref="NpyFormatException">It is not a .npy file this program reads.</exception>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    public static NpyArray Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16,
            FileOptions.SequentialScan);
        return Read(file, path);
    }

    /// <summary>Reads a stream from its position to its end.</summary>
    /// <param name="stream">A stream with a known length.</param>
    /// <param name="source">Name of the file, for messages.</param>
    public static NpyArray Read(Stream stream, string source)
    {
        if (!stream.CanSeek)
        {
            throw new NpyFormatException(source, "not a regular file; pipes and terminals cannot be read");
        }

        try
        {
            NpyHeader header = ReadHeader(stream, source);
            long elements = CheckLength(header, stream.Length - stream.Position, source);
            return NpyData.Read(stream, header, elements, source);
        }
        catch (EndOfStreamException e)
        {
            throw new NpyFormatException(source, "truncated: the file ended while it was read", e);
        }
    }

    private static NpyHeader ReadHeader(Stream stream, string source)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
        {
            throw new NpyFormatException(source,
                "not a .npy file: it is shorter than the eight bytes all of them begin with");
        }

        if (!prefix[..6].SequenceEqual(Magic))
        {
            throw new NpyFormatException(source,
                $"not a .npy file: it begins with {Convert.ToHexString(prefix[..6])}, not 934E554D5059");
        }

        (byte major, byte minor) = (prefix[6], prefix[7]);
        if (major is not (1 or 2 or 3) || minor != 0)
        {
            throw new NpyFormatException(source,
                $".npy version {major}.{minor} is not supported; supported are 1.0, 2.0 and 3.0");
        }

        byte[] bytes = ReadHeaderBytes(stream, major, source);
        return NpyHeaderParser.Parse(Decode(bytes, major, source), source);
    }

    private static byte[] ReadHeaderBytes(Stream stream, byte major, string source)
    {
        Span<byte> field = stackalloc byte[major == 1 ? 2 : 4];
        Need(stream, field.Length, "the length of the header", source);
        stream.ReadExactly(field);
        long length = major == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(field)
            : BinaryPrimitives.ReadUInt32LittleEndian(field);
        if (length > MaxHeaderLength)
        {
            throw new NpyFormatException(source,
                $"bad header: its length is {length} bytes, at most {MaxHeaderLength} are allowed");
        }

        Need(stream, length, "the header", source);
        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void Need(Stream stream, long bytes, string what, string source)
    {
        long left = stream.Length - stream.Position;
        if (left < bytes)
        {
            throw new NpyFormatException(source,
                $"truncated: {what} needs {bytes} bytes, the file has {left}");
        }
    }

    private static string Decode(byte[] header, byte major, string source)
    {
        if (major < 3)
        {
            return Encoding.Latin1.GetString(header);
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(header);
        }
        catch (DecoderFallbackException e)
        {
            throw new NpyFormatException(source, "bad header: it is not UTF-8, as version 3.0 demands", e);
        }
    }

    private static long CheckLength(NpyHeader header, long left, string source)
    {
        string shape = NpyShape.Format(header.Shape);
        if (!header.TryCount(out long elements, out long bytes))
        {
            throw new NpyFormatException(source, $"shape {shape} is too large: its bytes pass 2^63");
        }

        string what = $"shape {shape} of {NpyDtype.NameOf(header.Dtype.Type)} needs {bytes} bytes of data, "
            + $"the file has {left}";
        if (left < bytes)
        {
            throw new NpyFormatException(source, $"truncated: {what}");
        }

        if (left > bytes)
        {
            throw new NpyFormatException(source, $"trailing bytes: {what}");
        }

        if (elements > Array.MaxLength)
        {
            throw new NpyFormatException(source,
                $"shape {shape} has {elements} elements, at most {Array.MaxLength} are supported");
        }

        return elements;
    }
}
