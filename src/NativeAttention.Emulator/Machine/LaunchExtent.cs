using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>Size of a grid in blocks or of a block in threads. A plain number is the size along x.</summary>
/// <param name="X">Along x.</param>
/// <param name="Y">Along y.</param>
/// <param name="Z">Along z.</param>
public readonly record struct LaunchExtent(uint X, uint Y = 1, uint Z = 1)
{
    /// <summary>A size along x.</summary>
    /// <param name="x">The size.</param>
    /// <exception cref="OverflowException">It is negative.</exception>
    public static implicit operator LaunchExtent(int x) => new(checked((uint)x));

    /// <summary>A size along x and y.</summary>
    /// <param name="size">The size.</param>
    /// <exception cref="OverflowException">A part is negative.</exception>
    public static implicit operator LaunchExtent((int X, int Y) size) =>
        new(checked((uint)size.X), checked((uint)size.Y));

    /// <summary>A size along x, y and z.</summary>
    /// <param name="size">The size.</param>
    /// <exception cref="OverflowException">A part is negative.</exception>
    public static implicit operator LaunchExtent((int X, int Y, int Z) size) =>
        new(checked((uint)size.X), checked((uint)size.Y), checked((uint)size.Z));

    /// <summary>The sizes with commas between them, as the tool takes them.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{X},{Y},{Z}");

    internal (uint X, uint Y, uint Z) ToTuple() => (X, Y, Z);
}
