using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Driver and devices.
internal static unsafe partial class DriverEntries
{
    /// <summary>The version that the table claims: CUDA 12.8.</summary>
    private const int Version = 12080;

    // Names and texts live as long as the process, as the driver's do.
    private static readonly ConcurrentDictionary<(CudaResult Result, bool IsName), nint> Texts = new();

    [UnmanagedCallersOnly]
    private static CudaResult Init(uint flags)
    {
        try
        {
            Begin();
            DriverFailure.Require(flags == 0, "the flags of cuInit must be 0");
            _isInitialised = true;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DriverGetVersion(int* version)
    {
        try
        {
            Begin();
            RequireTarget(version, "version");
            *version = Version;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult GetErrorName(CudaResult result, byte** name)
    {
        try
        {
            Begin();
            RequireTarget(name, "name");
            *name = (byte*)TextOf(result, isName: true);
            return *name == null ? CudaResult.InvalidValue : CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult GetErrorString(CudaResult result, byte** text)
    {
        try
        {
            Begin();
            RequireTarget(text, "text");
            *text = (byte*)TextOf(result, isName: false);
            return *text == null ? CudaResult.InvalidValue : CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGetCount(int* count)
    {
        try
        {
            Begin();
            RequireInitialised();
            RequireTarget(count, "count");
            *count = EmulatedDriver.DeviceCount;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGet(int* device, int ordinal)
    {
        try
        {
            Begin();
            RequireTarget(device, "device");
            *device = Device(ordinal).Ordinal;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGetName(byte* name, int length, int device)
    {
        try
        {
            Begin();
            RequireTarget(name, "name");
            DriverFailure.Require(length > 0, "the buffer for the name has no room");
            Span<byte> target = new(name, length);
            ReadOnlySpan<byte> source = Encoding.UTF8.GetBytes(Device(device).Name);
            source = source[..Math.Min(source.Length, length - 1)];
            source.CopyTo(target);
            target[source.Length] = 0;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGetAttribute(int* value, DeviceAttribute attribute, int device)
    {
        try
        {
            Begin();
            RequireTarget(value, "value");
            EmulatedDevice asked = Device(device);
            *value = asked.Properties.Attribute(attribute, asked.Options)
                ?? throw new DriverFailure(
                    CudaResult.InvalidValue, $"device attribute {(int)attribute} is not emulated");
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceTotalMem(nuint* bytes, int device)
    {
        try
        {
            Begin();
            RequireTarget(bytes, "size");
            *bytes = (nuint)Device(device).Options.MemoryBytes;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGetUuid(byte* uuid, int device)
    {
        try
        {
            Begin();
            RequireTarget(uuid, "UUID");
            Span<byte> target = new(uuid, 16);
            "NATTNEMULATE"u8.CopyTo(target);
            int ordinal = Device(device).Ordinal;
            MemoryMarshal.Write(target[12..], in ordinal);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGetDefaultMemPool(nint* pool, int device)
    {
        try
        {
            Begin();
            RequireTarget(pool, "pool");
            *pool = Device(device).MemoryPool;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    private static nint TextOf(CudaResult result, bool isName)
    {
        string? name = CudaResultNames.NameOf(result);
        return name is null
            ? 0
            : Texts.GetOrAdd(
                (result, isName), _ => Marshal.StringToCoTaskMemUTF8(isName ? name : Spoken(name)));
    }

    /// <summary>The constant as words: CUDA_ERROR_INVALID_VALUE is "invalid value".</summary>
    private static string Spoken(string name)
    {
        return name
            .Replace("CUDA_ERROR_", "", StringComparison.Ordinal)
            .Replace("CUDA_", "", StringComparison.Ordinal)
            .Replace('_', ' ')
            .ToLowerInvariant();
    }
}
