using System.Collections.Frozen;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>What an architecture allows: the numbers of NVIDIA's table of compute capabilities.</summary>
/// <param name="Major">Compute capability, major.</param>
/// <param name="Minor">Compute capability, minor.</param>
/// <param name="SharedPerBlock">Shared memory of one block with the opt-in, in bytes.</param>
/// <param name="SharedPerSm">Shared memory of one multiprocessor, in bytes.</param>
/// <param name="ThreadsPerSm">Resident threads of one multiprocessor.</param>
/// <param name="BlocksPerSm">Resident blocks of one multiprocessor.</param>
/// <param name="L2Bytes">Second-level cache, in bytes.</param>
internal sealed record DeviceProperties(
    int Major, int Minor, int SharedPerBlock, int SharedPerSm, int ThreadsPerSm, int BlocksPerSm, int L2Bytes)
{
    internal const int MaxThreadsPerBlock = 1024;
    internal const int MaxBlockZ = 64;
    internal const int MaxGridX = int.MaxValue;
    internal const int MaxGridYZ = 65535;

    /// <summary>Shared memory of one block without the opt-in.</summary>
    internal const int DefaultSharedPerBlock = 48 << 10;

    /// <summary>Shared memory that the system keeps of every block's.</summary>
    internal const int ReservedSharedPerBlock = 1 << 10;

    private static readonly FrozenDictionary<string, DeviceProperties> ByTarget =
        new Dictionary<string, DeviceProperties>
        {
            ["sm_80"] = new(8, 0, 163 << 10, 164 << 10, 2048, 32, 40 << 20),
            ["sm_86"] = new(8, 6, 99 << 10, 100 << 10, 1536, 16, 6 << 20),
            ["sm_89"] = new(8, 9, 99 << 10, 100 << 10, 1536, 24, 72 << 20),
            ["sm_90"] = new(9, 0, 227 << 10, 228 << 10, 2048, 32, 50 << 20),
            ["sm_90a"] = new(9, 0, 227 << 10, 228 << 10, 2048, 32, 50 << 20),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Names of the architectures that can be emulated.</summary>
    internal static IReadOnlyList<string> Targets { get; } = [.. ByTarget.Keys.Order(StringComparer.Ordinal)];

    internal static string TargetList => string.Join(", ", Targets);

    internal static DeviceProperties? Of(string target)
    {
        return ByTarget.GetValueOrDefault(target);
    }

    /// <summary>Value of a device attribute; null for one that is not emulated.</summary>
    internal int? Attribute(DeviceAttribute attribute, EmulatorOptions options)
    {
        return attribute switch
        {
            DeviceAttribute.MaxThreadsPerBlock => MaxThreadsPerBlock,
            DeviceAttribute.MaxBlockDimX or DeviceAttribute.MaxBlockDimY => MaxThreadsPerBlock,
            DeviceAttribute.MaxBlockDimZ => MaxBlockZ,
            DeviceAttribute.MaxGridDimX => MaxGridX,
            DeviceAttribute.MaxGridDimY or DeviceAttribute.MaxGridDimZ => MaxGridYZ,
            DeviceAttribute.MaxSharedMemoryPerBlock => DefaultSharedPerBlock,
            DeviceAttribute.MaxSharedMemoryPerBlockOptin => SharedPerBlock,
            DeviceAttribute.MaxSharedMemoryPerMultiprocessor => SharedPerSm,
            DeviceAttribute.ReservedSharedMemoryPerBlock => ReservedSharedPerBlock,
            DeviceAttribute.MaxThreadsPerMultiprocessor => ThreadsPerSm,
            DeviceAttribute.MaxBlocksPerMultiprocessor => BlocksPerSm,
            DeviceAttribute.MultiprocessorCount => options.SmCount,
            DeviceAttribute.ComputeCapabilityMajor => Major,
            DeviceAttribute.ComputeCapabilityMinor => Minor,
            DeviceAttribute.L2CacheSize => L2Bytes,
            DeviceAttribute.TensorMapAccessSupported => Major >= 9 ? 1 : 0,
            _ => FixedAttribute(attribute),
        };
    }

    private static int? FixedAttribute(DeviceAttribute attribute)
    {
        return attribute switch
        {
            DeviceAttribute.WarpSize => 32,
            DeviceAttribute.TotalConstantMemory => 64 << 10,
            DeviceAttribute.MaxPitch => int.MaxValue,
            DeviceAttribute.MaxRegistersPerBlock or DeviceAttribute.MaxRegistersPerMultiprocessor => 64 << 10,
            DeviceAttribute.ClockRateKilohertz => 1_000_000,
            DeviceAttribute.MemoryClockRateKilohertz => 1_000_000,
            DeviceAttribute.GlobalMemoryBusWidthBits => 64,
            DeviceAttribute.CanMapHostMemory => 1,
            DeviceAttribute.ConcurrentKernels => 0,
            DeviceAttribute.AsyncEngineCount => 1,
            DeviceAttribute.UnifiedAddressing => 1,
            DeviceAttribute.StreamPrioritiesSupported => 1,
            DeviceAttribute.MemoryPoolsSupported => 1,
            DeviceAttribute.Integrated or DeviceAttribute.ComputeMode or DeviceAttribute.EccEnabled => 0,
            DeviceAttribute.PciBusId or DeviceAttribute.PciDeviceId or DeviceAttribute.PciDomainId => 0,
            DeviceAttribute.ManagedMemory or DeviceAttribute.CooperativeLaunch => 0,
            DeviceAttribute.ClusterLaunch => 0,
            _ => null,
        };
    }
}
