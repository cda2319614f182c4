using System.Diagnostics.CodeAnalysis;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>
/// A CUDA driver that runs PTX on the CPU and checks it. It fills the same table as the installed driver;
/// what it finds wrong travels in the <see cref="CudaException"/> of the call that fails.
/// </summary>
/// <remarks>
/// Device 0 is always there, with <see cref="EmulatorOptions.Default"/>. Options belong to a device, so a
/// test that needs others adds a device of its own. All members are safe to use from any thread.
/// </remarks>
public static class EmulatedDriver
{
    private static readonly Lazy<CudaDriver> LazyDriver = new(DriverEntries.CreateTable);
    private static readonly Lock Gate = new();
    private static volatile EmulatedDevice[] _devices = [new EmulatedDevice(0, EmulatorOptions.Default)];

    /// <summary>
    /// The table of functions, as <see cref="CudaDriver.Load"/> gives it for an installed driver.
    /// </summary>
    public static CudaDriver Driver => LazyDriver.Value;

    /// <summary>Number of emulated devices.</summary>
    public static int DeviceCount => _devices.Length;

    /// <summary>Adds a device; devices are never removed.</summary>
    /// <param name="options">How it behaves.</param>
    /// <returns>Its ordinal.</returns>
    /// <exception cref="ArgumentException">
    /// The target is not one that can be emulated, or a count or size is not positive.
    /// </exception>
    public static int AddDevice(EmulatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        lock (Gate)
        {
            EmulatedDevice added = new(_devices.Length, options);
            _devices = [.. _devices, added];
            return added.Ordinal;
        }
    }

    /// <summary>The options of a device.</summary>
    /// <param name="ordinal">Its ordinal.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static EmulatorOptions GetOptions(int ordinal)
    {
        return Device(ordinal).Options;
    }

    /// <summary>
    /// Tells the last thing found wrong by running work on a device, also after its context is gone.
    /// </summary>
    /// <param name="ordinal">Ordinal of the device.</param>
    /// <param name="fault">The finding; null when there was none.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static bool TryGetLastFault(int ordinal, [NotNullWhen(true)] out EmulatorFault? fault)
    {
        fault = Device(ordinal).LastFault;
        return fault is not null;
    }

    /// <summary>
    /// Counts what was created on a device and not destroyed; for tests that look for leaks.
    /// </summary>
    /// <param name="ordinal">Ordinal of the device.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static EmulatedObjectCounts GetLiveObjects(int ordinal)
    {
        return Device(ordinal).CountLiveObjects();
    }

    /// <summary>
    /// Counts what was still there whenever the context of a device was destroyed, since the device was
    /// added.
    /// </summary>
    /// <param name="ordinal">Ordinal of the device.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static EmulatedObjectCounts GetAbandonedObjects(int ordinal)
    {
        return Device(ordinal).AbandonedObjects;
    }

    /// <summary>
    /// What the kernels of a device did since it was added, one profile per kernel; empty unless its options
    /// set <see cref="EmulatorOptions.Profile"/>. The profiles grow with every launch; read them while none
    /// runs.
    /// </summary>
    /// <param name="ordinal">Ordinal of the device.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static IReadOnlyList<KernelProfile> GetProfiles(int ordinal)
    {
        return Device(ordinal).Profiles;
    }

    /// <summary>The device of an ordinal, for entry points; fails as the driver does.</summary>
    internal static EmulatedDevice DeviceOrFail(int ordinal)
    {
        EmulatedDevice[] devices = _devices;
        return (uint)ordinal < (uint)devices.Length
            ? devices[ordinal]
            : throw new DriverFailure(
                CudaResult.InvalidDevice,
                FormattableString.Invariant($"there is no device {ordinal}: {devices.Length} are emulated"));
    }

    private static EmulatedDevice Device(int ordinal)
    {
        EmulatedDevice[] devices = _devices;
        ArgumentOutOfRangeException.ThrowIfNegative(ordinal);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(ordinal, devices.Length);
        return devices[ordinal];
    }
}
