using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace NativeAttention.Tool.Npy;

/// <summary>
/// Writes .npy files: version 1.0, C order, this machine's byte order, the data beginning at a multiple of 64
/// bytes.
/// </summary>
internal static class NpyWriter
{
    // The format asks for 64 so that the elements can be mapped into memory aligned for vector loads.
    private const int Alignment = 64;
    private const int PrefixLength = 10;
    private const int ChunkElements = 1 << 22;

    /// <summary>Writes header and elements.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="values">The elements, last axis fastest.</param>
    /// <param name="shape">Length of every axis; their product is the number of elements.</param>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static void Write<T>(Stream stream, ReadOnlySpan<T> values, ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        NpyHeader header = new(new NpyDtype(NpyDtype.Of<T>(), false), false, shape.ToArray());
        if (!header.TryCount(out long elements, out _) || elements != values.Length)
        {
            throw new ArgumentException(
                $"Shape {NpyShape.Format(shape)} does not hold the {values.Length} given elements.",
                nameof(shape));
        }

        stream.Write(Header(NpyDtype.Of<T>(), shape));
        for (int start = 0; start < values.Length; start += ChunkElements)
        {
            ReadOnlySpan<T> chunk = values.Slice(start, Math.Min(ChunkElements, values.Length - start));
            stream.Write(MemoryMarshal.AsBytes(chunk));
        }
    }

    /// <summary>Everything before the first element: magic, version, length, dictionary, padding.</summary>
    public static byte[] Header(NpyElementType type, ReadOnlySpan<long> shape)
    {
        string dictionary =
            $"{{'descr': '{NpyDtype.DescriptorOf(type)}', "
            + $"'fortran_order': False, 'shape': {Tuple(shape)}, }}";
        int total = (PrefixLength + dictionary.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] header = new byte[total];
        NpyReader.Magic.CopyTo(header);
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), checked((ushort)(total - PrefixLength)));
        header.AsSpan(PrefixLength).Fill((byte)' ');
        Encoding.ASCII.GetBytes(dictionary, header.AsSpan(PrefixLength));
        header[^1] = (byte)'\n';
        return header;
    }

    private static string Tuple(ReadOnlySpan<long> shape)
    {
        string lengths = string.Join(", ",
            shape.ToArray().Select(n => n.ToString(CultureInfo.InvariantCulture)));
        return shape.Length == 1 ? $"({lengths},)" : $"({lengths})";
    }
}
