namespace NativeAttention.Bindings;

// The table. Fields carry the name of the driver call without "cu" and version suffix; the constructor has
// the exact exports. CUdeviceptr is ulong, size_t is nuint, CUdevice is int, opaque handles (context, stream,
// event, module, function, graph) are nint. Every function returns its CUresult.
public sealed unsafe partial class CudaDriver
{
    // Device

    /// <summary>Initialises the driver; flags must be 0.</summary>
    internal readonly delegate* unmanaged<uint, CudaResult> Init;

    /// <summary>CUDA version the driver supports, 1000 * major + 10 * minor.</summary>
    internal readonly delegate* unmanaged<int*, CudaResult> DriverGetVersion;

    /// <summary>Static NUL-terminated name of a code.</summary>
    internal readonly delegate* unmanaged<CudaResult, byte**, CudaResult> GetErrorName;

    /// <summary>Static NUL-terminated description of a code.</summary>
    internal readonly delegate* unmanaged<CudaResult, byte**, CudaResult> GetErrorString;

    /// <summary>Number of devices.</summary>
    internal readonly delegate* unmanaged<int*, CudaResult> DeviceGetCount;

    /// <summary>Device handle of an ordinal.</summary>
    internal readonly delegate* unmanaged<int*, int, CudaResult> DeviceGet;

    /// <summary>(buffer, length, device): NUL-terminated name.</summary>
    internal readonly delegate* unmanaged<byte*, int, int, CudaResult> DeviceGetName;

    /// <summary>(value, attribute, device).</summary>
    internal readonly delegate* unmanaged<int*, DeviceAttribute, int, CudaResult> DeviceGetAttribute;

    /// <summary>(bytes, device): memory of the device.</summary>
    internal readonly delegate* unmanaged<nuint*, int, CudaResult> DeviceTotalMem;

    /// <summary>(16 bytes, device). CUDA 11.4. Optional: may be null.</summary>
    internal readonly delegate* unmanaged<byte*, int, CudaResult> DeviceGetUuid;

    /// <summary>(pool, device). CUDA 11.2. Optional: may be null.</summary>
    internal readonly delegate* unmanaged<nint*, int, CudaResult> DeviceGetDefaultMemPool;

    // Context

    /// <summary>(context, device): counts one more user.</summary>
    internal readonly delegate* unmanaged<nint*, int, CudaResult> DevicePrimaryCtxRetain;

    /// <summary>(device): the last release destroys the context.</summary>
    internal readonly delegate* unmanaged<int, CudaResult> DevicePrimaryCtxRelease;

    /// <summary>(device): destroys everything the context owns, users or not.</summary>
    internal readonly delegate* unmanaged<int, CudaResult> DevicePrimaryCtxReset;

    /// <summary>(device, flags, active).</summary>
    internal readonly delegate* unmanaged<int, uint*, int*, CudaResult> DevicePrimaryCtxGetState;

    /// <summary>(context or 0): context of the calling thread.</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> CtxSetCurrent;

    /// <summary>(context): 0 when the thread has none.</summary>
    internal readonly delegate* unmanaged<nint*, CudaResult> CtxGetCurrent;

    /// <summary>(context).</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> CtxPushCurrent;

    /// <summary>(popped context).</summary>
    internal readonly delegate* unmanaged<nint*, CudaResult> CtxPopCurrent;

    /// <summary>(device) of the current context.</summary>
    internal readonly delegate* unmanaged<int*, CudaResult> CtxGetDevice;

    /// <summary>Waits for everything issued in the current context.</summary>
    internal readonly delegate* unmanaged<CudaResult> CtxSynchronize;

    /// <summary>(least, greatest); lower numbers run first.</summary>
    internal readonly delegate* unmanaged<int*, int*, CudaResult> CtxGetStreamPriorityRange;

    // Memory

