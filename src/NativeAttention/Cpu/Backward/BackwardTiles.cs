using NativeAttention.Cpu.Maps;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Backward;

/// <summary>
/// The work of a backward pass, cut into boxes that own what they write: of extra keys, of keys, and of queries.
/// All boxes of keys or queries are seen from their own side, as if they were queries.
/// </summary>
internal sealed class BackwardTiles
{
    private readonly MapProblem problem;

    /// <summary>Cuts the work.</summary>
    /// <param name="problem">The problem; all query heads of a key/value head have one pattern.</param>
    /// <param name="box">Chooses the boxes of a map seen from either side.</param>
    public BackwardTiles(MapProblem problem, Func<NeighborhoodMap, Extents> box)
    {
        this.problem = problem;
        Queries = new MapTiles(problem, box);
        Keys = new MapTiles(
            problem with { Maps = [.. problem.Maps.Select(map => map.Transposed(problem.Group))] }, box);
    }

    /// <summary>Boxes of queries of a query head.</summary>
    public MapTiles Queries { get; }

    /// <summary>Boxes of keys of a key/value head, whose sections have roles changed over.</summary>
    public MapTiles Keys { get; }

    /// <summary>Number of tiles of extra keys.</summary>
    /// <param name="tile">Extra keys of a tile.</param>
    public long ExtraTiles(int tile) => (long)problem.Samples * problem.KeyValueHeads * TilesOfSample(tile);

    /// <summary>A tile of extra keys.</summary>
    public ExtraTile Extra(long number, int tile)
    {
        (long rest, long n) = Math.DivRem(number, TilesOfSample(tile));
        (long sample, long head) = Math.DivRem(rest, (long)problem.KeyValueHeads);
        int first = (int)n * tile;

        // A batch has one index for each sample, or one index with all samples in it.
        bool ragged = problem.Samples != problem.Batch;
        (long firstQuery, long queries) = (0, 0);
        foreach (MapSection section in problem.Maps[0].Sections)
        {
            if (section.Sample == (ragged ? sample : 0))
            {
                firstQuery = queries == 0 ? section.QueryTokens.Origin : firstQuery;
                queries += section.Queries.Volume;
            }
        }

        return new ExtraTile(ragged ? 0 : sample, sample, (int)head, first, Math.Min(tile, problem.ExtraKeys - first),
            firstQuery, queries);
    }

    private long TilesOfSample(int tile) => (problem.ExtraKeys + tile - 1) / tile;
}

/// <summary>Some extra keys of a sample, which all queries of the sample see.</summary>
/// <param name="Batch">Batch index.</param>
/// <param name="Sample">Sample.</param>
/// <param name="Head">Key/value head.</param>
/// <param name="First">First extra key.</param>
/// <param name="Count">Extra keys.</param>
/// <param name="FirstQuery">First query token of the sample.</param>
/// <param name="Queries">Query tokens of the sample.</param>
internal readonly record struct ExtraTile(long Batch, long Sample, int Head, int First, int Count, long FirstQuery,
    long Queries);
