namespace NativeAttention.Bindings;

/// <summary>
/// Result of a CUDA driver call: the documented codes of <c>CUresult</c>.
/// A newer driver may return codes without a name here.
/// </summary>
public enum CudaResult
{
    /// <summary>CUDA_SUCCESS. The call succeeded; for a query: everything asked about is complete.</summary>
    Success = 0,

    /// <summary>CUDA_ERROR_INVALID_VALUE. A parameter is outside the range the call allows.</summary>
    InvalidValue = 1,

    /// <summary>CUDA_ERROR_OUT_OF_MEMORY. Not enough device or page-locked memory.</summary>
    OutOfMemory = 2,

    /// <summary>CUDA_ERROR_NOT_INITIALIZED. cuInit has not run or has failed.</summary>
    NotInitialized = 3,

    /// <summary>CUDA_ERROR_DEINITIALIZED. The driver is shutting down with the process.</summary>
    Deinitialized = 4,

    /// <summary>CUDA_ERROR_PROFILER_DISABLED. The profiler is not initialised.</summary>
    ProfilerDisabled = 5,

    /// <summary>
    /// CUDA_ERROR_STUB_LIBRARY. The loaded library is the toolkit's link stub, not a driver.
    /// </summary>
    StubLibrary = 34,

    /// <summary>
    /// CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER. The call needs a newer driver than the installed one.
    /// </summary>
    CallRequiresNewerDriver = 36,

    /// <summary>
    /// CUDA_ERROR_DEVICE_UNAVAILABLE. The device is busy or in a mode that forbids this use.
    /// </summary>
    DeviceUnavailable = 46,

    /// <summary>CUDA_ERROR_NO_DEVICE. No CUDA-capable device was found.</summary>
    NoDevice = 100,

    /// <summary>CUDA_ERROR_INVALID_DEVICE. The device ordinal names no device.</summary>
    InvalidDevice = 101,

    /// <summary>CUDA_ERROR_DEVICE_NOT_LICENSED. The device has no valid licence.</summary>
    DeviceNotLicensed = 102,

    /// <summary>CUDA_ERROR_INVALID_IMAGE. The module image is not valid.</summary>
    InvalidImage = 200,

    /// <summary>CUDA_ERROR_INVALID_CONTEXT. No context is current, or the one given is not valid.</summary>
    InvalidContext = 201,

    /// <summary>CUDA_ERROR_CONTEXT_ALREADY_CURRENT. The context is current already.</summary>
    ContextAlreadyCurrent = 202,

    /// <summary>CUDA_ERROR_MAP_FAILED. Mapping or registering memory failed.</summary>
    MapFailed = 205,

    /// <summary>CUDA_ERROR_UNMAP_FAILED. Unmapping or unregistering memory failed.</summary>
    UnmapFailed = 206,

    /// <summary>CUDA_ERROR_ARRAY_IS_MAPPED. The array is mapped and so cannot be destroyed.</summary>
    ArrayIsMapped = 207,

    /// <summary>CUDA_ERROR_ALREADY_MAPPED. The resource is mapped already.</summary>
    AlreadyMapped = 208,

    /// <summary>CUDA_ERROR_NO_BINARY_FOR_GPU. The module has no code that this device can run.</summary>
    NoBinaryForGpu = 209,

    /// <summary>CUDA_ERROR_ALREADY_ACQUIRED. The resource is acquired already.</summary>
    AlreadyAcquired = 210,

    /// <summary>CUDA_ERROR_NOT_MAPPED. The resource is not mapped.</summary>
    NotMapped = 211,

    /// <summary>CUDA_ERROR_NOT_MAPPED_AS_ARRAY. The resource is not mapped as an array.</summary>
    NotMappedAsArray = 212,

    /// <summary>CUDA_ERROR_NOT_MAPPED_AS_POINTER. The resource is not mapped as a pointer.</summary>
    NotMappedAsPointer = 213,