    /// <summary>(pointer, bytes).</summary>
    internal readonly delegate* unmanaged<ulong*, nuint, CudaResult> MemAlloc;

    /// <summary>(pointer).</summary>
    internal readonly delegate* unmanaged<ulong, CudaResult> MemFree;

    /// <summary>
    /// (pointer, bytes, stream). CUDA 11.2 and a device with memory pools. Optional: may be null.
    /// </summary>
    internal readonly delegate* unmanaged<ulong*, nuint, nint, CudaResult> MemAllocAsync;

    /// <summary>(pointer, stream). CUDA 11.2 and a device with memory pools. Optional: may be null.</summary>
    internal readonly delegate* unmanaged<ulong, nint, CudaResult> MemFreeAsync;

    /// <summary>(pool, attribute, value). CUDA 11.2. Optional: may be null.</summary>
    internal readonly delegate* unmanaged<nint, MemoryPoolAttribute, void*, CudaResult> MemPoolSetAttribute;

    /// <summary>(pool, bytes to keep). CUDA 11.2. Optional: may be null.</summary>
    internal readonly delegate* unmanaged<nint, nuint, CudaResult> MemPoolTrimTo;

    /// <summary>(free, total) bytes.</summary>
    internal readonly delegate* unmanaged<nuint*, nuint*, CudaResult> MemGetInfo;

    /// <summary>(base, bytes, pointer): the allocation a pointer lies in.</summary>
    internal readonly delegate* unmanaged<ulong*, nuint*, ulong, CudaResult> MemGetAddressRange;

    /// <summary>(value, attribute, pointer).</summary>
    internal readonly delegate* unmanaged<void*, PointerAttribute, ulong, CudaResult> PointerGetAttribute;

    /// <summary>(pointer, bytes): page-locked host memory.</summary>
    internal readonly delegate* unmanaged<void**, nuint, CudaResult> MemAllocHost;

    /// <summary>(pointer, bytes, flags): page-locked host memory.</summary>
    internal readonly delegate* unmanaged<void**, nuint, uint, CudaResult> MemHostAlloc;

    /// <summary>(pointer) of MemAllocHost or MemHostAlloc.</summary>
    internal readonly delegate* unmanaged<void*, CudaResult> MemFreeHost;

    /// <summary>(pointer, bytes, flags): page-locks memory of the caller.</summary>
    internal readonly delegate* unmanaged<void*, nuint, uint, CudaResult> MemHostRegister;

    /// <summary>(pointer) of MemHostRegister.</summary>
    internal readonly delegate* unmanaged<void*, CudaResult> MemHostUnregister;

    // Copies and fills

    /// <summary>(destination, source, bytes).</summary>
    internal readonly delegate* unmanaged<ulong, void*, nuint, CudaResult> MemcpyHtoD;

    /// <summary>(destination, source, bytes).</summary>
    internal readonly delegate* unmanaged<void*, ulong, nuint, CudaResult> MemcpyDtoH;

    /// <summary>(destination, source, bytes).</summary>
    internal readonly delegate* unmanaged<ulong, ulong, nuint, CudaResult> MemcpyDtoD;

    /// <summary>(destination, source, bytes, stream).</summary>
    internal readonly delegate* unmanaged<ulong, void*, nuint, nint, CudaResult> MemcpyHtoDAsync;

    /// <summary>(destination, source, bytes, stream).</summary>
    internal readonly delegate* unmanaged<void*, ulong, nuint, nint, CudaResult> MemcpyDtoHAsync;

    /// <summary>(destination, source, bytes, stream).</summary>
    internal readonly delegate* unmanaged<ulong, ulong, nuint, nint, CudaResult> MemcpyDtoDAsync;

    /// <summary>(destination, value, count).</summary>
    internal readonly delegate* unmanaged<ulong, byte, nuint, CudaResult> MemsetD8;

    /// <summary>(destination, value, count, stream).</summary>
    internal readonly delegate* unmanaged<ulong, byte, nuint, nint, CudaResult> MemsetD8Async;

