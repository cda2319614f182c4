using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Emulation;

/// <summary>A PTX module, parsed, checked and decoded; its global variables live in the device memory it was loaded into.</summary>
internal sealed class PtxModule
{
    private PtxModule(string name, IReadOnlyList<PtxKernel> kernels)
    {
        Name = name;
        Kernels = kernels;
    }

    /// <summary>Name used in messages.</summary>
    public string Name { get; }

    /// <summary>The text after <c>.version</c>.</summary>
    public string PtxVersion { get; } = "";

    /// <summary>The text after <c>.target</c>.</summary>
    public string Target { get; } = "";

    /// <summary>Every entry point of the module.</summary>
    public IReadOnlyList<PtxKernel> Kernels { get; }

    /// <summary>
    /// Loads PTX text. On failure <paramref name="log"/> names every offending statement; on success it holds warnings or nothing.
    /// </summary>
    public static bool TryLoad(
        string ptxText,
        string name,
        EmulatorOptions options,
        DeviceMemory memory,
        [NotNullWhen(true)] out PtxModule? module,
        out string log)
    {
        throw new NotImplementedException();
    }

    /// <summary>Finds an entry point by its exact name.</summary>
    public bool TryGetKernel(string name, [NotNullWhen(true)] out PtxKernel? kernel)
    {
        kernel = Kernels.FirstOrDefault(k => k.Name == name);
        return kernel is not null;
    }

    /// <summary>Finds a module-level <c>.global</c> or <c>.const</c> variable.</summary>
    public bool TryGetGlobal(string name, out ulong address, out long bytes)
    {
        throw new NotImplementedException();
    }

    /// <summary>Frees the global variables of the module.</summary>
    public void Unload(DeviceMemory memory)
    {
        throw new NotImplementedException();
    }
}
