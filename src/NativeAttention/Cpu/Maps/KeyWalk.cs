using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>The keys that one query sees, one after another.</summary>
internal ref struct KeyWalk
{
    private readonly QueryBox box;
    private readonly AxisTiles zs;
    private readonly AxisTiles ys;
    private readonly AxisTiles xs;
    private int z;
    private int y;
    private int x;

    /// <summary>Stands before the first key.</summary>
    /// <param name="box">A box of one query.</param>
    public KeyWalk(in QueryBox box)
    {
        this.box = box;
        (zs, ys, xs) = (box.Keys(0), box.Keys(1), box.Keys(2));
        (z, y, x) = (zs.KeyBegin, ys.KeyBegin, xs.KeyBegin - 1);
    }

    /// <summary>Key less query along the first axis.</summary>
    public readonly int DeltaZ => z - box.First.Z;

    /// <summary>Key less query along the second axis.</summary>
    public readonly int DeltaY => y - box.First.Y;

    /// <summary>Key less query along the last axis.</summary>
    public readonly int DeltaX => x - box.First.X;

    /// <summary>The number of the key's token.</summary>
    public readonly long Token => box.Section.KeyTokens.At(BoxRuns.Within(z, box.Section.Keys.Z),
        BoxRuns.Within(y, box.Section.Keys.Y), BoxRuns.Within(x, box.Section.Keys.X));

    /// <summary>Goes to the next key.</summary>
    /// <returns>Whether there is one.</returns>
    public bool MoveNext()
    {
        do
        {
            if (++x >= xs.KeyEnd)
            {
                x = xs.KeyBegin;
                if (++y >= ys.KeyEnd)
                {
                    y = ys.KeyBegin;
                    z++;
                }
            }

            if (z >= zs.KeyEnd || ys.KeyEnd <= ys.KeyBegin || xs.KeyEnd <= xs.KeyBegin)
            {
                return false;
            }
        }
        while (box.Map.MostDistance is int most
            && Square(DeltaZ) + Square(DeltaY) + Square(DeltaX) > most);
        return true;
    }

    private static long Square(int x) => (long)x * x;
}
