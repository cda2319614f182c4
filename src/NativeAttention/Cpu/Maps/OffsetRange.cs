using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>Offsets, key - query, of the keys that any of some neighbouring queries sees, and that all see.</summary>
/// <param name="Begin">First offset of any.</param>
/// <param name="End">One past the last.</param>
/// <param name="FullBegin">First offset of all.</param>
/// <param name="FullEnd">One past the last; not beyond the begin when there is none.</param>
internal readonly record struct OffsetRange(int Begin, int End, int FullBegin, int FullEnd)
{
    /// <summary>Number of offsets of any.</summary>
    public int Count => Math.Max(0, End - Begin);

    /// <summary>The offsets of some queries of an axis.</summary>
    public static OffsetRange Of(AxisIntervals axis, int first, int count)
    {
        OffsetRange range = new(int.MaxValue, int.MinValue, int.MinValue, int.MaxValue);
        for (int i = first; i < first + count; i++)
        {
            int begin = axis.KeyBegin[i] - i, end = axis.KeyEnd[i] - i;
            range = new OffsetRange(Math.Min(range.Begin, begin), Math.Max(range.End, end),
                Math.Max(range.FullBegin, begin), Math.Min(range.FullEnd, end));
        }

        return range;
    }
}
