using System.Collections.Frozen;

namespace NativeAttention.Cuda;

/// <summary>Finds the kernel of a family that has one for an element type, whatever the head dim.</summary>
internal static class OperationKernels
{
    private static readonly FrozenDictionary<(string Family, ElementType Type), KernelEntry> All =
        KernelManifest.Entries.Where(entry => entry.HeadDim == 0)
            .ToFrozenDictionary(entry => (entry.Family, entry.ElementType));

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
