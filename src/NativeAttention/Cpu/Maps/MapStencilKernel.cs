using System.Runtime.CompilerServices;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// Attention of a map as a stencil: a vector holds neighbouring queries of a row, and the keys at one offset from
/// them are neighbours as well. So scores are computed for rows of queries and of keys that see each other, without
/// what a box of queries and the union of its keys would compute in vain; only where windows shift at borders do some
/// lanes see less.
/// </summary>
/// <remarks>
/// Keys are transposed, a row at a time, for the score product (<see cref="StencilProduct{TWidth, TVector}"/>);
/// probabilities and values meet with value dims in the lanes (<see cref="StencilValues{TWidth, TVector}"/>). Where
/// scores of all keys of a query fit into memory, the softmax is one pass; otherwise keys come in chunks and outputs are
/// rescaled.
/// </remarks>
internal sealed unsafe class MapStencilKernel<T, TWidth, TVector> : MapKernel<T>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const int LineFloats = 16;
    private readonly StencilGeometry[] geometries;
    private readonly MapTiles tiles;
    private readonly int lanes;
    private readonly int stride; // of panels with all lanes
    private readonly int keyStride;
    private readonly int valueStride;

    // Where things lie in scratch memory.
    private readonly int queries; // Q^T [dim][row][lane]
    private readonly int keys; // K^T of a row of keys [dim][key]; extra keys as rows
    private readonly int scores; // [slot][offset][row][lane]
    private readonly int values; // rows of V, whole vectors
    private readonly int outputs; // [row][lane][value dim], whole vectors
    private readonly int maxima;
    private readonly int sums;
    private readonly int rescale;
    private readonly int limits; // first and last visible offset of each lane
    private readonly int spare;
    private int total;

    public MapStencilKernel(MapProblem problem)
        : base(problem)
    {
        geometries = [.. problem.Maps.Select(map => GeometryOf(problem, map))];
        tiles = new MapTiles(problem, map => geometries[IndexOf(problem, map)].Box);
        lanes = geometries.Max(g => (int)g.Box.Volume);
        stride = lanes + LineFloats; // not a power of two, or a column of a panel would lie in few sets of the cache
        keyStride = RoundUp(geometries.Max(g => TWidth.Count + g.Slots.Offsets), LineFloats) + LineFloats; // rows are packed in fours
        valueStride = RoundUp(problem.ValueHeadDim, TWidth.Count);
        queries = Take((long)problem.HeadDim * stride);
        keys = Take((long)problem.HeadDim * keyStride);
        int slots = Math.Max(geometries.Max(g => g.Slots.Keys), ExtraChunk + PanelProduct<TWidth, TVector>.SpareRows);
        scores = Take((long)slots * stride);
        values = Take(Math.Max(geometries.Max(g => g.Chunk.Volume), ExtraChunk) * valueStride);
        outputs = Take((long)(lanes + PanelProduct<TWidth, TVector>.SpareRows) * valueStride);
        maxima = Take(lanes);
        sums = Take(lanes);
        rescale = Take(lanes);
        limits = Take(2 * TWidth.Count);
        spare = Take(Transposition.Rows * (long)Math.Max(problem.HeadDim, valueStride));
    }

    public override string Name => $"na_cpu_map_stencil_{KernelNames.Element<T>()}_{TWidth.Name}";

    public override long Tiles => tiles.Count;

    public override int ScratchFloats => total;

    // As many as fit where transposed keys lie.
    private int ExtraChunk => keyStride;

    /// <summary>What the kernel would cost, in multiply-adds of one batch index.</summary>
    public static double Cost(MapProblem problem) =>
        problem.Maps.Sum(map => map.Heads.Length * GeometryOf(problem, map).Cost);

    public override void Run(long tile, in MapPointers<T> tensors, float* scratch)
    {
        QueryBox box = tiles.Locate(tile);
        Tile t = new(box, geometries[box.MapIndex], new BoxTensors<T>(Problem, tensors, box), scratch);
        Prologue(t);
        for (int z = 0; z < t.Keys.Z; z += t.Chunk.Z)
        {
            for (int y = 0; y < t.Keys.Y && t.Offsets.Count > 0; y += t.Chunk.Y)
            {
                VisitChunk(t, new Extents(z, y, 0), new Extents(Math.Min(t.Chunk.Z, t.Keys.Z - z),
                    Math.Min(t.Chunk.Y, t.Keys.Y - y), t.Keys.X));
            }
        }

        for (int first = 0; first < Problem.ExtraKeys; first += ExtraChunk)
        {
            VisitExtra(t, first, Math.Min(ExtraChunk, Problem.ExtraKeys - first));
        }

        Epilogue(t);
    }

    private static StencilGeometry GeometryOf(MapProblem problem, NeighborhoodMap map) =>
        StencilGeometry.Of(map, TWidth.Count, problem.HeadDim, RoundUp(problem.ValueHeadDim, TWidth.Count));

    private static int IndexOf(MapProblem problem, NeighborhoodMap map)
    {
        int n = 0;
        while (problem.Maps[n] != map)
        {
            n++;
        }

        return n;
    }

    // Q^T of the box; m = -inf, l = 0, O = 0; the offsets that each lane sees.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Prologue(in Tile t)
    {
        float* scratch = t.Scratch;
        long step = Problem.Strides.Query.Sequence;
        for (BoxRuns runs = t.Box.Queries; runs.MoveNext();)
        {
            QueryPanel<T>.Pack(t.Tensors.Query + (runs.Token * step), runs.Step * step, runs.Length, Problem.HeadDim,
                Problem.Scale, LogSumExp.Log2E, scratch + queries + (runs.Row / t.Count.X * TWidth.Count),
                TWidth.Count, stride, scratch + spare);
        }

        new Span<float>(scratch + maxima, lanes).Fill(float.NegativeInfinity);
        new Span<float>(scratch + sums, lanes).Clear();
        new Span<float>(scratch + outputs, lanes * valueStride).Clear();
        for (int lane = 0; lane < TWidth.Count; lane++)
        {
            // Lanes beyond the last repeat it.
            int x = t.Corner.X + Math.Min(lane, t.Count.X - 1);
            scratch[limits + lane] = t.Columns.KeyBegin[x] - x - t.Offsets.Begin;
            scratch[limits + TWidth.Count + lane] = t.Columns.KeyEnd[x] - 1 - x - t.Offsets.Begin;
        }
    }

    // Keys of a chunk, counted from the first that the box sees.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void VisitChunk(in Tile t, Extents first, Extents count)
    {
        Extents absolute = new(t.First.Z + first.Z, t.First.Y + first.Y, t.First.X);
        TokenRows<T>.Gather(t.Tensors.Value, Problem.Strides.Value.Sequence, t.Box.KeyBox(absolute, count),
            Problem.ValueHeadDim, t.Scratch + values, valueStride);
        Score(t, first, count);
        for (int z = 0; z < t.Count.Z; z++)
        {
            AxisRun planes = t.Seen(0, z).Within(first.Z, count.Z);
            for (int y = 0; y < t.Count.Y; y++)
            {
                if (planes.Count * t.Seen(1, y).Within(first.Y, count.Y).Count > 0)
                {
                    Normalize(t, (z * t.Count.Y) + y, t.Slots.Keys, first.Z + first.Y > 0);
                }
            }

            for (int y = 0; y < t.Count.Y && planes.Count > 0; y += 2)
            {
                Accumulate(t, z, y, first, count);
            }
        }
    }

    // S of all rows of queries and keys that see each other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Score(in Tile t, Extents first, Extents count)
    {
        HideSlots(t, first, count);
        for (int z = first.Z; z < first.Z + count.Z; z++)
        {
            AxisRun planes = t.Seeing(0, z);
            for (int y = first.Y; y < first.Y + count.Y; y++)
            {
                AxisRun rows = t.Seeing(1, y);
                if (planes.Count * rows.Count == 0)
                {
                    continue;
                }

                PackKeys(t, z, y);
                for (int plane = planes.Begin; plane < planes.End; plane++)
                {
                    int row = (plane * t.Count.Y) + rows.Begin;
                    float* s = t.Scratch + scores + (t.Slots.Of(z, y) * stride) + (row * TWidth.Count);
                    StencilProduct<TWidth, TVector>.Multiply(s, t.Scratch + keys, keyStride,
                        t.Scratch + queries + (row * TWidth.Count), stride, rows.Count, t.Offsets.Count, Problem.HeadDim);
                    if (t.HasTerms)
                    {
                        for (int n = 0; n < rows.Count; n++, s += TWidth.Count)
                        {
                            ApplyTerms(t, s, t.First.Z + z - t.Corner.Z - plane,
                                t.First.Y + y - t.Corner.Y - rows.Begin - n);
                        }
                    }
                }
            }
        }
    }

    // Rows of queries that do not fill all slots have nothing in the others.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void HideSlots(in Tile t, Extents first, Extents count)
    {
        TVector hidden = TWidth.Broadcast(float.NegativeInfinity);
        for (int row = 0; row < t.Count.Z * t.Count.Y; row++)
        {
            (int z, int y) = Math.DivRem(row, t.Count.Y);
            int seen = t.Seen(0, z).Within(first.Z, count.Z).Count * t.Seen(1, y).Within(first.Y, count.Y).Count;
            float* s = t.Scratch + scores + (row * TWidth.Count);
            for (int key = 0; key < t.Slots.Keys && seen > 0 && seen < t.Slots.Planes * t.Slots.Rows; key++)
            {
                TWidth.Store(hidden, s + ((nint)key * stride));
            }
        }
    }

    // K^T of a row of keys; column 0 is the key at the first offset from lane 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackKeys(in Tile t, int z, int y)
    {
        long step = Problem.Strides.Key.Sequence;
        float* panel = t.Scratch + keys + (t.First.X - t.Corner.X - t.Offsets.Begin);
        Extents first = new(t.First.Z + z, t.First.Y + y, t.First.X);
        for (BoxRuns runs = t.Box.KeyBox(first, new Extents(1, 1, t.Keys.X)); runs.MoveNext();)
        {
            QueryPanel<T>.Pack(t.Tensors.Key + (runs.Token * step), runs.Step * step, runs.Length, Problem.HeadDim, 1,
                1, panel + runs.Row, RoundUp(runs.Length, Transposition.Rows), keyStride, t.Scratch + spare);
        }
    }

    // Bias, and what some lanes do not see, for one row of queries and one of keys.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyTerms(in Tile t, float* s, int z, int y)
    {
        Extents windows = t.Box.Map.Windows;
        long rest = t.Box.Map.MostDistance is int most ? most - ((long)z * z) - ((long)y * y) : 0;
        int reach = t.Box.Map.MostDistance is null ? int.MaxValue : rest < 0 ? -1 : (int)Math.Sqrt(rest);
        TVector low = TWidth.Load(t.Scratch + limits), high = TWidth.Load(t.Scratch + limits + TWidth.Count);
        TVector hidden = TWidth.Broadcast(float.NegativeInfinity);
        for (int n = 0; n < t.Offsets.Count; n++, s += stride)
        {
            int offset = t.Offsets.Begin + n;
            TVector score = TWidth.Load(s);
            if (t.Tensors.Bias != null && Math.Abs(offset) < windows.X)
            {
                float bias = t.Tensors.Bias[new RelativeBias(windows).Index(z, y, offset)];
                score = TWidth.Add(score, TWidth.Broadcast(bias * LogSumExp.Log2E));
            }

            score = Math.Abs(offset) > reach ? hidden
                : TWidth.SelectBetween(TWidth.Broadcast(n), low, high, score, hidden);
            TWidth.Store(score, s);
        }
    }

    // S of a row of queries becomes P; its outputs are rescaled.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Normalize(in Tile t, int row, int count, bool again)
    {
        int lane = row * TWidth.Count;
        float* factors = t.Scratch + rescale + lane;
        OnlineSoftmax<TWidth, TVector>.UpdateVector(t.Scratch + scores + lane, count, stride, t.Scratch + maxima + lane,
            t.Scratch + sums + lane, factors);
        for (int x = 0; x < t.Count.X && again; x++)
        {
            if (factors[x] != 1)
            {
                float* output = t.Scratch + outputs + ((nint)(lane + x) * valueStride);
                Scale(output, factors[x], output);
            }
        }
    }

    // O += P V of two rows of queries.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accumulate(in Tile t, int z, int y, Extents first, Extents count)
    {
        AxisRun planes = t.Seen(0, z).Within(first.Z, count.Z);
        AxisRun one = t.Seen(1, y).Within(first.Y, count.Y);
        AxisRun two = y + 1 < t.Count.Y ? t.Seen(1, y + 1).Within(first.Y, count.Y) : default;
        one = one.Count > 0 ? one : new AxisRun(two.Begin, two.Begin);
        two = two.Count > 0 ? two : new AxisRun(one.End, one.End);
        if (one.Count + two.Count == 0)
        {
            return;
        }

        int row = (z * t.Count.Y) + y;
        float* noOutput = t.Scratch + outputs + ((nint)lanes * valueStride);
        for (int x = 0; x < t.Count.X; x++)
        {
            int query = t.Corner.X + x, key = t.Columns.KeyBegin[query];
            int place = (((planes.Begin - first.Z) * count.Y) + one.Begin - first.Y) * count.X;
            StencilValues<TWidth, TVector> product = new()
            {
                Probabilities = t.Scratch + scores + ((key - query - t.Offsets.Begin) * (nint)stride)
                    + (row * TWidth.Count) + x,
                Stride = stride,
                Values = t.Scratch + values + ((place + key - t.First.X) * (nint)valueStride),
                ValueStride = valueStride,
                ValueRow = count.X * valueStride,
                ValuePlane = (nint)count.X * count.Y * valueStride,
                Keys = t.Columns.KeyEnd[query] - key,
                Slots = t.Slots,
                PlaneBegin = planes.Begin,
                PlaneEnd = planes.End,
                FirstBegin = one.Begin,
                FirstEnd = one.End,
                SecondBegin = two.Begin,
                SecondEnd = two.End,
            };
            float* output = t.Scratch + outputs + ((nint)((row * TWidth.Count) + x) * valueStride);
            product.Add(output, y + 1 < t.Count.Y ? output + (TWidth.Count * valueStride) : noOutput, valueStride);
        }
    }

    // All queries see extra keys: ordinary products, with queries in the lanes and then value dims.
    private void VisitExtra(in Tile t, int first, int count)
    {
        float* scratch = t.Scratch;
        long step = (long)Problem.KeyValueHeads * Problem.HeadDim;
        TokenRows<T>.Read(t.Tensors.ExtraKey + (first * step), step, count, Problem.HeadDim, scratch + keys);
        BroadcastOperand k = new()
        {
            Start = scratch + keys,
            Rows = count,
            RowStride = Problem.HeadDim,
            Steps = Problem.HeadDim,
            StepStride = 1,
        };
        int used = t.Count.Z * t.Count.Y * TWidth.Count;
        PanelProduct<TWidth, TVector>.Multiply(
            scratch + scores, k, scratch + queries, stride, used, PanelStart.Zero, null);
        for (int row = 0; row < t.Count.Z * t.Count.Y; row++)
        {
            Normalize(t, row, count, again: true);
        }

        step = (long)Problem.KeyValueHeads * Problem.ValueHeadDim;
        TokenRows<T>.Read(t.Tensors.ExtraValue + (first * step), step, count, Problem.ValueHeadDim,
            scratch + values, valueStride);
        BroadcastOperand p = new()
        {
            Start = scratch + scores,
            Rows = used,
            RowStride = 1,
            Steps = count,
            StepStride = stride,
        };
        PanelProduct<TWidth, TVector>.Multiply(scratch + outputs, p, scratch + values, valueStride, valueStride,
            PanelStart.Keep, null);
    }

    // o = O / l, or 0 where nothing was visible.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Epilogue(in Tile t)
    {
        for (BoxRuns runs = t.Box.Queries; runs.MoveNext();)
        {
            int lane = runs.Row / t.Count.X * TWidth.Count;
            for (int x = 0; x < runs.Length; x++, lane++)
            {
                long token = runs.Token + (x * runs.Step);
                float sum = t.Scratch[sums + lane];
                float* output = t.Scratch + outputs + ((nint)lane * valueStride);
                T* target = t.Tensors.Output + (token * Problem.Strides.Output.Sequence);
                if (typeof(T) == typeof(float) && valueStride == Problem.ValueHeadDim)
                {
                    Scale(output, sum == 0 ? 0 : 1 / sum, (float*)target);
                }
                else
                {
                    Scale(output, sum == 0 ? 0 : 1 / sum, output);
                    ElementConvert.Narrow(new ReadOnlySpan<float>(output, Problem.ValueHeadDim),
                        new Span<T>(target, Problem.ValueHeadDim));
                }

                if (t.Tensors.Lse != null)
                {
                    t.Tensors.Lse[token * Problem.LseStrides.Sequence] =
                        LogSumExp.FromBase2(t.Scratch[maxima + lane], sum);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Scale(float* row, float factor, float* target)
    {
        TVector factors = TWidth.Broadcast(factor);
        for (int d = 0; d < valueStride; d += TWidth.Count)
        {
            TWidth.Store(TWidth.Multiply(TWidth.Load(row + d), factors), target + d);
        }
    }

    private int Take(long floats)
    {
        int start = total;
        total = checked((int)(total + ((floats + LineFloats - 1) / LineFloats * LineFloats)));
        return start;
    }

    private static int RoundUp(int value, int multiple) => checked(value + multiple - 1) / multiple * multiple;

    // One box of queries: its keys, where they begin, and its offsets along the last axis.
    private readonly ref struct Tile
    {
        // Fields, since properties would copy whole structs.
        public readonly QueryBox Box;
        public readonly AxisIntervals[] Axes;
        public readonly BoxTensors<T> Tensors;
        public readonly float* Scratch;
        public readonly Extents Corner, Count; // of the queries
        public readonly Extents First, Keys, Chunk;
        public readonly AxisIntervals Columns;
        public readonly OffsetRange Offsets;
        public readonly KeySlots Slots;

        // Whether scores have terms, or some lanes see less than others.
        public readonly bool HasTerms;

        public Tile(in QueryBox box, StencilGeometry geometry, BoxTensors<T> tensors, float* scratch)
        {
            Box = box;
            (Corner, Count) = (box.First, box.Count);
            Chunk = geometry.Chunk;
            Tensors = tensors;
            Scratch = scratch;
            Axes = box.Section.Axes;
            Columns = Axes[2];
            (AxisTiles z, AxisTiles y, AxisTiles x) = (box.Keys(0), box.Keys(1), box.Keys(2));
            First = new Extents(z.KeyBegin, y.KeyBegin, x.KeyBegin);
            Keys = new Extents(z.Count(1), y.Count(1), x.Count(1));
            Offsets = OffsetRange.Of(Columns, Corner.X, Count.X);
            Slots = geometry.Slots with { Offsets = Offsets.Count };
            HasTerms = tensors.Bias != null || box.Map.MostDistance is not null
                || Offsets.FullBegin > Offsets.Begin || Offsets.FullEnd < Offsets.End;
        }

        // The keys that a query of the box sees along an axis, counted from the first of the box.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public AxisRun Seen(int axis, int query)
        {
            AxisIntervals intervals = Axes[axis];
            int at = Corner[axis] + query;
            return new AxisRun(intervals.KeyBegin[at] - First[axis], intervals.KeyEnd[at] - First[axis]);
        }

        // The queries of the box that see a key.
        public AxisRun Seeing(int axis, int key)
        {
            int begin = 0;
            while (begin < Count[axis] && Seen(axis, begin).End <= key)
            {
                begin++;
            }

            int end = begin;
            while (end < Count[axis] && Seen(axis, end).Begin <= key)
            {
                end++;
            }

            return new AxisRun(begin, end);
        }
    }

    private readonly record struct AxisRun(int Begin, int End)
    {
        public int Count => Math.Max(0, End - Begin);

        public AxisRun Within(int first, int count) =>
            new(Math.Clamp(Begin, first, first + count), Math.Clamp(End, first, first + count));
    }
}