    /// <summary>CUDA_ERROR_ECC_UNCORRECTABLE. A memory error that ECC could not correct.</summary>
    EccUncorrectable = 214,

    /// <summary>CUDA_ERROR_UNSUPPORTED_LIMIT. The device does not support this limit.</summary>
    UnsupportedLimit = 215,

    /// <summary>CUDA_ERROR_CONTEXT_ALREADY_IN_USE. The context is bound to another thread.</summary>
    ContextAlreadyInUse = 216,

    /// <summary>
    /// CUDA_ERROR_PEER_ACCESS_UNSUPPORTED. These devices cannot access each other's memory.
    /// </summary>
    PeerAccessUnsupported = 217,

    /// <summary>CUDA_ERROR_INVALID_PTX. The PTX did not compile.</summary>
    InvalidPtx = 218,

    /// <summary>CUDA_ERROR_INVALID_GRAPHICS_CONTEXT. The graphics context is not valid.</summary>
    InvalidGraphicsContext = 219,

    /// <summary>CUDA_ERROR_NVLINK_UNCORRECTABLE. An NVLink error that could not be corrected.</summary>
    NvlinkUncorrectable = 220,

    /// <summary>CUDA_ERROR_JIT_COMPILER_NOT_FOUND. The driver's PTX compiler library is missing.</summary>
    JitCompilerNotFound = 221,

    /// <summary>
    /// CUDA_ERROR_UNSUPPORTED_PTX_VERSION. The PTX has a newer version than this driver understands.
    /// </summary>
    UnsupportedPtxVersion = 222,

    /// <summary>
    /// CUDA_ERROR_JIT_COMPILATION_DISABLED. Compiling PTX is switched off (CUDA_DISABLE_PTX_JIT).
    /// </summary>
    JitCompilationDisabled = 223,

    /// <summary>
    /// CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY. The device does not support this execution affinity.
    /// </summary>
    UnsupportedExecAffinity = 224,

    /// <summary>
    /// CUDA_ERROR_UNSUPPORTED_DEVSIDE_SYNC. Device-side synchronisation is no longer supported.
    /// </summary>
    UnsupportedDevsideSync = 225,

    /// <summary>CUDA_ERROR_CONTAINED. An error on the device was contained; the context is lost.</summary>
    Contained = 226,

    /// <summary>CUDA_ERROR_INVALID_SOURCE. The kernel source is not valid.</summary>
    InvalidSource = 300,

    /// <summary>CUDA_ERROR_FILE_NOT_FOUND. A file was not found.</summary>
    FileNotFound = 301,

    /// <summary>CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND. A shared object lacks a symbol.</summary>
    SharedObjectSymbolNotFound = 302,

    /// <summary>CUDA_ERROR_SHARED_OBJECT_INIT_FAILED. A shared object failed to initialise.</summary>
    SharedObjectInitFailed = 303,

    /// <summary>CUDA_ERROR_OPERATING_SYSTEM. A call to the operating system failed.</summary>
    OperatingSystem = 304,

    /// <summary>CUDA_ERROR_INVALID_HANDLE. A handle is not valid, or was destroyed.</summary>
    InvalidHandle = 400,

    /// <summary>CUDA_ERROR_ILLEGAL_STATE. A resource is not in the state the call needs.</summary>
    IllegalState = 401,

    /// <summary>CUDA_ERROR_LOSSY_QUERY. A query would lose information.</summary>
    LossyQuery = 402,

    /// <summary>CUDA_ERROR_NOT_FOUND. A named symbol was not found.</summary>
    NotFound = 500,

    /// <summary>CUDA_ERROR_NOT_READY. Work asked about is not complete yet; not an error.</summary>
    NotReady = 600,

    /// <summary>CUDA_ERROR_ILLEGAL_ADDRESS. A kernel accessed memory that it may not.</summary>
    IllegalAddress = 700,

    /// <summary>
    /// CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES. Not enough registers, threads or shared memory for a launch.
    /// </summary>
    LaunchOutOfResources = 701,

