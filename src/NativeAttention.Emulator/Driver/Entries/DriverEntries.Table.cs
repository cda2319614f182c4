using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Addresses by export. The compiler holds every signature against the one cast to here; a test holds those
// against the table.
internal static unsafe partial class DriverEntries
{
    /// <summary>Address of the function behind an export; 0 for what is not emulated.</summary>
    private static nint Find(string export)
    {
        return export switch
        {
            // Device
            "cuInit" => (nint)(delegate* unmanaged<uint, CudaResult>)&Init,
            "cuDriverGetVersion" => (nint)(delegate* unmanaged<int*, CudaResult>)&DriverGetVersion,
            "cuGetErrorName" => (nint)(delegate* unmanaged<CudaResult, byte**, CudaResult>)&GetErrorName,
            "cuGetErrorString" => (nint)(delegate* unmanaged<CudaResult, byte**, CudaResult>)&GetErrorString,
            "cuDeviceGetCount" => (nint)(delegate* unmanaged<int*, CudaResult>)&DeviceGetCount,
            "cuDeviceGet" => (nint)(delegate* unmanaged<int*, int, CudaResult>)&DeviceGet,
            "cuDeviceGetName" => (nint)(delegate* unmanaged<byte*, int, int, CudaResult>)&DeviceGetName,
            "cuDeviceGetAttribute" =>
                (nint)(delegate* unmanaged<int*, DeviceAttribute, int, CudaResult>)
                &DeviceGetAttribute,
            "cuDeviceTotalMem_v2" => (nint)(delegate* unmanaged<nuint*, int, CudaResult>)&DeviceTotalMem,
            "cuDeviceGetUuid_v2" => (nint)(delegate* unmanaged<byte*, int, CudaResult>)&DeviceGetUuid,
            "cuDeviceGetDefaultMemPool" =>
                (nint)(delegate* unmanaged<nint*, int, CudaResult>)
                &DeviceGetDefaultMemPool,
            // Context
            "cuDevicePrimaryCtxRetain" =>
                (nint)(delegate* unmanaged<nint*, int, CudaResult>)
                &DevicePrimaryCtxRetain,
            "cuDevicePrimaryCtxRelease_v2" =>
                (nint)(delegate* unmanaged<int, CudaResult>)
                &DevicePrimaryCtxRelease,
            "cuDevicePrimaryCtxReset_v2" =>
                (nint)(delegate* unmanaged<int, CudaResult>)
                &DevicePrimaryCtxReset,
            "cuDevicePrimaryCtxGetState" =>
                (nint)(delegate* unmanaged<int, uint*, int*, CudaResult>)
                &DevicePrimaryCtxGetState,
            "cuCtxSetCurrent" => (nint)(delegate* unmanaged<nint, CudaResult>)&CtxSetCurrent,
            "cuCtxGetCurrent" => (nint)(delegate* unmanaged<nint*, CudaResult>)&CtxGetCurrent,
            "cuCtxPushCurrent_v2" => (nint)(delegate* unmanaged<nint, CudaResult>)&CtxPushCurrent,
            "cuCtxPopCurrent_v2" => (nint)(delegate* unmanaged<nint*, CudaResult>)&CtxPopCurrent,
            "cuCtxGetDevice" => (nint)(delegate* unmanaged<int*, CudaResult>)&CtxGetDevice,
            "cuCtxSynchronize" => (nint)(delegate* unmanaged<CudaResult>)&CtxSynchronize,
            "cuCtxGetStreamPriorityRange" =>
                (nint)(delegate* unmanaged<int*, int*, CudaResult>)
                &CtxGetStreamPriorityRange,
            // Memory
            "cuMemAlloc_v2" => (nint)(delegate* unmanaged<ulong*, nuint, CudaResult>)&MemAlloc,
            "cuMemFree_v2" => (nint)(delegate* unmanaged<ulong, CudaResult>)&MemFree,
            "cuMemAllocAsync" => (nint)(delegate* unmanaged<ulong*, nuint, nint, CudaResult>)&MemAllocAsync,
            "cuMemFreeAsync" => (nint)(delegate* unmanaged<ulong, nint, CudaResult>)&MemFreeAsync,
            "cuMemPoolSetAttribute" =>
                (nint)(delegate* unmanaged<nint, MemoryPoolAttribute, void*, CudaResult>)
                &MemPoolSetAttribute,
            "cuMemPoolTrimTo" => (nint)(delegate* unmanaged<nint, nuint, CudaResult>)&MemPoolTrimTo,
            "cuMemGetInfo_v2" => (nint)(delegate* unmanaged<nuint*, nuint*, CudaResult>)&MemGetInfo,
            "cuMemGetAddressRange_v2" =>
                (nint)(delegate* unmanaged<ulong*, nuint*, ulong, CudaResult>)
                &MemGetAddressRange,
            "cuPointerGetAttribute" =>
                (nint)(delegate* unmanaged<void*, PointerAttribute, ulong, CudaResult>)
                &PointerGetAttribute,
            "cuMemAllocHost_v2" => (nint)(delegate* unmanaged<void**, nuint, CudaResult>)&MemAllocHost,
            "cuMemHostAlloc" => (nint)(delegate* unmanaged<void**, nuint, uint, CudaResult>)&MemHostAlloc,
            "cuMemFreeHost" => (nint)(delegate* unmanaged<void*, CudaResult>)&MemFreeHost,
            "cuMemHostRegister_v2" =>
                (nint)(delegate* unmanaged<void*, nuint, uint, CudaResult>)
                &MemHostRegister,
            "cuMemHostUnregister" => (nint)(delegate* unmanaged<void*, CudaResult>)&MemHostUnregister,
            // Copies and fills
            "cuMemcpyHtoD_v2" => (nint)(delegate* unmanaged<ulong, void*, nuint, CudaResult>)&MemcpyHtoD,
            "cuMemcpyDtoH_v2" => (nint)(delegate* unmanaged<void*, ulong, nuint, CudaResult>)&MemcpyDtoH,
            "cuMemcpyDtoD_v2" => (nint)(delegate* unmanaged<ulong, ulong, nuint, CudaResult>)&MemcpyDtoD,
            "cuMemcpyHtoDAsync_v2" =>
                (nint)(delegate* unmanaged<ulong, void*, nuint, nint, CudaResult>)
                &MemcpyHtoDAsync,
            "cuMemcpyDtoHAsync_v2" =>
                (nint)(delegate* unmanaged<void*, ulong, nuint, nint, CudaResult>)
                &MemcpyDtoHAsync,
            "cuMemcpyDtoDAsync_v2" =>
                (nint)(delegate* unmanaged<ulong, ulong, nuint, nint, CudaResult>)
                &MemcpyDtoDAsync,
            "cuMemsetD8_v2" => (nint)(delegate* unmanaged<ulong, byte, nuint, CudaResult>)&MemsetD8,
            "cuMemsetD8Async" =>
                (nint)(delegate* unmanaged<ulong, byte, nuint, nint, CudaResult>)
                &MemsetD8Async,
            "cuMemsetD32Async" =>
                (nint)(delegate* unmanaged<ulong, uint, nuint, nint, CudaResult>)
                &MemsetD32Async,
            // Streams
            "cuStreamCreate" => (nint)(delegate* unmanaged<nint*, StreamFlags, CudaResult>)&StreamCreate,
            "cuStreamCreateWithPriority" =>
                (nint)(delegate* unmanaged<nint*, StreamFlags, int, CudaResult>)
                &StreamCreateWithPriority,
            "cuStreamDestroy_v2" => (nint)(delegate* unmanaged<nint, CudaResult>)&StreamDestroy,
            "cuStreamSynchronize" => (nint)(delegate* unmanaged<nint, CudaResult>)&StreamSynchronize,
            "cuStreamQuery" => (nint)(delegate* unmanaged<nint, CudaResult>)&StreamQuery,
            "cuStreamWaitEvent" => (nint)(delegate* unmanaged<nint, nint, uint, CudaResult>)&StreamWaitEvent,
            "cuStreamGetCtx" => (nint)(delegate* unmanaged<nint, nint*, CudaResult>)&StreamGetCtx,
            "cuStreamBeginCapture_v2" =>
                (nint)(delegate* unmanaged<nint, StreamCaptureMode, CudaResult>)
                &StreamBeginCapture,
            "cuStreamEndCapture" => (nint)(delegate* unmanaged<nint, nint*, CudaResult>)&StreamEndCapture,
            "cuStreamIsCapturing" =>
                (nint)(delegate* unmanaged<nint, StreamCaptureStatus*, CudaResult>)
                &StreamIsCapturing,
            "cuLaunchHostFunc" =>
                (nint)(delegate* unmanaged<nint, delegate* unmanaged<void*, void>, void*, CudaResult>)
                &LaunchHostFunc,
            // Graphs
            "cuGraphInstantiateWithFlags" =>
                (nint)(delegate* unmanaged<nint*, nint, ulong, CudaResult>)
                &GraphInstantiateWithFlags,
            "cuGraphLaunch" => (nint)(delegate* unmanaged<nint, nint, CudaResult>)&GraphLaunch,
            "cuGraphExecDestroy" => (nint)(delegate* unmanaged<nint, CudaResult>)&GraphExecDestroy,
            "cuGraphDestroy" => (nint)(delegate* unmanaged<nint, CudaResult>)&GraphDestroy,
            // Events
            "cuEventCreate" => (nint)(delegate* unmanaged<nint*, EventFlags, CudaResult>)&EventCreate,
            "cuEventDestroy_v2" => (nint)(delegate* unmanaged<nint, CudaResult>)&EventDestroy,
            "cuEventRecord" => (nint)(delegate* unmanaged<nint, nint, CudaResult>)&EventRecord,
            "cuEventQuery" => (nint)(delegate* unmanaged<nint, CudaResult>)&EventQuery,
            "cuEventSynchronize" => (nint)(delegate* unmanaged<nint, CudaResult>)&EventSynchronize,
            "cuEventElapsedTime" =>
                (nint)(delegate* unmanaged<float*, nint, nint, CudaResult>)
                &EventElapsedTime,
            // Modules and launches
            "cuModuleLoadDataEx" =>
                (nint)(delegate* unmanaged<nint*, void*, uint, JitOption*, void**, CudaResult>)
                &ModuleLoadDataEx,
            "cuModuleUnload" => (nint)(delegate* unmanaged<nint, CudaResult>)&ModuleUnload,
            "cuModuleGetFunction" =>
                (nint)(delegate* unmanaged<nint*, nint, byte*, CudaResult>)
                &ModuleGetFunction,
            "cuModuleGetGlobal_v2" =>
                (nint)(delegate* unmanaged<ulong*, nuint*, nint, byte*, CudaResult>)
                &ModuleGetGlobal,
            "cuFuncGetAttribute" =>
                (nint)(delegate* unmanaged<int*, FunctionAttribute, nint, CudaResult>)
                &FuncGetAttribute,
            "cuFuncSetAttribute" =>
                (nint)(delegate* unmanaged<nint, FunctionAttribute, int, CudaResult>)
                &FuncSetAttribute,
            "cuLaunchKernel" =>
                (nint)(delegate* unmanaged<
                    nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult>)
                &LaunchKernel,
            "cuOccupancyMaxActiveBlocksPerMultiprocessor" =>
                (nint)(delegate* unmanaged<int*, nint, int, nuint, CudaResult>)
                &OccupancyMaxActiveBlocks,
            "cuTensorMapEncodeTiled" =>
                (nint)(delegate* unmanaged<
                    void*, int, uint, void*, ulong*, ulong*, uint*, uint*, int, int, int, int, CudaResult>)
                &TensorMapEncodeTiled,
            _ => 0,
        };
    }
}
