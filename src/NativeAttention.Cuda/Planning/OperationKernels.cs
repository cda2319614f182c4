using System.Collections.Frozen;

namespace NativeAttention.Cuda;

/// <summary>Finds the kernel of a family that has only one for an element type.</summary>
internal static class OperationKernels
{
    private static readonly FrozenDictionary<(string Family, ElementType Type), KernelEntry> All =
        KernelManifest.Entries.GroupBy(entry => (entry.Family, entry.ElementType))
            .Where(kernels => kernels.Count() == 1)
            .ToFrozenDictionary(kernels => kernels.Key, kernels => kernels.Single());

    /// <summary>Finds the kernel.</summary>
    /// <param name="family">For example <c>merge</c>.</param>
    /// <param name="type">Element type.</param>
    /// <param name="device">Where it is to run.</param>
    /// <exception cref="NotSupportedException">The device is too old.</exception>
    public static KernelEntry Find(string family, ElementType type, CudaDevice device) =>
        DensePlanner.CapabilityRefusal(device.Capability) is string refusal
            ? throw new NotSupportedException($"{device} cannot run kernels of family {family}: {refusal}.")
            : Find(family, type);

    /// <summary>Finds the kernel, wherever it is to run.</summary>
    public static KernelEntry Find(string family, ElementType type) => All[(family, type)];
}