    /// <summary>CUDA_ERROR_LAUNCH_TIMEOUT. A kernel ran longer than the device allows.</summary>
    LaunchTimeout = 702,

    /// <summary>
    /// CUDA_ERROR_LAUNCH_INCOMPATIBLE_TEXTURING. A launch uses an incompatible texturing mode.
    /// </summary>
    LaunchIncompatibleTexturing = 703,

    /// <summary>CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED. Peer access is enabled already.</summary>
    PeerAccessAlreadyEnabled = 704,

    /// <summary>CUDA_ERROR_PEER_ACCESS_NOT_ENABLED. Peer access is not enabled.</summary>
    PeerAccessNotEnabled = 705,

    /// <summary>CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE. The primary context is active already.</summary>
    PrimaryContextActive = 708,

    /// <summary>CUDA_ERROR_CONTEXT_IS_DESTROYED. The current context was destroyed.</summary>
    ContextIsDestroyed = 709,

    /// <summary>CUDA_ERROR_ASSERT. A device-side assert failed.</summary>
    Assert = 710,

    /// <summary>CUDA_ERROR_TOO_MANY_PEERS. No room for another peer mapping.</summary>
    TooManyPeers = 711,

    /// <summary>CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED. The host memory is registered already.</summary>
    HostMemoryAlreadyRegistered = 712,

    /// <summary>CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED. The host memory is not registered.</summary>
    HostMemoryNotRegistered = 713,

    /// <summary>CUDA_ERROR_HARDWARE_STACK_ERROR. A kernel's stack was corrupted or overflowed.</summary>
    HardwareStackError = 714,

    /// <summary>CUDA_ERROR_ILLEGAL_INSTRUCTION. A kernel met an instruction that is not valid.</summary>
    IllegalInstruction = 715,

    /// <summary>
    /// CUDA_ERROR_MISALIGNED_ADDRESS. A kernel accessed an address that is not aligned to the access.
    /// </summary>
    MisalignedAddress = 716,

    /// <summary>
    /// CUDA_ERROR_INVALID_ADDRESS_SPACE. A kernel used an address of the wrong memory space.
    /// </summary>
    InvalidAddressSpace = 717,

    /// <summary>CUDA_ERROR_INVALID_PC. A kernel jumped outside its code.</summary>
    InvalidProgramCounter = 718,

    /// <summary>CUDA_ERROR_LAUNCH_FAILED. A kernel failed while it ran.</summary>
    LaunchFailed = 719,

    /// <summary>
    /// CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE. A cooperative launch has more blocks than can be resident.
    /// </summary>
    CooperativeLaunchTooLarge = 720,

    /// <summary>CUDA_ERROR_TENSOR_MEMORY_LEAK. A kernel ended with tensor memory allocated.</summary>
    TensorMemoryLeak = 721,

    /// <summary>CUDA_ERROR_NOT_PERMITTED. The operation is not permitted.</summary>
    NotPermitted = 800,

    /// <summary>CUDA_ERROR_NOT_SUPPORTED. The operation is not supported here.</summary>
    NotSupported = 801,

    /// <summary>CUDA_ERROR_SYSTEM_NOT_READY. The system is not ready for CUDA work.</summary>
    SystemNotReady = 802,

    /// <summary>
    /// CUDA_ERROR_SYSTEM_DRIVER_MISMATCH. The display driver and the CUDA driver do not fit together.
    /// </summary>
    SystemDriverMismatch = 803,

    /// <summary>
    /// CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE. Forward compatibility is not supported on this device.
    /// </summary>
    CompatNotSupportedOnDevice = 804,

    /// <summary>CUDA_ERROR_MPS_CONNECTION_FAILED. The MPS client could not connect.</summary>
    MpsConnectionFailed = 805,

    /// <summary>CUDA_ERROR_MPS_RPC_FAILURE. A call to the MPS server failed.</summary>
    MpsRpcFailure = 806,

