using System.Numerics;
using System.Runtime.InteropServices;
using NativeAttention.Bindings;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>
/// The tables of a few passes over maps in device memory: one buffer of intervals, sections and heads, written when
/// a plan is made and only read after. Passes share the intervals of axes that they have in common.
/// </summary>
internal sealed class MapTables : IDisposable
{
    private readonly DeviceTensor<int> _memory;
    private readonly MapTiling[] _tilings;

    /// <summary>Lays the passes out and uploads them; returns when they are there.</summary>
    /// <param name="device">Where to.</param>
    /// <param name="passes">Passes that fit: <see cref="Misfit"/> is null for each.</param>
    public MapTables(CudaDevice device, params IReadOnlyList<MapPass> passes)
    {
        IntervalTables intervals = new();
        TiledSection[][] sections = [.. passes.Select(pass => Sections(pass, intervals))];
        List<int> words = [.. MemoryMarshal.Cast<MapInterval, int>(CollectionsMarshal.AsSpan(intervals.All))];
        _tilings = new MapTiling[passes.Count];
        for (int i = 0; i < _tilings.Length; i++)
        {
            _tilings[i] = Tiling(passes[i], Append(words, MemoryMarshal.Cast<TiledSection, int>(sections[i])),
                Append(words, passes[i].Heads));
        }

        using CudaStream stream = device.CreateStream();
        _memory = device.Upload<int>(CollectionsMarshal.AsSpan(words), [words.Count], stream);
        stream.Synchronize();
        ulong begin = _memory.AsView().Pointer;
        foreach (ref MapTiling tiling in _tilings.AsSpan())
        {
            tiling.Intervals += begin;
            tiling.Sections += begin;
            tiling.Heads += begin;
        }
    }

    /// <summary>Bytes of device memory.</summary>
    public long Bytes => _memory.Count * sizeof(int);

    /// <summary>What a kernel is told of a pass.</summary>
    public MapTiling this[int pass] => _tilings[pass];

    /// <summary>Why a problem's maps do not fit the 32 bits that tables have; null when they do.</summary>
    public static string? Misfit(MapProblem problem)
    {
        long tokens = Math.Max(problem.QueryTokens, problem.KeyTokens);
        return tokens > int.MaxValue
            ? $"{tokens} tokens of one batch index: at most {int.MaxValue} are supported"
            : problem.BiasEntries > int.MaxValue
            ? $"{problem.BiasEntries} bias entries of one head: at most {int.MaxValue} are supported"
            : null;
    }

    /// <summary>Holds the memory for a call that reads it.</summary>
    public void Hold(ref DeviceCall call, CudaStream stream) => call.Hold<int>(_memory, nameof(MapTables), stream);

    /// <summary>Frees the memory behind its last use.</summary>
    public void Dispose() => _memory.Dispose();

    // Addresses are offsets into the buffer, which has none yet.
    private static MapTiling Tiling(MapPass pass, ulong sections, ulong heads) => new()
    {
        Sections = sections,
        Heads = heads,
        SectionCount = pass.Sections.Length,
        TileCount = checked((int)pass.Tiles),
        HeadCount = pass.Heads.Length,
        MostDistance = pass.MostDistance ?? -1,
        RowBox = Box(pass.Rows),
        ColumnBox = Box(pass.Columns),
    };

    private static ulong Append(List<int> words, ReadOnlySpan<int> more)
    {
        ulong offset = (ulong)words.Count * sizeof(int);
        words.AddRange(more);
        return offset;
    }

    private static TiledSection[] Sections(MapPass pass, IntervalTables intervals)
    {
        QueryTiles tiles = new(pass.Sections, pass.Rows);
        return [.. pass.Sections.Select((section, s) => new TiledSection
        {
            RowSteps = Steps(section.QueryTokens),
            ColumnSteps = Steps(section.KeyTokens),
            Rows = Of(section.Queries),
            Columns = Of(section.Keys),
            Tables = Of(Extents.Each(axis => intervals.Of(section.Axes[axis]))),
            FirstTile = checked((int)tiles.FirstOf(s)),
            TilesY = tiles.CountsOf(s).Y,
            TilesX = tiles.CountsOf(s).X,
            Sample = section.Sample,
        })];
    }

    private static MapSteps Steps(TokenSteps steps) => new()
    {
        Origin = checked((int)steps.Origin),
        Z = checked((int)steps.Z),
        Y = checked((int)steps.Y),
        X = checked((int)steps.X),
    };

    public static MapExtents Of(Extents extents) => new() { Z = extents.Z, Y = extents.Y, X = extents.X };

    private static MapBox Box(Extents extents) => new()
    {
        Log2Z = (uint)BitOperations.Log2((uint)extents.Z),
        Log2Y = (uint)BitOperations.Log2((uint)extents.Y),
        Log2X = (uint)BitOperations.Log2((uint)extents.X),
    };

    /// <summary>The intervals of all axes, each table once.</summary>
    private sealed class IntervalTables
    {
        private readonly Dictionary<int[], int> _places = new(ReferenceEqualityComparer.Instance);

        public List<MapInterval> All { get; } = [];

        public int Of(AxisIntervals axis)
        {
            if (!_places.TryGetValue(axis.KeyBegin, out int place))
            {
                _places[axis.KeyBegin] = place = All.Count;
                All.AddRange(axis.KeyBegin.Zip(axis.KeyEnd,
                    (begin, end) => new MapInterval { Begin = begin, End = end }));
            }

            return place;
        }
    }
}
