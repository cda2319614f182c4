using System.Numerics;
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
/// computed (<see cref="KeyStrips"/>). A task is a few query tiles that read the same keys and values, of one head
/// or of several: a key tile is brought once for all that visit it. K and V are read where they lie; 16-bit ones
/// are widened into scratch memory.
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

    /// <summary>Most query tiles of a task: what is widened for all is then a small part of the work.</summary>
    private const int MostTaskTiles = 4;

    /// <summary>Most floats of queries and outputs of a task, which wait in the second-level cache: 1 MiB.</summary>
    private const int MostTaskFloats = 1 << 18;

    /// <summary>Tasks for each thread below which query tiles are rather tasks of their own.</summary>
    private const int LeastTasks = 4;

    /// <summary>
    /// Rows of a product between which rows of the next key tile are asked for: whole blocks of every micro-kernel,
    /// since others overwrite what follows them.
    /// </summary>
    private const int AskingRows = 24;

    /// <summary>Tasks that read the same keys, beyond which none asks for the next ones.</summary>
    private const int MostAskingTasks = 2;

    private readonly TileSchedule schedule;
    private readonly int sharers;
    private readonly int taskTiles;
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
        sharers = (int)BigInteger.GreatestCommonDivisor(
            shape.QueryHeads / shape.KeyValueHeads, shape.QueryHeads / shape.ValueHeads);
        long tiles = (long)shape.Batch * shape.QueryHeads * schedule.QueryTiles;
        long floats = (long)LanesOf(schedule) * (shape.HeadDim + shape.ValueHeadDim);
        long most = Math.Min(Math.Min(MostTaskTiles, SharedTiles), MostTaskFloats / floats);
        taskTiles = (int)Math.Max(1, Math.Min(most, tiles / ((long)LeastTasks * problem.Options.Tuning.Threads)));
        panels = new TilePanels(LanesOf(schedule), schedule.KeyTile, shape.HeadDim, shape.ValueHeadDim,
            PanelProduct<TWidth, TVector>.SpareRows, taskTiles, Widens);
        modifiers = problem.IsPlain ? null : new(problem, panels.Lanes, schedule.KeyTile);
    }

    public override string Name => $"na_cpu_tiled_{ElementName}_{TWidth.Name}";

    public override long Tiles =>
        (long)Problem.Shape.Batch * (Problem.Shape.QueryHeads / sharers) * SharedTasks;

    public override int ScratchFloats => checked(panels.Total + (modifiers?.ScratchFloats ?? 0));

    // Query tiles that read the same keys and values, and the tasks that they make.
    private long SharedTiles => (long)sharers * schedule.QueryTiles;

    private long SharedTasks => (SharedTiles + taskTiles - 1) / taskTiles;

    // Whether keys and values of the next tile are asked for: not where many tasks read the same ones, which the caches
    // keep for them; what is widened is asked for meanwhile.
    private bool Asks => !Widens && SharedTasks <= MostAskingTasks;

    public override void Run(long task, in TensorPointers<T> tensors, float* scratch)
    {
        Unsafe.SkipInit(out TaskTiles all);
        Span<Tile> tiles = ((Span<Tile>)all)[..Locate(task, tensors, scratch, all)];
        foreach (ref Tile t in tiles)
        {
            Prologue(t);
        }

        for (int keyTile = Next(tiles); keyTile < int.MaxValue; keyTile = Next(tiles))
        {
            KeyTileRows rows = Bring(tiles[0], keyTile);
            bool first = true;
            foreach (ref Tile t in tiles)
            {
                if (!t.Walk.IsDone && t.Walk.Next == keyTile)
                {
                    Visit(t, t.Walk.Take(), rows, first);
                    t.Start = PanelStart.Keep;
                    first = false;
                }
            }
        }

        foreach (ref Tile t in tiles)
        {
            Epilogue(t);
        }
    }

    // The nearest key tile that a query tile of a task has yet to visit.
    private static int Next(ReadOnlySpan<Tile> tiles)
    {
        int next = int.MaxValue;
        foreach (ref readonly Tile t in tiles)
        {
            next = t.Walk.IsDone ? next : Math.Min(next, t.Walk.Next);
        }

        return next;
    }

    // Finds the query tiles of a task, and returns their number.
    private int Locate(long task, in TensorPointers<T> tensors, float* scratch, Span<Tile> tiles)
    {
        (long rest, long fromLast) = Math.DivRem(task, SharedTasks);
        (long b, long sharing) = Math.DivRem(rest, (long)(Problem.Shape.QueryHeads / sharers));
        SequenceBounds sequence = tensors.Sequence(Problem.Shape, b);

        // The last tiles of a causal problem have the most keys: they come first, so that threads finish
        // together.
        long first = (SharedTasks - 1 - fromLast) * taskTiles, end = Math.Min(first + taskTiles, SharedTiles);
        int count = 0;
        for (long tile = first; tile < end; tile++)
        {
            (long h, long queryTile) = Math.DivRem(tile, (long)schedule.QueryTiles);
            if (queryTile * schedule.QueryTile < sequence.QueryLength)
            {
                tiles[count] = Locate(tensors, sequence, b, (sharing * sharers) + h, (int)queryTile);
                tiles[count].Scratch = scratch;
                tiles[count].Own = scratch + ((nint)count * panels.OwnFloats);
                count++;
            }
        }

        return count;
    }

    private Tile Locate(in TensorPointers<T> tensors, in SequenceBounds sequence, long b, long h,
        int queryTile)
    {
        LayoutStrides strides = Problem.Strides;
        long firstRow = (long)queryTile * schedule.QueryTile;
        int rows = (int)Math.Min(schedule.QueryTile, sequence.QueryLength - firstRow);
        TileSchedule own = modifiers is null ? schedule : schedule.Of(Problem, sequence);
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
            Schedule = own,
            Walk = own.Walk(queryTile),
            Operands = modifiers?.Locate(tensors, sequence, b, h, firstRow, rows) ?? default,
        };
    }

    private static bool Widens => typeof(T) != typeof(float);

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
        float* queries = t.Own + panels.Query;
        QueryPanel<T>.Pack(t.Query, Problem.Strides.Query.Sequence, t.Rows, panels, Problem.Scale, queries,
            t.Scratch + panels.Rows);
        modifiers?.ScaleQueries(t.Operands, queries, panels.HeadDim, t.Scratch + panels.Total);
        new Span<float>(t.Own + panels.Maxima, lanes).Fill(float.NegativeInfinity);
        new Span<float>(t.Own + panels.Sums, lanes).Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Visit(in Tile t, KeyTileVisit visit, in KeyTileRows source, bool first)
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
        KeyTileRows rows = source.From((int)(firstKey - tileBegin));
        KeyTileRows next = first && Asks && !t.Walk.IsDone ? Bring(t, t.Walk.Next) : default;
        Score(t, rows, strips, new RowsAhead(next.Key, next.KeyStride, next.Count, panels.HeadDim));

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

        bool raised = OnlineSoftmax<TWidth, TVector>.Update(scores, strips, lanes, t.Own + panels.Maxima,
            t.Own + panels.Sums, t.Scratch + panels.Rescale);
        Accumulate(t, rows, strips, t.Start.RescaledIf(raised),
            new RowsAhead(next.Value, next.ValueStride, next.Count, panels.ValueHeadDim));
    }

    // S^T[key][lane] = k[key] . Q^T[.][lane]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Score(in Tile t, in KeyTileRows source, in KeyStrips strips, RowsAhead ahead)
    {
        int lanes = panels.Lanes;
        BroadcastOperand k = new() { RowStride = source.KeyStride, Steps = panels.HeadDim, StepStride = 1 };
        for (int s = 0; s < strips.Count; s++)
        {
            int lane = s * KeyStrips.BlockLanes, end = strips.End(s);
            for (int begin = strips.Begin(s); begin < end; begin += k.Rows)
            {
                k.Rows = ahead.IsEmpty ? end - begin : Math.Min(AskingRows, end - begin);
                k.Start = source.Key + (begin * k.RowStride);
                ahead.Ask(k.Rows);
                PanelProduct<TWidth, TVector>.Multiply(
                    t.Scratch + panels.Scores + ((nint)begin * lanes) + lane, k,
                    t.Own + panels.Query + lane, lanes, lanes - lane, PanelStart.Zero, null);
            }
        }
    }

    // O^T[d][lane] = rescale[lane] * O^T[d][lane] + v[.][d] . P^T[.][lane]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accumulate(in Tile t, in KeyTileRows source, in KeyStrips strips, PanelStart start, RowsAhead ahead)
    {
        int lanes = panels.Lanes, dims = panels.ValueHeadDim;
        BroadcastOperand v = new() { RowStride = 1, StepStride = source.ValueStride };
        for (int s = 0; s < strips.Count; s++)
        {
            // The first strip rescales all lanes, even where it has no keys.
            int begin = strips.Begin(s), lane = s * KeyStrips.BlockLanes;
            v.Steps = strips.End(s) - begin;
            for (int d = 0; d < dims && (s == 0 || v.Steps > 0); d += v.Rows)
            {
                v.Rows = ahead.IsEmpty ? dims - d : Math.Min(AskingRows, dims - d);
                v.Start = source.Value + (begin * v.StepStride) + d;
                ahead.Ask((int)((((long)v.Steps * v.Rows) + dims - 1) / dims));
                PanelProduct<TWidth, TVector>.Multiply(t.Own + panels.Output + ((nint)d * lanes) + lane, v,
                    t.Scratch + panels.Scores + ((nint)begin * lanes) + lane, lanes, lanes - lane,
                    s == 0 ? start : PanelStart.Keep, t.Scratch + panels.Rescale + lane);
            }
        }
    }

    // The rows of a key tile as floats: where they lie, or widened into scratch memory.
    private KeyTileRows Bring(in Tile t, int keyTile)
    {
        LayoutStrides strides = Problem.Strides;
        long first = (long)keyTile * schedule.KeyTile;
        int count = (int)Math.Min(schedule.KeyTile, t.Schedule.KeyLength - first);
        return new KeyTileRows
        {
            Key = Floats(t.Key + (first * strides.Key.Sequence), strides.Key.Sequence, count, panels.HeadDim,
                t.Scratch + panels.Keys, out nint keyStride),
            KeyStride = keyStride,
            Value = Floats(t.Value + (first * strides.Value.Sequence), strides.Value.Sequence, count,
                panels.ValueHeadDim, t.Scratch + panels.Values, out nint valueStride),
            ValueStride = valueStride,
            Count = count,
        };
    }

    private static float* Floats(T* rows, long stride, int count, int dim, float* widened,
        out nint floatStride)
    {
        if (!Widens)
        {
            floatStride = (nint)stride;
            return (float*)rows;
        }

        floatStride = dim;
        ElementConvert.WidenRows(rows, (nint)stride, count, dim, widened, ahead: count * (nint)stride);
        return widened;
    }

    // o[lane][d] = O^T[d][lane] / l, or 0 where nothing was visible.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Epilogue(in Tile t)
    {
        if (t.Start == PanelStart.Zero)
        {
            new Span<float>(t.Own + panels.Output, panels.ValueHeadDim * panels.Lanes).Clear();
        }

        float* sums = t.Own + panels.Sums, factors = t.Scratch + panels.Rescale;
        new Span<float>(factors, panels.Lanes).Fill(1);
        modifiers?.Finish(t.Operands, t.Own + panels.Maxima, sums, factors);
        OutputPanel<T>.Unpack(
            t.Output, (nint)Problem.Strides.Output.Sequence, t.Rows, panels, t.Own, t.Scratch);
        if (t.Lse != null)
        {
            for (int lane = 0; lane < t.Rows; lane++)
            {
                t.Lse[lane] = LogSumExp.FromBase2(t.Own[panels.Maxima + lane], sums[lane]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    // One query tile of one head: where its data lies, and how far it is.
    private struct Tile
    {
        public T* Query;
        public T* Key;
        public T* Value;
        public T* Output;
        public float* Lse;
        public float* Own;
        public float* Scratch;
        public long FirstRow;
        public int Rows;
        public TileSchedule Schedule;
        public KeyTileWalk Walk;
        public PanelStart Start;
        public TileOperands Operands;
    }

    [InlineArray(MostTaskTiles)]
    private struct TaskTiles
    {
        private Tile first;
    }
}
