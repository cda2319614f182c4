using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// Where the scores of a row of keys lie: in a slot of all offsets. Rows of keys share a slot when they are a whole
/// number of windows apart, since no query sees both.
/// </summary>
/// <param name="Planes">Slots along the first axis.</param>
/// <param name="Rows">Slots along the second axis.</param>
/// <param name="Offsets">Offsets of a slot.</param>
internal readonly record struct KeySlots(int Planes, int Rows, int Offsets)
{
    /// <summary>Keys of all slots.</summary>
    public int Keys => Planes * Rows * Offsets;

    /// <summary>The first key of a row's slot.</summary>
    /// <param name="z">Plane, counted from the first that the box sees.</param>
    /// <param name="y">Row, counted likewise.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Of(int z, int y) => (int)((((uint)z % (uint)Planes) * (uint)Rows) + ((uint)y % (uint)Rows)) * Offsets;
}
