using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Flash attention with everything transposed: a tile of up to 64 queries lies across the lanes
/// of the vectors, and key tiles pass by. Per key tile: S^T = K Q^T, online softmax down the columns, O^T +=
/// V^T P^T.
/// </summary>
/// <remarks>
/// Any head dim, any lengths: only lanes are padded, and a padded lane repeats the last query; its result is
/// dropped. No key beyond the last is ever read, so tails need no mask, and of what the band hides little is
/// computed (<see cref="KeyStrips"/>). K and V are read where they lie; 16-bit ones are widened into scratch
/// memory a strip at a time.
/// </remarks>
internal sealed unsafe class TiledKernel<T, TWidth, TVector> : CpuKernel<T>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const int MostLanes = 64;

    /// <summary>
    /// Most floats of a key or value tile, which passes through the first-level cache: 48 KiB.
    /// </summary>
    private const int KeyTileFloats = 12288;

    private const int MostKeys = 96;
    private readonly TileSchedule schedule;
    private readonly TilePanels panels;
    private readonly TileModifiers<T, TWidth, TVector>? modifiers; // null for plain problems

    public TiledKernel(AttentionProblem problem)
        : this(problem, DefaultSchedule(problem))
    {
    }

    /// <summary>Makes a kernel with a schedule of its own, which has any tiles and may list them.</summary>
    internal TiledKernel(AttentionProblem problem, TileSchedule schedule)
        : base(problem)
    {
        this.schedule = schedule;
        AttentionShape shape = problem.Shape;
        panels = new TilePanels(LanesOf(schedule), schedule.KeyTile, shape.HeadDim,
            shape.ValueHeadDim, PanelProduct<TWidth, TVector>.SpareRows,
            typeof(T) != typeof(float));
        modifiers = problem.IsPlain ? null : new(problem, panels.Lanes, schedule.KeyTile);
    }

    public override string Name => $"na_cpu_tiled_{ElementName}_{TWidth.Name}";

    public override long Tiles => (long)Problem.Shape.Batch * Problem.Shape.QueryHeads * schedule.QueryTiles;

    public override int ScratchFloats => checked(panels.Total + (modifiers?.ScratchFloats ?? 0));

    public override void Run(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        AttentionShape shape = Problem.Shape;
        (long rest, long fromLast) = Math.DivRem(tile, (long)schedule.QueryTiles);
        (long b, long h) = Math.DivRem(rest, (long)shape.QueryHeads);

        // The last tile of a causal problem has the most keys: it comes first, so that threads finish
        // together.
        int queryTile = (int)(schedule.QueryTiles - 1 - fromLast);
        SequenceBounds sequence = tensors.Sequence(shape, b);
        long firstRow = (long)queryTile * schedule.QueryTile;
        if (firstRow >= sequence.QueryLength)
        {
            return;
        }

        Tile t = Locate(tensors, sequence, b, h, firstRow);
        t.Scratch = scratch;
        Prologue(t);
        KeyTileWalk walk = t.Schedule.Walk(queryTile);
        PanelStart start = PanelStart.Zero;
        while (!walk.IsDone)
        {
            Visit(t, walk.Take(), start);
            start = PanelStart.Rescale;
        }

        if (start == PanelStart.Zero)
        {
            new Span<float>(scratch + panels.Output, panels.ValueHeadDim * panels.Lanes).Clear();
        }

        Epilogue(t);
    }

    private Tile Locate(in TensorPointers<T> tensors, in SequenceBounds sequence, long b, long h,
        long firstRow)
    {
        LayoutStrides strides = Problem.Strides;
        int rows = (int)Math.Min(schedule.QueryTile, sequence.QueryLength - firstRow);
        return new Tile
        {
            Query = tensors.Query + At(strides.Query, b, sequence.QueryBegin + firstRow, h),
            Key = tensors.Key + At(strides.Key, b, sequence.KeyBegin, KeyValueHead((int)h)),
            Value = tensors.Value + At(strides.Value, b, sequence.KeyBegin, ValueHead((int)h)),
            Output = tensors.Output + At(strides.Output, b, sequence.QueryBegin + firstRow, h),
            Lse = tensors.Lse == null
                ? null
                : tensors.Lse + Problem.LseOffset((int)b, (int)h, sequence) + firstRow,
            FirstRow = firstRow,
            Rows = rows,
            Schedule = modifiers is null ? schedule : schedule.Of(Problem, sequence),
            Operands = modifiers?.Locate(tensors, sequence, b, h, firstRow, rows) ?? default,
        };
    }

    private static int LeastLanes => Math.Max(TWidth.Count, Transposition.Rows);

    /// <summary>Lanes of the panels for the query tiles of a schedule.</summary>
    internal static int LanesOf(TileSchedule schedule) => RoundUp(schedule.QueryTile, LeastLanes);

    /// <summary>The tiles that suit the caches, visited as the band says.</summary>
    internal static TileSchedule DefaultSchedule(AttentionProblem problem)
    {
        AttentionShape shape = problem.Shape;
        int lanes = LeastLanes;
        while (lanes < MostLanes && lanes < shape.QueryLength)
        {
            lanes *= 2;
        }

        int keys = Math.Clamp(KeyTileFloats / Math.Max(shape.HeadDim, shape.ValueHeadDim), 1, MostKeys);
        return new TileSchedule(shape.QueryLength, shape.KeyLength, problem.Band, lanes, RoundUp(keys, 6));
    }

    // Q^T of the tile; m = -inf, l = 0.
    private void Prologue(in Tile t)
    {
        int lanes = panels.Lanes;
        QueryPanel<T>.Pack(t.Query, Problem.Strides.Query.Sequence, t.Rows, panels, Problem.Scale, t.Scratch);
        modifiers?.ScaleQueries(
            t.Operands, t.Scratch + panels.Query, panels.HeadDim, t.Scratch + panels.Total);
        new Span<float>(t.Scratch + panels.Maxima, lanes).Fill(float.NegativeInfinity);
        new Span<float>(t.Scratch + panels.Sums, lanes).Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Visit(in Tile t, KeyTileVisit visit, PanelStart start)
    {
        int lanes = panels.Lanes;
        long tileBegin = (long)visit.Tile * schedule.KeyTile;
        bool inPrefix = tileBegin < t.Schedule.PrefixKeys;

        // From the first key that any row sees to the last: the tile may begin before and end after.
        long firstKey = inPrefix ? tileBegin : Math.Max(tileBegin, t.FirstRow + t.Schedule.Band.Left);
        int keys = (int)(Math.Min(tileBegin + schedule.KeyTile, t.Schedule.KeyLength) - firstKey);
        long diagonal = firstKey - t.FirstRow;
        long low = diagonal - t.Schedule.Band.Right;
        int reach = visit.Full || inPrefix ? keys : (int)Math.Clamp(1 - low, -lanes, keys);
        keys = Math.Clamp(reach + t.Rows - 1, 0, keys);
        KeyStrips strips = new(keys, lanes, reach);
        Score(t, firstKey, strips);

        float* scores = t.Scratch + panels.Scores;
        modifiers?.Apply(t.Operands, scores, firstKey, keys, t.Scratch + panels.Total);
        if (!visit.Full)
        {
            if (inPrefix)
            {
                TileTerms<TWidth, TVector>.HideOutside(scores, keys, lanes, t.Schedule, firstKey, t.FirstRow);
            }
            else
            {
                OnlineSoftmax<TWidth, TVector>.Mask(
                    scores, keys, lanes, low, diagonal - t.Schedule.Band.Left);
            }
        }

        OnlineSoftmax<TWidth, TVector>.Update(scores, strips, lanes, t.Scratch + panels.Maxima,
            t.Scratch + panels.Sums, t.Scratch + panels.Rescale);
        Accumulate(t, firstKey, strips, start);
    }

    // S^T[key][lane] = k[key] . Q^T[.][lane]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Score(in Tile t, long firstKey, in KeyStrips strips)
    {
        int lanes = panels.Lanes;
        BroadcastOperand k = new() { Steps = panels.HeadDim, StepStride = 1 };
        for (int s = 0; s < strips.Count; s++)
        {
            int begin = strips.Begin(s), lane = s * KeyStrips.BlockLanes;
            k.Rows = strips.End(s) - begin;
            k.Start = Floats(t.Key, Problem.Strides.Key.Sequence, firstKey + begin, k.Rows, panels.HeadDim, t,
                out k.RowStride);
            PanelProduct<TWidth, TVector>.Multiply(
                t.Scratch + panels.Scores + ((nint)begin * lanes) + lane, k,
                t.Scratch + panels.Query + lane, lanes, lanes - lane, PanelStart.Zero, null);
        }
    }

    // O^T[d][lane] = rescale[lane] * O^T[d][lane] + v[.][d] . P^T[.][lane]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accumulate(in Tile t, long firstKey, in KeyStrips strips, PanelStart start)
    {
        int lanes = panels.Lanes;
        BroadcastOperand v = new() { Rows = panels.ValueHeadDim, RowStride = 1 };
        for (int s = 0; s < strips.Count; s++)
        {
            // The first strip rescales all lanes, even where it has no keys.
            int begin = strips.Begin(s), lane = s * KeyStrips.BlockLanes;
            v.Steps = strips.End(s) - begin;
            if (s == 0 || v.Steps > 0)
            {
                v.Start = Floats(t.Value, Problem.Strides.Value.Sequence, firstKey + begin, v.Steps,
                    panels.ValueHeadDim, t, out v.StepStride);
                PanelProduct<TWidth, TVector>.Multiply(t.Scratch + panels.Output + lane, v,
                    t.Scratch + panels.Scores + ((nint)begin * lanes) + lane, lanes, lanes - lane,
                    s == 0 ? start : PanelStart.Keep, t.Scratch + panels.Rescale + lane);
            }
        }
    }

    // The rows of a key or value tile as floats: where they lie, or widened into scratch memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float* Floats(T* rows, long stride, long first, int count, int dim, in Tile t,
        out nint floatStride)
    {
        T* source = rows + (first * stride);
        if (typeof(T) == typeof(float))
        {
            floatStride = (nint)stride;
            return (float*)source;
        }

        float* target = t.Scratch + panels.Widened;
        floatStride = dim;
        ElementConvert.WidenRows(source, (nint)stride, count, dim, target);
        return target;
    }

    // o[lane][d] = O^T[d][lane] / l, or 0 where nothing was visible.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Epilogue(in Tile t)
    {
        float* sums = t.Scratch + panels.Sums, factors = t.Scratch + panels.Rescale;
        new Span<float>(factors, panels.Lanes).Fill(1);
        modifiers?.Finish(t.Operands, t.Scratch + panels.Maxima, sums, factors);
        OutputPanel<T>.Unpack(t.Output, (nint)Problem.Strides.Output.Sequence, t.Rows, panels, t.Scratch);
        if (t.Lse != null)
        {
            for (int lane = 0; lane < t.Rows; lane++)
            {
                t.Lse[lane] = LogSumExp.FromBase2(t.Scratch[panels.Maxima + lane], sums[lane]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    // One query tile of one head: where its data lies.
    private ref struct Tile
    {
        public T* Query;
        public T* Key;
        public T* Value;
        public T* Output;
        public float* Lse;
        public float* Scratch;
        public long FirstRow;
        public int Rows;
        public TileSchedule Schedule;
        public TileOperands Operands;
    }
}
