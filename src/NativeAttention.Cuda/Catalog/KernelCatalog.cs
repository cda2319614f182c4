namespace NativeAttention.Cuda;

/// <summary>Every kernel in this assembly, for those who want to load one through another library.</summary>
/// <example>
/// <code>
/// KernelInfo kernel = KernelCatalog.Find("na_dense_tiled_bf16_d128_sm80");
/// string ptx = kernel.ReadPtx();
/// </code>
/// </example>
public static class KernelCatalog
{
    private static readonly Lazy<KernelInfo[]> All =
        new(() => [.. KernelManifest.Entries.Select(entry => new KernelInfo(entry))]);

    /// <summary>All kernels, in the order of the manifest.</summary>
    public static IReadOnlyList<KernelInfo> Kernels => All.Value;

    /// <summary>The kernel of a name.</summary>
    /// <param name="name">Entry name.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static KernelInfo Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Array.Find(All.Value, kernel => kernel.Name == name)
            ?? throw new ArgumentException(
                $"Argument '{nameof(name)}': there is no kernel '{name}'; see {nameof(Kernels)}.",
                nameof(name));
    }
}
