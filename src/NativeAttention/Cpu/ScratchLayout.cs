namespace NativeAttention.Cpu;

/// <summary>Cuts the scratch memory of a thread into panels, each of which begins a cache line.</summary>
internal abstract class ScratchLayout
{
    private const int LineFloats = 16;

    /// <summary>Floats in all.</summary>
    public int Total { get; private set; }

    /// <summary>Lays out the next panel.</summary>
    /// <param name="floats">Its length.</param>
    /// <returns>Where it begins, in floats.</returns>
    protected int Take(long floats)
    {
        int start = Total;
        Total = checked((int)(Total + ((floats + LineFloats - 1) / LineFloats * LineFloats)));
        return start;
    }
}
