using NativeAttention.Cpu.Maps;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Backward;

/// <summary>
/// The gradient of a relative bias sums over all queries of a head: they are cut into parts, each with sums of its
/// own, which are added up in the end.
/// </summary>
/// <remarks>The number of parts follows from the problem alone, so that sums do not depend on threads.</remarks>
internal sealed unsafe class BiasParts
{
    private const int MostPartsOfHead = 16;

    /// <summary>Most floats of all sums, unless one part of each head has more: 16 MiB.</summary>
    private const long MostFloats = 1 << 22;

    private readonly MapProblem problem;
    private readonly int ofHead;

    /// <summary>Cuts the queries.</summary>
    public BiasParts(MapProblem problem)
    {
        this.problem = problem;
        ofHead = problem.HasBias
            ? (int)Math.Clamp(MostFloats / (problem.QueryHeads * problem.BiasEntries), 1, MostPartsOfHead)
            : 0;
    }

    /// <summary>Parts of all heads.</summary>
    public long Count => (long)problem.QueryHeads * ofHead;

    /// <summary>Floats of all sums.</summary>
    public long Floats => Count * problem.BiasEntries;

    /// <summary>The head of a part, and its boxes.</summary>
    public (int Head, long First, long End) Locate(long part, MapTiles queries)
    {
        (long head, long n) = Math.DivRem(part, ofHead);
        long boxes = queries.OfHead((int)head);
        return ((int)head, boxes * n / ofHead, boxes * (n + 1) / ofHead);
    }

    /// <summary>Adds up the sums of a head's parts.</summary>
    /// <param name="sums">Sums of all parts.</param>
    /// <param name="head">The head.</param>
    /// <param name="gradient">Gradient of the bias of all heads.</param>
    public void Sum(float* sums, int head, float* gradient)
    {
        long entries = problem.BiasEntries;
        float* first = sums + (head * (long)ofHead * entries), sum = gradient + (head * entries);
        for (long entry = 0; entry < entries; entry++)
        {
            float total = 0;
            for (int part = 0; part < ofHead; part++)
            {
                total += first[(part * entries) + entry];
            }

            sum[entry] = total;
        }
    }
}
