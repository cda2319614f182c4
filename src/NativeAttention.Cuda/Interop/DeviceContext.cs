using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// The retained primary context of one device, and the driver calls this library makes on it, each checked.
/// The only class that touches function pointers. Its callers hold the device open and have made the context
/// current.
/// </summary>
internal sealed unsafe partial class DeviceContext
{
    private readonly CudaDriver _driver;
    private readonly int _device;
    private readonly nint _context;

    private DeviceContext(CudaDriver driver, int ordinal, int device, nint context, string name)
    {
        _driver = driver;
        Ordinal = ordinal;
        _device = device;
        _context = context;
        Name = name;
        HasMemoryPools = driver.HasStreamOrderedAllocation
            && Attribute(DeviceAttribute.MemoryPoolsSupported) != 0;
    }

    /// <summary>The driver all calls go to.</summary>
    public CudaDriver Driver => _driver;

    /// <summary>Ordinal of the device.</summary>
    public int Ordinal { get; }

    /// <summary>Short name: <c>cuda:0</c> or <c>emulator</c>.</summary>
    public string Name { get; }

    /// <summary>Whether memory is allocated and freed in stream order.</summary>
    public bool HasMemoryPools { get; }

    /// <summary>Retains the primary context of a device and makes it current.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no device of this ordinal.</exception>
    public static DeviceContext Retain(CudaDriver driver, int ordinal)
    {
        string name = NameOf(driver, ordinal);
        int count;
        driver.Check(driver.DeviceGetCount(&count), "cuDeviceGetCount");
        if ((uint)ordinal >= (uint)count)
        {
            throw new ArgumentOutOfRangeException(nameof(ordinal), ordinal,
                $"There is no device {ordinal}: {driver.Library} has {count} device(s), counted from 0.");
        }

        int device;
        nint context;
        driver.Check(driver.DeviceGet(&device, ordinal), "cuDeviceGet", ordinal);
        driver.Check(driver.DevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain", ordinal);
        DeviceContext retained = new(driver, ordinal, device, context, name);
        retained.MakeCurrent();
        return retained;
    }

    /// <summary>Short name of a device.</summary>
    public static string NameOf(CudaDriver driver, int ordinal) => driver.IsEmulated
        ? ordinal == 0 ? "emulator" : $"emulator:{ordinal}"
        : $"cuda:{ordinal}";

    /// <summary>Makes the context current on the calling thread.</summary>
    public void MakeCurrent() => Check(_driver.CtxSetCurrent(_context), "cuCtxSetCurrent");

    /// <summary>Waits for all work of the context.</summary>
    public void Synchronize() => Check(_driver.CtxSynchronize(), "cuCtxSynchronize");

    /// <summary>Gives the primary context back.</summary>
    public void Release() => Check(_driver.DevicePrimaryCtxRelease(_device), "cuDevicePrimaryCtxRelease_v2");

    /// <summary>One number about the device.</summary>
    public int Attribute(DeviceAttribute attribute)
    {
        int value;
        Check(_driver.DeviceGetAttribute(&value, attribute, _device), "cuDeviceGetAttribute");
        return value;
    }

    /// <summary>The product name of the device.</summary>
    public string ProductName()
    {
        const int Longest = 256;
        byte* text = stackalloc byte[Longest];
        Check(_driver.DeviceGetName(text, Longest, _device), "cuDeviceGetName");
        return new string((sbyte*)text);
    }

    /// <summary>Bytes of device memory.</summary>
    public long TotalMemory()
    {
        nuint bytes;
        Check(_driver.DeviceTotalMem(&bytes, _device), "cuDeviceTotalMem_v2");
        return (long)bytes;
    }

    private void Check(CudaResult result, string call) => _driver.Check(result, call, Ordinal);
}
