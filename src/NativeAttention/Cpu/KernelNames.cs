namespace NativeAttention.Cpu;

/// <summary>The parts of kernel names.</summary>
internal static class KernelNames
{
    /// <summary>Short name of an element type.</summary>
    public static string Element<T>()
        where T : unmanaged => ElementTypes.Of<T>() switch
        {
            ElementType.Float16 => "f16",
            ElementType.BFloat16 => "bf16",
            _ => "f32",
        };
}
