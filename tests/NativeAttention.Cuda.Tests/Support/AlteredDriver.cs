using System.Reflection;
using System.Runtime.InteropServices;
using NativeAttention.Bindings;
using NativeAttention.Emulation;

namespace NativeAttention.Cuda.Tests;

/// <summary>The emulated driver with some of its exports missing or replaced: other drivers, and
/// failures.</summary>
internal static unsafe class AlteredDriver
{
    private static readonly Dictionary<string, nint> Exports = typeof(CudaDriver)
        .GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
        .Where(field => field.FieldType.IsFunctionPointer)
        .ToDictionary(field => "cu" + field.Name, field => (nint)field.GetValue(EmulatedDriver.Driver)!);

    /// <summary>A driver without some exports.</summary>
    public static CudaDriver Without(params string[] missing) =>
        Make(name => missing.Contains(name) ? 0 : Find(name));

    /// <summary>A driver in which one export is another function.</summary>
    public static CudaDriver With(string export, nint function) =>
        Make(name => name == export ? function : Find(name));

    /// <summary>cuDeviceGetAttribute of a device of compute capability 7.5.</summary>
    public static nint TuringAttributes =>
        (nint)(delegate* unmanaged<int*, DeviceAttribute, int, CudaResult>)&GetTuringAttribute;

    /// <summary>cuDeviceGetCount of a driver without devices.</summary>
    public static nint NoDevices => (nint)(delegate* unmanaged<int*, CudaResult>)&CountNone;

    /// <summary>cuStreamDestroy_v2 that destroys and then reports a failure.</summary>
    public static nint FailingStreamDestroy => (nint)(delegate* unmanaged<nint, CudaResult>)&DestroyAndFail;

    /// <summary>cuStreamQuery of a context that has failed.</summary>
    public static nint FailedStreamQuery => (nint)(delegate* unmanaged<nint, CudaResult>)&QueryFailed;

    /// <summary>cuLaunchHostFunc that never calls back, as after a failure.</summary>
    public static nint SilentHostFunction =>
        (nint)(delegate* unmanaged<nint, delegate* unmanaged<void*, void>, void*, CudaResult>)&NeverCall;

    /// <summary>cuLaunchKernel that does nothing.</summary>
    public static nint NoLaunch => (nint)(delegate* unmanaged<
        nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult>)&LaunchNothing;

    /// <summary>cuLaunchKernel that launches one block, however many are asked for.</summary>
    public static nint OneBlock => (nint)(delegate* unmanaged<
        nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult>)&LaunchOneBlock;

    /// <summary>cuLaunchKernel that launches more blocks than are asked for.</summary>
    public static nint MoreBlocks => (nint)(delegate* unmanaged<
        nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult>)&LaunchMoreBlocks;

    /// <summary>Replaces several exports.</summary>
    public static CudaDriver With(params (string Export, nint Function)[] replaced) => Make(name =>
        Array.Find(replaced, pair => pair.Export == name) is (not null, nint function) ? function
        : Find(name));

    private static CudaDriver Make(Func<string, nint> find) =>
        CudaDriver.FromExports(find, new DriverOrigin("altered emulator", IsEmulated: true,
        LastFinding: null));

    // Fields are named like the exports, without version suffixes and sometimes shorter.
    private static nint Find(string export) => Exports.TryGetValue(export.Split('_')[0], out nint address)
        ? address
        : Exports.Single(pair => export.StartsWith(pair.Key, StringComparison.Ordinal)
            && !Exports.Keys.Any(other => other.Length > pair.Key.Length
                && export.StartsWith(other, StringComparison.Ordinal))).Value;

    [UnmanagedCallersOnly]
    private static CudaResult GetTuringAttribute(int* value, DeviceAttribute attribute, int device)
    {
        CudaResult result = EmulatedDriver.Driver.DeviceGetAttribute(value, attribute, device);
        *value = attribute switch
        {
            DeviceAttribute.ComputeCapabilityMajor => 7,
            DeviceAttribute.ComputeCapabilityMinor => 5,
            _ => *value,
        };
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult CountNone(int* count)
    {
        *count = 0;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult DestroyAndFail(nint stream)
    {
        EmulatedDriver.Driver.StreamDestroy(stream);
        return CudaResult.LaunchFailed;
    }

    [UnmanagedCallersOnly]
    private static CudaResult QueryFailed(nint stream) => CudaResult.LaunchFailed;

    [UnmanagedCallersOnly]
    private static CudaResult LaunchNothing(nint function, uint gridX, uint gridY, uint gridZ, uint blockX,
        uint blockY, uint blockZ, uint sharedBytes, nint stream, void** parameters, void** extra)
    {
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult LaunchOneBlock(nint function, uint gridX, uint gridY, uint gridZ, uint blockX,
        uint blockY, uint blockZ, uint sharedBytes, nint stream, void** parameters, void** extra) =>
        EmulatedDriver.Driver.LaunchKernel(function, 1, gridY, gridZ, blockX, blockY, blockZ, sharedBytes,
            stream, parameters, extra);

    [UnmanagedCallersOnly]
    private static CudaResult LaunchMoreBlocks(nint function, uint gridX, uint gridY, uint gridZ, uint blockX,
        uint blockY, uint blockZ, uint sharedBytes, nint stream, void** parameters, void** extra) =>
        EmulatedDriver.Driver.LaunchKernel(function, (2 * gridX) + 3, gridY, gridZ, blockX, blockY, blockZ,
            sharedBytes, stream, parameters, extra);

    [UnmanagedCallersOnly]
    private static CudaResult NeverCall(nint stream, delegate* unmanaged<void*, void> function,
        void* argument) =>
        CudaResult.Success;
}
