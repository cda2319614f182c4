namespace NativeAttention.Emulation;

/// <summary>Addresses of the windows through which generic addresses reach shared, local and parameter
/// space.</summary>
internal static class SharedLayout
{
    /// <summary>First shared address handed out, so that addresses near null fault.</summary>
    public const int FirstOffset = 1024;

    /// <summary>Windows lie far above any address of the host; the top byte tells them apart.</summary>
    public const ulong SharedWindow = 1UL << 56;
    public const ulong LocalWindow = 2UL << 56;
    public const ulong ParameterWindow = 3UL << 56;

    /// <summary>Byte that fills shared memory when a block starts, and in-flight destinations.</summary>
    public const byte Poison = 0xFF;

    /// <summary>Largest shared memory of one block on a target.</summary>
    public static int MaximumBytes(string target) => target switch
    {
        "sm_80" or "sm_87" => 163 * 1024,
        "sm_86" or "sm_89" => 99 * 1024,
        "sm_90" or "sm_90a" => 227 * 1024,
        _ => 48 * 1024,
    };
}
