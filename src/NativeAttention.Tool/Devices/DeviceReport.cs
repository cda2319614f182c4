namespace NativeAttention.Tool.Devices;

/// <summary>What is known of one device.</summary>
/// <param name="Name">How <c>--device</c> names it.</param>
/// <param name="Description">What it is, for people; null when it is not available.</param>
/// <param name="Reason">Why it is not available; null when it is.</param>
internal sealed record DeviceReport(DeviceName Name, string? Description, string? Reason)
{
    /// <summary>Whether it can be opened.</summary>
    public bool Available => Reason is null;
}
