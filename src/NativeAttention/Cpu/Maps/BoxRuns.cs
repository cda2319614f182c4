using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// A box of a section's tokens as runs along the last axis, in row-major order: the tokens of a run lie at one
/// distance from each other. A box may reach beyond the section where axes are rings; it goes on at the other
/// side, and a run ends there.
/// </summary>
/// <param name="steps">Where the section's tokens lie.</param>
/// <param name="lengths">Extents of the section.</param>
/// <param name="first">First coordinates of the box.</param>
/// <param name="count">Extents of the box.</param>
internal struct BoxRuns(TokenSteps steps, Extents lengths, Extents first, Extents count)
{
    private int z;
    private int y;
    private int x;

    /// <summary>The first token of the run.</summary>
    public long Token { get; private set; }

    /// <summary>Distance between its tokens.</summary>
    public readonly long Step => steps.X;

    /// <summary>Number of its tokens.</summary>
    public int Length { get; private set; }

    /// <summary>How many tokens of the box come before the run.</summary>
    public int Row { get; private set; }

    /// <summary>Goes to the next run.</summary>
    /// <returns>Whether there is one.</returns>
    public bool MoveNext()
    {
        if (count.Volume == 0 || z == count.Z)
        {
            return false;
        }

        int at = Within(first.X + x, lengths.X);
        Token = steps.At(Within(first.Z + z, lengths.Z), Within(first.Y + y, lengths.Y), at);
        Row = (((z * count.Y) + y) * count.X) + x;
        Length = Math.Min(count.X - x, lengths.X - at);
        x += Length;
        if (x == count.X)
        {
            x = 0;
            y++;
            if (y == count.Y)
            {
                y = 0;
                z++;
            }
        }

        return true;
    }

    /// <summary>The index on a ring that an unrolled one stands for; unchanged within the length.</summary>
    public static int Within(int index, int length)
    {
        int rest = (uint)index < (uint)length ? index : index % length;
        return rest < 0 ? rest + length : rest;
    }
}
