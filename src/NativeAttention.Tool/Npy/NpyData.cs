using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention.Tool.Npy;

/// <summary>Reads the elements behind a header into C order and this machine's byte order.</summary>
internal static class NpyData
{
    // Bounds one read call; AsBytes of a whole large array would pass the 2 GiB limit of a span of bytes.
    private const int ChunkElements = 1 << 22;

    /// <summary>Reads the elements.</summary>
    /// <param name="stream">Stands at the first element and holds at least as many bytes as they
    /// need.</param>
    /// <param name="header">The header.</param>
    /// <param name="elements">Their number, at most <see cref="Array.MaxLength"/>.</param>
    /// <param name="source">Name of the file, for messages.</param>
    public static NpyArray Read(Stream stream, NpyHeader header, long elements, string source)
    {
        int count = (int)elements;
        Array values = header.Dtype.Type switch
        {
            NpyElementType.Bool => ReadBools(stream, header, count, source),
            NpyElementType.Int8 => ReadValues<sbyte>(stream, header, count),
            NpyElementType.UInt8 => ReadValues<byte>(stream, header, count),
            NpyElementType.Int16 => ReadValues<short>(stream, header, count),
            NpyElementType.UInt16 => ReadValues<ushort>(stream, header, count),
            NpyElementType.Int32 => ReadValues<int>(stream, header, count),
            NpyElementType.UInt32 => ReadValues<uint>(stream, header, count),
            NpyElementType.Int64 => ReadValues<long>(stream, header, count),
            NpyElementType.UInt64 => ReadValues<ulong>(stream, header, count),
            NpyElementType.Float16 => ReadValues<Half>(stream, header, count),
            NpyElementType.Float32 => ReadValues<float>(stream, header, count),
            _ => ReadValues<double>(stream, header, count),
        };
        return new NpyArray(header.Dtype.Type, header.Shape, values);
    }

    private static T[] ReadValues<T>(Stream stream, NpyHeader header, int count)
        where T : unmanaged
    {
        T[] values = GC.AllocateUninitializedArray<T>(count);
        for (int start = 0; start < count; start += ChunkElements)
        {
            Span<T> chunk = values.AsSpan(start, Math.Min(ChunkElements, count - start));
            stream.ReadExactly(MemoryMarshal.AsBytes(chunk));
            if (header.Dtype.BigEndian == BitConverter.IsLittleEndian)
            {
                Swap(chunk);
            }
        }

        return header.FortranOrder ? ToRowMajor(values, header.Shape) : values;
    }

    private static bool[] ReadBools(Stream stream, NpyHeader header, int count, string source)
    {
        byte[] bytes = ReadValues<byte>(stream, header, count);
        bool[] values = new bool[count];
        for (int i = 0; i < count; i++)
        {
            if (bytes[i] > 1)
            {
                throw new NpyFormatException(source,
                    $"a bool element has the value {bytes[i]}; allowed are 0 and 1");
            }

            values[i] = bytes[i] == 1;
        }

        return values;
    }

    private static void Swap<T>(Span<T> values)
        where T : unmanaged
    {
        switch (Unsafe.SizeOf<T>())
        {
            case 2:
                Span<ushort> two = MemoryMarshal.Cast<T, ushort>(values);
                BinaryPrimitives.ReverseEndianness(two, two);
                break;
            case 4:
                Span<uint> four = MemoryMarshal.Cast<T, uint>(values);
                BinaryPrimitives.ReverseEndianness(four, four);
                break;
            case 8:
                Span<ulong> eight = MemoryMarshal.Cast<T, ulong>(values);
                BinaryPrimitives.ReverseEndianness(eight, eight);
                break;
        }
    }

    // Walks the result in order and keeps the matching offset in the file, whose first axis has stride 1.
    private static T[] ToRowMajor<T>(T[] values, long[] shape)
    {
        if (shape.Length < 2 || values.Length == 0)
        {
            return values;
        }

        long[] strides = new long[shape.Length];
        strides[0] = 1;
        for (int axis = 1; axis < shape.Length; axis++)
        {
            strides[axis] = strides[axis - 1] * shape[axis - 1];
        }

        T[] result = GC.AllocateUninitializedArray<T>(values.Length);
        long[] index = new long[shape.Length];
        long offset = 0;
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = values[offset];
            offset = Advance(index, shape, strides, offset);
        }

        return result;
    }

    private static long Advance(long[] index, long[] shape, long[] strides, long offset)
    {
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            offset += strides[axis];
            if (++index[axis] < shape[axis])
            {
                return offset;
            }

            offset -= strides[axis] * shape[axis];
            index[axis] = 0;
        }

        return offset;
    }
}
