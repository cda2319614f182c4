namespace NativeAttention.Tool.Results;

/// <summary>Names of the element types in results and case files.</summary>
internal static class Dtypes
{
    /// <summary>All of them.</summary>
    public static string[] All { get; } = ["bf16", "f16", "f32"];

    /// <summary>The name of a type of the library.</summary>
    public static string Of(ElementType type) => type switch
    {
        ElementType.Float32 => "f32",
        ElementType.Float16 => "f16",
        _ => "bf16",
    };

    /// <summary>The type of a name.</summary>
    /// <exception cref="FormatException">There is no such name.</exception>
    public static ElementType Parse(string name) => name switch
    {
        "f32" => ElementType.Float32,
        "f16" => ElementType.Float16,
        "bf16" => ElementType.BFloat16,
        _ => throw new FormatException($"dtype is '{name}'; allowed are {string.Join(", ", All)}"),
    };
}