    /// <summary>CUDA_ERROR_MPS_SERVER_NOT_READY. The MPS server takes no new clients now.</summary>
    MpsServerNotReady = 807,

    /// <summary>CUDA_ERROR_MPS_MAX_CLIENTS_REACHED. The MPS server has all the clients it can take.</summary>
    MpsMaxClientsReached = 808,

    /// <summary>
    /// CUDA_ERROR_MPS_MAX_CONNECTIONS_REACHED. The MPS server has all the connections it can take.
    /// </summary>
    MpsMaxConnectionsReached = 809,

    /// <summary>CUDA_ERROR_MPS_CLIENT_TERMINATED. The MPS client was ended by the server.</summary>
    MpsClientTerminated = 810,

    /// <summary>CUDA_ERROR_CDP_NOT_SUPPORTED. Launches from the device are not supported.</summary>
    CdpNotSupported = 811,

    /// <summary>CUDA_ERROR_CDP_VERSION_MISMATCH. Versions of device-side launch code do not match.</summary>
    CdpVersionMismatch = 812,

    /// <summary>
    /// CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED. The operation is not permitted while a stream captures.
    /// </summary>
    StreamCaptureUnsupported = 900,

    /// <summary>CUDA_ERROR_STREAM_CAPTURE_INVALIDATED. An earlier error invalidated the capture.</summary>
    StreamCaptureInvalidated = 901,

    /// <summary>CUDA_ERROR_STREAM_CAPTURE_MERGE. The call would merge two independent captures.</summary>
    StreamCaptureMerge = 902,

    /// <summary>CUDA_ERROR_STREAM_CAPTURE_UNMATCHED. The capture was not begun on this stream.</summary>
    StreamCaptureUnmatched = 903,

    /// <summary>
    /// CUDA_ERROR_STREAM_CAPTURE_UNJOINED. The capture has work that was not joined to its first stream.
    /// </summary>
    StreamCaptureUnjoined = 904,

    /// <summary>
    /// CUDA_ERROR_STREAM_CAPTURE_ISOLATION. The call would make a dependency cross the border of the capture.
    /// </summary>
    StreamCaptureIsolation = 905,

    /// <summary>
    /// CUDA_ERROR_STREAM_CAPTURE_IMPLICIT. The capture would depend on the legacy null stream.
    /// </summary>
    StreamCaptureImplicit = 906,

    /// <summary>CUDA_ERROR_CAPTURED_EVENT. The event was last recorded in a capture.</summary>
    CapturedEvent = 907,

    /// <summary>CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD. The capture was begun by another thread.</summary>
    StreamCaptureWrongThread = 908,

    /// <summary>CUDA_ERROR_TIMEOUT. The operation took longer than allowed.</summary>
    Timeout = 909,

    /// <summary>CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE. The executable graph could not be updated.</summary>
    GraphExecUpdateFailure = 910,

    /// <summary>CUDA_ERROR_EXTERNAL_DEVICE. A device outside of CUDA's control failed.</summary>
    ExternalDevice = 911,

    /// <summary>CUDA_ERROR_INVALID_CLUSTER_SIZE. The cluster is larger than the kernel allows.</summary>
    InvalidClusterSize = 912,

    /// <summary>CUDA_ERROR_FUNCTION_NOT_LOADED. The function is not loaded.</summary>
    FunctionNotLoaded = 913,

    /// <summary>CUDA_ERROR_INVALID_RESOURCE_TYPE. The resource has the wrong type.</summary>
    InvalidResourceType = 914,

    /// <summary>
    /// CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION. The resources are not sufficient or not well configured.
    /// </summary>
    InvalidResourceConfiguration = 915,

    /// <summary>CUDA_ERROR_KEY_ROTATION. A key rotation failed.</summary>
    KeyRotation = 916,

    /// <summary>CUDA_ERROR_STREAM_DETACHED. The stream is detached.</summary>
    StreamDetached = 917,

    /// <summary>CUDA_ERROR_UNKNOWN. An error the driver cannot name.</summary>
    Unknown = 999,
}