    /// <summary>(destination, value, count of 4-byte words, stream).</summary>
    internal readonly delegate* unmanaged<ulong, uint, nuint, nint, CudaResult> MemsetD32Async;

    // Streams

    /// <summary>(stream, flags).</summary>
    internal readonly delegate* unmanaged<nint*, StreamFlags, CudaResult> StreamCreate;

    /// <summary>(stream, flags, priority).</summary>
    internal readonly delegate* unmanaged<nint*, StreamFlags, int, CudaResult> StreamCreateWithPriority;

    /// <summary>(stream): returns at once, work already issued still runs.</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> StreamDestroy;

    /// <summary>(stream).</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> StreamSynchronize;

    /// <summary>(stream): Success or NotReady.</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> StreamQuery;

    /// <summary>(stream, event, flags).</summary>
    internal readonly delegate* unmanaged<nint, nint, uint, CudaResult> StreamWaitEvent;

    /// <summary>(stream, context).</summary>
    internal readonly delegate* unmanaged<nint, nint*, CudaResult> StreamGetCtx;

    /// <summary>(stream, mode).</summary>
    internal readonly delegate* unmanaged<nint, StreamCaptureMode, CudaResult> StreamBeginCapture;

    /// <summary>(stream, graph).</summary>
    internal readonly delegate* unmanaged<nint, nint*, CudaResult> StreamEndCapture;

    /// <summary>(stream, status).</summary>
    internal readonly delegate* unmanaged<nint, StreamCaptureStatus*, CudaResult> StreamIsCapturing;

    /// <summary>(stream, function, argument): the function must not call the driver.</summary>
    internal readonly delegate* unmanaged<nint, delegate* unmanaged<void*, void>, void*, CudaResult>
        LaunchHostFunc;

    // Graphs

    /// <summary>(executable, graph, flags). CUDA 11.4. Optional: may be null.</summary>
    internal readonly delegate* unmanaged<nint*, nint, ulong, CudaResult> GraphInstantiateWithFlags;

    /// <summary>(executable, stream).</summary>
    internal readonly delegate* unmanaged<nint, nint, CudaResult> GraphLaunch;

    /// <summary>(executable).</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> GraphExecDestroy;

    /// <summary>(graph).</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> GraphDestroy;

    // Events

    /// <summary>(event, flags).</summary>
    internal readonly delegate* unmanaged<nint*, EventFlags, CudaResult> EventCreate;

    /// <summary>(event).</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> EventDestroy;

    /// <summary>(event, stream).</summary>
    internal readonly delegate* unmanaged<nint, nint, CudaResult> EventRecord;

    /// <summary>(event): Success or NotReady.</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> EventQuery;

    /// <summary>(event).</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> EventSynchronize;

    /// <summary>(milliseconds, start, end).</summary>
    internal readonly delegate* unmanaged<float*, nint, nint, CudaResult> EventElapsedTime;

    // Modules and launches

    /// <summary>(module, NUL-terminated PTX, option count, options, option values).</summary>
    internal readonly delegate* unmanaged<nint*, void*, uint, JitOption*, void**, CudaResult>
        ModuleLoadDataEx;

    /// <summary>(module).</summary>
    internal readonly delegate* unmanaged<nint, CudaResult> ModuleUnload;

    /// <summary>(function, module, NUL-terminated name).</summary>
    internal readonly delegate* unmanaged<nint*, nint, byte*, CudaResult> ModuleGetFunction;

    /// <summary>(pointer, bytes, module, NUL-terminated name).</summary>
    internal readonly delegate* unmanaged<ulong*, nuint*, nint, byte*, CudaResult> ModuleGetGlobal;

    /// <summary>(value, attribute, function).</summary>
    internal readonly delegate* unmanaged<int*, FunctionAttribute, nint, CudaResult> FuncGetAttribute;

