namespace NativeAttention.Tool.App;

/// <summary>The environment variables the program knows. Nothing else in it reads the environment.</summary>
/// <param name="Device">Value of <c>NATTN_DEVICE</c>, the default of <c>--device</c>; null when not
/// set.</param>
internal sealed record ToolEnvironment(string? Device)
{
    /// <summary>Name of the variable with the default device.</summary>
    public const string DeviceVariable = "NATTN_DEVICE";

    /// <summary>The environment of this process; an empty variable counts as not set.</summary>
    public static ToolEnvironment Current
    {
        get
        {
            string? device = Environment.GetEnvironmentVariable(DeviceVariable);
            return new ToolEnvironment(string.IsNullOrEmpty(device) ? null : device);
        }
    }
}
