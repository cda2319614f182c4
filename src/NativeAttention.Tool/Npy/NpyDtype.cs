namespace NativeAttention.Tool.Npy;

/// <summary>An element type and its byte order, as the <c>descr</c> entry of a header states them.</summary>
/// <param name="Type">The element type.</param>
/// <param name="BigEndian">True when the most significant byte comes first; false for one-byte types.</param>
internal readonly record struct NpyDtype(NpyElementType Type, bool BigEndian)
{
    /// <summary>The names of the supported types, for messages.</summary>
    public const string Supported = "bool, int8 to int64, uint8 to uint64, float16, float32, float64";

    // Kind letter, bytes, type. The letter and the size are NumPy's array-interface type string.
    private static readonly (char Kind, int Size, NpyElementType Type)[] Known =
    [
        ('b', 1, NpyElementType.Bool),
        ('i', 1, NpyElementType.Int8),
        ('u', 1, NpyElementType.UInt8),
        ('i', 2, NpyElementType.Int16),
        ('u', 2, NpyElementType.UInt16),
        ('i', 4, NpyElementType.Int32),
        ('u', 4, NpyElementType.UInt32),
        ('i', 8, NpyElementType.Int64),
        ('u', 8, NpyElementType.UInt64),
        ('f', 2, NpyElementType.Float16),
        ('f', 4, NpyElementType.Float32),
        ('f', 8, NpyElementType.Float64),
    ];

    /// <summary>Bytes of one element.</summary>
    public int Size => SizeOf(Type);

    /// <summary>Bytes of one element of a type.</summary>
    public static int SizeOf(NpyElementType type) => Array.Find(Known, k => k.Type == type).Size;

    /// <summary>NumPy's name of a type, for people.</summary>
    public static string NameOf(NpyElementType type) => type switch
    {
        NpyElementType.Bool => "bool",
        NpyElementType.Int8 => "int8",
        NpyElementType.UInt8 => "uint8",
        NpyElementType.Int16 => "int16",
        NpyElementType.UInt16 => "uint16",
        NpyElementType.Int32 => "int32",
        NpyElementType.UInt32 => "uint32",
        NpyElementType.Int64 => "int64",
        NpyElementType.UInt64 => "uint64",
        NpyElementType.Float16 => "float16",
        NpyElementType.Float32 => "float32",
        _ => "float64",
    };

    /// <summary>The type string of a type in this machine's byte order, as written into headers.</summary>
    public static string DescriptorOf(NpyElementType type)
    {
        (char kind, int size, _) = Array.Find(Known, k => k.Type == type);
        char order = size == 1 ? '|' : BitConverter.IsLittleEndian ? '<' : '>';
        return $"{order}{kind}{size}";
    }

    /// <summary>The element type that stores a .NET type.</summary>
    public static NpyElementType Of<T>()
        where T : unmanaged
    {
        Type type = typeof(T);
        return type == typeof(float) ? NpyElementType.Float32
            : type == typeof(Half) ? NpyElementType.Float16
            : type == typeof(double) ? NpyElementType.Float64
            : type == typeof(bool) ? NpyElementType.Bool
            : type == typeof(sbyte) ? NpyElementType.Int8
            : type == typeof(byte) ? NpyElementType.UInt8
            : type == typeof(short) ? NpyElementType.Int16
            : type == typeof(ushort) ? NpyElementType.UInt16
            : type == typeof(int) ? NpyElementType.Int32
            : type == typeof(uint) ? NpyElementType.UInt32
            : type == typeof(long) ? NpyElementType.Int64
            : type == typeof(ulong) ? NpyElementType.UInt64
            : throw new NotSupportedException(
                $".npy files cannot store {type.Name}; supported are {Supported}.");
    }

    /// <summary>Understands a type string such as <c>&lt;f4</c>, or says why not.</summary>
    public static bool TryParse(string descriptor, out NpyDtype dtype, out string problem)
    {
        dtype = default;
        if (descriptor.Length < 3 || descriptor[0] is not ('<' or '>' or '|' or '='))
        {
            problem = $"dtype '{descriptor}' is not a type string such as '<f4'";
            return false;
        }

        if (!TryFind(descriptor, out NpyElementType type, out problem))
        {
            return false;
        }

        bool oneByte = SizeOf(type) == 1;
        if (descriptor[0] == '=' || (descriptor[0] == '|' && !oneByte))
        {
            problem = $"dtype '{descriptor}' does not say its byte order; '<' or '>' is needed";
            return false;
        }

        dtype = new NpyDtype(type, descriptor[0] == '>' && !oneByte);
        return true;
    }

    private static bool TryFind(string descriptor, out NpyElementType type, out string problem)
    {
        ReadOnlySpan<char> size = descriptor.AsSpan(2);
        foreach ((char kind, int bytes, NpyElementType known) in Known)
        {
            if (descriptor[1] == kind && size.Length == 1 && size[0] == (char)('0' + bytes))
            {
                type = known;
                problem = "";
                return true;
            }
        }

        type = default;
        problem = $"dtype '{descriptor}'{Explain(descriptor)} is not supported; supported are {Supported}";
        return false;
    }

    private static string Explain(string descriptor) => descriptor[1] switch
    {
        'O' => " (Python objects)",
        'V' when descriptor.AsSpan(2).SequenceEqual("2") =>
            " (raw bytes; bfloat16 arrays are saved so: save them as float32 instead)",
        'V' => " (raw bytes)",
        'c' => " (complex)",
        'S' or 'a' or 'U' => " (text)",
        'm' or 'M' => " (time)",
        'f' => " (this float size)",
        _ => "",
    };
}