    /// <summary>(function, attribute, value).</summary>
    internal readonly delegate* unmanaged<nint, FunctionAttribute, int, CudaResult> FuncSetAttribute;

    /// <summary>
    /// (function, grid x y z, block x y z, dynamic shared bytes, stream, parameter pointers, extra).
    /// </summary>
    internal readonly delegate* unmanaged<
        nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult> LaunchKernel;

    /// <summary>(blocks, function, block size, dynamic shared bytes).</summary>
    internal readonly delegate* unmanaged<int*, nint, int, nuint, CudaResult> OccupancyMaxActiveBlocks;

    /// <summary>
    /// (map, data type, rank, address, sizes, strides, box, element strides, interleave, swizzle,
    /// L2 promotion, fill). CUDA 12.0. Optional: may be null.
    /// </summary>
    internal readonly delegate* unmanaged<
        void*, int, uint, void*, ulong*, ulong*, uint*, uint*, int, int, int, int, CudaResult>
        TensorMapEncodeTiled;

    /// <summary>Fills the table; a missing required export is noted in <paramref name="exports"/>.</summary>
    private CudaDriver(DriverExports exports, DriverOrigin origin)
    {
        Library = origin.Library;
        IsEmulated = origin.IsEmulated;
        LastFinding = origin.LastFinding;

        // Device
        Init = (delegate* unmanaged<uint, CudaResult>)exports.Required("cuInit");
        DriverGetVersion = (delegate* unmanaged<int*, CudaResult>)exports.Required("cuDriverGetVersion");
        GetErrorName = (delegate* unmanaged<CudaResult, byte**, CudaResult>)
            exports.Required("cuGetErrorName");
        GetErrorString = (delegate* unmanaged<CudaResult, byte**, CudaResult>)
            exports.Required("cuGetErrorString");
        DeviceGetCount = (delegate* unmanaged<int*, CudaResult>)exports.Required("cuDeviceGetCount");
        DeviceGet = (delegate* unmanaged<int*, int, CudaResult>)exports.Required("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged<byte*, int, int, CudaResult>)exports.Required("cuDeviceGetName");
        DeviceGetAttribute = (delegate* unmanaged<int*, DeviceAttribute, int, CudaResult>)
            exports.Required("cuDeviceGetAttribute");
        DeviceTotalMem = (delegate* unmanaged<nuint*, int, CudaResult>)
            exports.Required("cuDeviceTotalMem_v2");
        DeviceGetUuid = (delegate* unmanaged<byte*, int, CudaResult>)exports.Optional("cuDeviceGetUuid_v2");
        DeviceGetDefaultMemPool = (delegate* unmanaged<nint*, int, CudaResult>)
            exports.Optional("cuDeviceGetDefaultMemPool");

        // Context
        DevicePrimaryCtxRetain = (delegate* unmanaged<nint*, int, CudaResult>)
            exports.Required("cuDevicePrimaryCtxRetain");
        DevicePrimaryCtxRelease = (delegate* unmanaged<int, CudaResult>)
            exports.Required("cuDevicePrimaryCtxRelease_v2");
        DevicePrimaryCtxReset = (delegate* unmanaged<int, CudaResult>)
            exports.Required("cuDevicePrimaryCtxReset_v2");
        DevicePrimaryCtxGetState = (delegate* unmanaged<int, uint*, int*, CudaResult>)
            exports.Required("cuDevicePrimaryCtxGetState");
        CtxSetCurrent = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuCtxSetCurrent");
        CtxGetCurrent = (delegate* unmanaged<nint*, CudaResult>)exports.Required("cuCtxGetCurrent");
        CtxPushCurrent = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuCtxPushCurrent_v2");
        CtxPopCurrent = (delegate* unmanaged<nint*, CudaResult>)exports.Required("cuCtxPopCurrent_v2");
        CtxGetDevice = (delegate* unmanaged<int*, CudaResult>)exports.Required("cuCtxGetDevice");
        CtxSynchronize = (delegate* unmanaged<CudaResult>)exports.Required("cuCtxSynchronize");
        CtxGetStreamPriorityRange = (delegate* unmanaged<int*, int*, CudaResult>)
            exports.Required("cuCtxGetStreamPriorityRange");

        // Memory
        MemAlloc = (delegate* unmanaged<ulong*, nuint, CudaResult>)exports.Required("cuMemAlloc_v2");
        MemFree = (delegate* unmanaged<ulong, CudaResult>)exports.Required("cuMemFree_v2");
        MemAllocAsync = (delegate* unmanaged<ulong*, nuint, nint, CudaResult>)
            exports.Optional("cuMemAllocAsync");
        MemFreeAsync = (delegate* unmanaged<ulong, nint, CudaResult>)exports.Optional("cuMemFreeAsync");
        MemPoolSetAttribute = (delegate* unmanaged<nint, MemoryPoolAttribute, void*, CudaResult>)
            exports.Optional("cuMemPoolSetAttribute");
        MemPoolTrimTo = (delegate* unmanaged<nint, nuint, CudaResult>)exports.Optional("cuMemPoolTrimTo");
        MemGetInfo = (delegate* unmanaged<nuint*, nuint*, CudaResult>)exports.Required("cuMemGetInfo_v2");
        MemGetAddressRange = (delegate* unmanaged<ulong*, nuint*, ulong, CudaResult>)
            exports.Required("cuMemGetAddressRange_v2");
        PointerGetAttribute = (delegate* unmanaged<void*, PointerAttribute, ulong, CudaResult>)
            exports.Required("cuPointerGetAttribute");
        MemAllocHost = (delegate* unmanaged<void**, nuint, CudaResult>)exports.Required("cuMemAllocHost_v2");
        MemHostAlloc = (delegate* unmanaged<void**, nuint, uint, CudaResult>)
            exports.Required("cuMemHostAlloc");
        MemFreeHost = (delegate* unmanaged<void*, CudaResult>)exports.Required("cuMemFreeHost");
        MemHostRegister = (delegate* unmanaged<void*, nuint, uint, CudaResult>)
            exports.Required("cuMemHostRegister_v2");
        MemHostUnregister = (delegate* unmanaged<void*, CudaResult>)exports.Required("cuMemHostUnregister");

        // Copies and fills
        MemcpyHtoD = (delegate* unmanaged<ulong, void*, nuint, CudaResult>)
            exports.Required("cuMemcpyHtoD_v2");
        MemcpyDtoH = (delegate* unmanaged<void*, ulong, nuint, CudaResult>)
            exports.Required("cuMemcpyDtoH_v2");
        MemcpyDtoD = (delegate* unmanaged<ulong, ulong, nuint, CudaResult>)
            exports.Required("cuMemcpyDtoD_v2");
        MemcpyHtoDAsync = (delegate* unmanaged<ulong, void*, nuint, nint, CudaResult>)
            exports.Required("cuMemcpyHtoDAsync_v2");
        MemcpyDtoHAsync = (delegate* unmanaged<void*, ulong, nuint, nint, CudaResult>)
            exports.Required("cuMemcpyDtoHAsync_v2");
        MemcpyDtoDAsync = (delegate* unmanaged<ulong, ulong, nuint, nint, CudaResult>)
            exports.Required("cuMemcpyDtoDAsync_v2");
        MemsetD8 = (delegate* unmanaged<ulong, byte, nuint, CudaResult>)exports.Required("cuMemsetD8_v2");
        MemsetD8Async = (delegate* unmanaged<ulong, byte, nuint, nint, CudaResult>)
            exports.Required("cuMemsetD8Async");
        MemsetD32Async = (delegate* unmanaged<ulong, uint, nuint, nint, CudaResult>)
            exports.Required("cuMemsetD32Async");

        // Streams
        StreamCreate = (delegate* unmanaged<nint*, StreamFlags, CudaResult>)
            exports.Required("cuStreamCreate");
        StreamCreateWithPriority = (delegate* unmanaged<nint*, StreamFlags, int, CudaResult>)
            exports.Required("cuStreamCreateWithPriority");
        StreamDestroy = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuStreamDestroy_v2");
        StreamSynchronize = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuStreamSynchronize");
        StreamQuery = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuStreamQuery");
        StreamWaitEvent = (delegate* unmanaged<nint, nint, uint, CudaResult>)
            exports.Required("cuStreamWaitEvent");
        StreamGetCtx = (delegate* unmanaged<nint, nint*, CudaResult>)exports.Required("cuStreamGetCtx");
        StreamBeginCapture = (delegate* unmanaged<nint, StreamCaptureMode, CudaResult>)
            exports.Required("cuStreamBeginCapture_v2");
        StreamEndCapture = (delegate* unmanaged<nint, nint*, CudaResult>)
            exports.Required("cuStreamEndCapture");
        StreamIsCapturing = (delegate* unmanaged<nint, StreamCaptureStatus*, CudaResult>)
            exports.Required("cuStreamIsCapturing");
        LaunchHostFunc = (delegate* unmanaged<nint, delegate* unmanaged<void*, void>, void*, CudaResult>)
            exports.Required("cuLaunchHostFunc");

        // Graphs
        GraphInstantiateWithFlags = (delegate* unmanaged<nint*, nint, ulong, CudaResult>)
            exports.Optional("cuGraphInstantiateWithFlags");
        GraphLaunch = (delegate* unmanaged<nint, nint, CudaResult>)exports.Required("cuGraphLaunch");
        GraphExecDestroy = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuGraphExecDestroy");
        GraphDestroy = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuGraphDestroy");

        // Events
        EventCreate = (delegate* unmanaged<nint*, EventFlags, CudaResult>)exports.Required("cuEventCreate");
        EventDestroy = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuEventDestroy_v2");
        EventRecord = (delegate* unmanaged<nint, nint, CudaResult>)exports.Required("cuEventRecord");
        EventQuery = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuEventQuery");
        EventSynchronize = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuEventSynchronize");
        EventElapsedTime = (delegate* unmanaged<float*, nint, nint, CudaResult>)
            exports.Required("cuEventElapsedTime");

        // Modules and launches
        ModuleLoadDataEx = (delegate* unmanaged<nint*, void*, uint, JitOption*, void**, CudaResult>)
            exports.Required("cuModuleLoadDataEx");
        ModuleUnload = (delegate* unmanaged<nint, CudaResult>)exports.Required("cuModuleUnload");
        ModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, CudaResult>)
            exports.Required("cuModuleGetFunction");
        ModuleGetGlobal = (delegate* unmanaged<ulong*, nuint*, nint, byte*, CudaResult>)
            exports.Required("cuModuleGetGlobal_v2");
        FuncGetAttribute = (delegate* unmanaged<int*, FunctionAttribute, nint, CudaResult>)
            exports.Required("cuFuncGetAttribute");
        FuncSetAttribute = (delegate* unmanaged<nint, FunctionAttribute, int, CudaResult>)
            exports.Required("cuFuncSetAttribute");
        LaunchKernel = (delegate* unmanaged<
            nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult>)
            exports.Required("cuLaunchKernel");
        OccupancyMaxActiveBlocks = (delegate* unmanaged<int*, nint, int, nuint, CudaResult>)
            exports.Required("cuOccupancyMaxActiveBlocksPerMultiprocessor");
        TensorMapEncodeTiled = (delegate* unmanaged<
            void*, int, uint, void*, ulong*, ulong*, uint*, uint*, int, int, int, int, CudaResult>)
            exports.Optional("cuTensorMapEncodeTiled");
    }
}
