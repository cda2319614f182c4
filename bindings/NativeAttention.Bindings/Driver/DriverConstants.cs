namespace NativeAttention.Bindings;

/// <summary>CUdevice_attribute: the ones in use here.</summary>
internal enum DeviceAttribute
{
    MaxThreadsPerBlock = 1,
    MaxBlockDimX = 2,
    MaxBlockDimY = 3,
    MaxBlockDimZ = 4,
    MaxGridDimX = 5,
    MaxGridDimY = 6,
    MaxGridDimZ = 7,
    MaxSharedMemoryPerBlock = 8,
    TotalConstantMemory = 9,
    WarpSize = 10,
    MaxPitch = 11,
    MaxRegistersPerBlock = 12,
    ClockRateKilohertz = 13,
    MultiprocessorCount = 16,
    Integrated = 18,
    CanMapHostMemory = 19,
    ComputeMode = 20,
    ConcurrentKernels = 31,
    EccEnabled = 32,
    PciBusId = 33,
    PciDeviceId = 34,
    MemoryClockRateKilohertz = 36,
    GlobalMemoryBusWidthBits = 37,
    L2CacheSize = 38,
    MaxThreadsPerMultiprocessor = 39,
    AsyncEngineCount = 40,
    UnifiedAddressing = 41,
    PciDomainId = 50,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    StreamPrioritiesSupported = 78,
    MaxSharedMemoryPerMultiprocessor = 81,
    MaxRegistersPerMultiprocessor = 82,
    ManagedMemory = 83,
    CooperativeLaunch = 95,
    MaxSharedMemoryPerBlockOptin = 97,
    MaxBlocksPerMultiprocessor = 106,
    ReservedSharedMemoryPerBlock = 111,
    MemoryPoolsSupported = 115,
    ClusterLaunch = 120,
    TensorMapAccessSupported = 127,
}

/// <summary>CUfunction_attribute.</summary>
internal enum FunctionAttribute
{
    MaxThreadsPerBlock = 0,
    SharedSizeBytes = 1,
    ConstSizeBytes = 2,
    LocalSizeBytes = 3,
    RegisterCount = 4,
    PtxVersion = 5,
    BinaryVersion = 6,
    MaxDynamicSharedSizeBytes = 8,
    PreferredSharedMemoryCarveout = 9,
}

/// <summary>CUjit_option: the ones in use here.</summary>
internal enum JitOption
{
    MaxRegisters = 0,
    WallTime = 2,
    InfoLogBuffer = 3,
    InfoLogBufferSizeBytes = 4,
    ErrorLogBuffer = 5,
    ErrorLogBufferSizeBytes = 6,
    OptimizationLevel = 7,
    GenerateDebugInfo = 11,
    LogVerbose = 12,
    GenerateLineInfo = 13,
}

/// <summary>CUpointer_attribute: the ones in use here.</summary>
internal enum PointerAttribute
{
    Context = 1,
    MemoryType = 2,
    DevicePointer = 3,
    HostPointer = 4,
    IsManaged = 8,
    DeviceOrdinal = 9,
    RangeStartAddress = 11,
    RangeSize = 12,
}

/// <summary>CUmemorytype, the value of <see cref="PointerAttribute.MemoryType"/>.</summary>
internal enum MemoryType
{
    Host = 1,
    Device = 2,
}

/// <summary>CUmemPool_attribute: the one in use here.</summary>
internal enum MemoryPoolAttribute
{
    /// <summary>Bytes (uint64) kept in the pool when a stream synchronises.</summary>
    ReleaseThreshold = 4,
}

/// <summary>CUstream_flags.</summary>
[Flags]
internal enum StreamFlags : uint
{
    Default = 0,
    NonBlocking = 1,
}

/// <summary>CUevent_flags.</summary>
[Flags]
internal enum EventFlags : uint
{
    Default = 0,
    BlockingSync = 1,
    DisableTiming = 2,
}

/// <summary>CUstreamCaptureMode.</summary>
internal enum StreamCaptureMode
{
    Global = 0,
    ThreadLocal = 1,
    Relaxed = 2,
}

/// <summary>CUstreamCaptureStatus.</summary>
internal enum StreamCaptureStatus
{
    None = 0,
    Active = 1,
    Invalidated = 2,
}

/// <summary>Flags of cuMemHostAlloc and cuMemHostRegister.</summary>
internal static class HostMemoryFlags
{
    internal const uint Portable = 1;
    internal const uint DeviceMap = 2;
}

/// <summary>Marks of the <c>extra</c> argument of cuLaunchKernel.</summary>
internal static class LaunchParameter
{
    internal const nint End = 0;
    internal const nint BufferPointer = 1;
    internal const nint BufferSize = 2;
}
