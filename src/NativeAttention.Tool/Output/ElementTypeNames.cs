namespace NativeAttention.Tool.Output;

/// <summary>Names of the element types: short as options take them, long as NumPy has them.</summary>
internal static class ElementTypeNames
{
    /// <summary><c>fp32</c>, <c>fp16</c> or <c>bf16</c>.</summary>
    public static string Short(ElementType type) => type switch
    {
        ElementType.Float32 => "fp32",
        ElementType.Float16 => "fp16",
        _ => "bf16",
    };
}
