namespace NativeAttention.Bindings;

/// <summary>Where a table comes from.</summary>
/// <param name="Library">Path or name of the library; for people.</param>
/// <param name="IsEmulated">Whether PTX runs on the CPU.</param>
/// <param name="LastFinding">What the emulator knows about the last failure on this thread.</param>
internal sealed record DriverOrigin(string Library, bool IsEmulated, Func<int, string?>? LastFinding);
