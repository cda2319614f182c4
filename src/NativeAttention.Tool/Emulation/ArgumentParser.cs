using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using NativeAttention.Emulation;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Emulation;

/// <summary>Reads the values of <c>--arg</c>.</summary>
internal static class ArgumentParser
{
    /// <summary>The forms, for the help and for messages.</summary>
    public const string Forms =
        "in:FILE.npy, inout:FILE.npy, out:DTYPE:SHAPE:FILE.npy, or a number as "
        + "i8, u8, i16, u16, i32, u32, i64, u64, f16, bf16, f32 or f64:VALUE";

    /// <summary>Reads one value.</summary>
    /// <exception cref="ToolException">It is none of the forms.</exception>
    public static ArgumentSpec Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            throw Bad(text, $"allowed are {Forms}");
        }

        (string kind, int? offset) = Kind(text, text[..colon]);
        string rest = text[(colon + 1)..];
        return kind switch
        {
            "in" => new BufferSpec(text, offset, rest, IsRead: true, IsWritten: false, null, null),
            "inout" => new BufferSpec(text, offset, rest, IsRead: true, IsWritten: true, null, null),
            "out" => Output(text, offset, rest),
            "i8" => Whole<sbyte>(text, offset, rest, v => v),
            "u8" => Whole<byte>(text, offset, rest, v => v),
            "i16" => Whole<short>(text, offset, rest, v => v),
            "u16" => Whole<ushort>(text, offset, rest, v => v),
            "i32" => Whole<int>(text, offset, rest, v => v),
            "u32" => Whole<uint>(text, offset, rest, v => v),
            "i64" => Whole<long>(text, offset, rest, v => v),
            "u64" => Whole<ulong>(text, offset, rest, v => v),
            "f16" => Real(text, offset, rest, v => (Half)v, v => v),
            "bf16" => Real(text, offset, rest, v => (BFloat16)(float)v, PtxArgument.Structure),
            "f32" => Real(text, offset, rest, v => (float)v, v => v),
            "f64" => Real(text, offset, rest, v => v, v => v),
            _ => throw Bad(text, $"'{kind}' is not known; allowed are {Forms}"),
        };
    }

    // kind or kind@offset
    private static (string Kind, int? Offset) Kind(string text, string head)
    {
        int at = head.IndexOf('@', StringComparison.Ordinal);
        if (at < 0)
        {
            return (head, null);
        }

        return int.TryParse(head.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int offset)
            ? (head[..at], offset)
            : throw Bad(text, $"the offset '{head[(at + 1)..]}' is not a number of bytes");
    }

    private static BufferSpec Output(string text, int? offset, string rest)
    {
        string[] parts = rest.Split(':', 3);
        if (parts.Length != 3)
        {
            throw Bad(text, "an output is out:DTYPE:SHAPE:FILE.npy, such as out:float32:2,64:o.npy");
        }

        NpyElementType? type = Array.Find(Enum.GetValues<NpyElementType>().Cast<NpyElementType?>().ToArray(),
            t => NpyDtype.NameOf(t!.Value) == parts[0]);
        if (type is null)
        {
            throw Bad(text, $"dtype '{parts[0]}' is not known; allowed are {NpyDtype.Supported}");
        }

        return new BufferSpec(text, offset, parts[2], IsRead: false, IsWritten: true, type, Shape(text, parts[1]));
    }

    private static long[] Shape(string text, string lengths)
    {
        string[] parts = lengths.Length == 0 ? [] : lengths.Split(',');
        long[] shape = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out shape[i]))
            {
                throw Bad(text, $"'{lengths}' is not a shape; it should look like 2,64");
            }
        }

        return shape;
    }

    private static ScalarSpec Whole<T>(string text, int? offset, string digits, Func<T, PtxArgument> argument)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        bool hexadecimal = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        bool understood = hexadecimal
            ? T.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out T value)
            : T.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        return understood
            ? new ScalarSpec(text, offset, argument(value), Bytes(value))
            : throw Bad(text, $"'{digits}' is not a whole number from {T.MinValue} to {T.MaxValue}");
    }

    private static ScalarSpec Real<T>(string text, int? offset, string digits, Func<double, T> round,
        Func<T, PtxArgument> argument)
        where T : unmanaged
    {
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? new ScalarSpec(text, offset, argument(round(value)), Bytes(round(value)))
            : throw Bad(text, $"'{digits}' is not a number such as 0.5, -1e-3, NaN or Infinity");
    }

    private static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    private static ToolException Bad(string text, string problem) =>
        ToolException.BadInput($"--arg is '{text}': {problem}");
}
