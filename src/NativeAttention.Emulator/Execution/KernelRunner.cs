namespace NativeAttention.Emulation;

/// <summary>Runs launches to their end.</summary>
internal static class KernelRunner
{
    /// <summary>
    /// Runs every block of <paramref name="request"/>; returns null, or the finding that ended the launch.
    /// Counts are added to <paramref name="counters"/> when given.
    /// </summary>
    public static EmulatorFault? Run(
        DeviceMemory memory, LaunchRequest request, EmulatorOptions options, LaunchCounters? counters)
    {
        throw new NotImplementedException();
    }
}
