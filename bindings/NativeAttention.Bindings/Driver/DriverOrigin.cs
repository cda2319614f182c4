namespace NativeAttention.Bindings;

/// <summary>Where a table comes from.</summary>
/// <param name="Library">Path or name of the library; for people.</param>
/// <param name="IsEmulated">Whether PTX runs on the CPU.</param>
/// <param name="LastFinding">For a device ordinal: what the emulator last found wrong on it.</param>
internal sealed record DriverOrigin(string Library, bool IsEmulated, Func<int, string?>? LastFinding);
