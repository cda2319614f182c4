namespace NativeAttention.Bindings.Generator;

/// <summary>One struct of the native headers as clang lays it out.</summary>
/// <param name="Name">Name without namespace.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="Fields">Its direct fields in order.</param>
internal sealed record RecordLayout(string Name, int Size, IReadOnlyList<RecordField> Fields);

/// <summary>One direct field of a struct.</summary>
/// <param name="Offset">Offset in bytes.</param>
/// <param name="NativeType">Type as clang prints it.</param>
/// <param name="NativeName">Name in C++.</param>
internal sealed record RecordField(int Offset, string NativeType, string NativeName)
{
    /// <summary>The name as a C# member: key_value_heads becomes KeyValueHeads.</summary>
    public string ManagedName => string.Concat(NativeName.Split('_', StringSplitOptions.RemoveEmptyEntries)
        .Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>The C# type of the same size and meaning. Device pointers become addresses.</summary>
    public string ManagedType => NativeType switch
    {
        "i32" => "int",
        "u32" => "uint",
        "i64" => "long",
        "u64" => "ulong",
        "f32" => "float",
        _ when NativeType.EndsWith('*') => "ulong",
        _ when NativeType.StartsWith("struct na::", StringComparison.Ordinal) => NativeType["struct na::".Length..],
        _ => throw new GeneratorException(
            $"field '{NativeName}' has type '{NativeType}'; supported are i32, u32, i64, u64, f32, pointers and structs of namespace na"),
    };

    /// <summary>Size in bytes of a field that is no struct.</summary>
    public int Bytes => ManagedType switch
    {
        "int" or "uint" or "float" => 4,
        "long" or "ulong" => 8,
        _ => throw new GeneratorException($"field '{NativeName}' of type '{NativeType}' is no plain value"),
    };
}
