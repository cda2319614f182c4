using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>Where the entries of a relative bias lie: [2 wz - 1, 2 wy - 1, 2 wx - 1] by distance.</summary>
/// <param name="windows">Window of each axis.</param>
internal readonly struct RelativeBias(Extents windows)
{
    /// <summary>The entry of a distance, key - query along each axis.</summary>
    public long Index(int z, int y, int x) => (((((long)z + windows.Z - 1) * ((2 * windows.Y) - 1)) + y
        + windows.Y - 1) * ((2 * windows.X) - 1)) + x + windows.X - 1;
}
