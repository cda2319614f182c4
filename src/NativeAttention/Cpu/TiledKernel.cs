using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Flash attention with everything transposed: a tile of up to 64 queries lies across the lanes
/// of the vectors, and key tiles pass by. Per key tile: S^T = K Q^T, online softmax down the columns, O^T +=
/// V^T P^T.
/// </summary>
/// <remarks>
/// Any head dim, any lengths: only lanes are padded, and a padded lane is a query of zeros whose result is
/// dropped. No key beyond the last is ever read, so tails need no mask. K and V are read where they lie;
/// 16-bit ones are widened into scratch memory a tile at a time.
/// </remarks>
internal sealed unsafe class TiledKernel<T, TWidth, TVector> : CpuKernel<T>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const int MostLanes = 64;

    /// <summary>
    /// Floats of a key or value tile that stay in the first-level cache beside the panels: 24 KiB.
    /// </summary>
    private const int KeyTileFloats = 6144;

    private const int MostKeys = 96;
    private readonly TileSchedule schedule;
    private readonly TilePanels panels;

    public TiledKernel(AttentionProblem problem)
        : base(problem)
    {
        AttentionShape shape = problem.Shape;
        int lanes = TWidth.Count;
        while (lanes < MostLanes && lanes < shape.QueryLength)
        {
            lanes *= 2;
        }

        int keys = Math.Clamp(KeyTileFloats / Math.Max(shape.HeadDim, shape.ValueHeadDim), 1, MostKeys);
        keys = RoundUp(keys, PanelProduct<TWidth, TVector>.Rows);
        schedule = new TileSchedule(shape.QueryLength, shape.KeyLength, problem.Band, lanes, keys);
        panels = new TilePanels(lanes, keys, shape.HeadDim, shape.ValueHeadDim,
            RoundUp(shape.ValueHeadDim, PanelProduct<TWidth, TVector>.Rows), typeof(T) != typeof(float));
    }

    public override string Name => $"na_cpu_tiled_{ElementName}_{TWidth.Name}";

    public override long Tiles => (long)Problem.Shape.Batch * Problem.Shape.QueryHeads * schedule.QueryTiles;

    public override int ScratchFloats => panels.Total;

    public override void Run(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        AttentionShape shape = Problem.Shape;
        LayoutStrides strides = Problem.Strides;
        (long rest, long fromLast) = Math.DivRem(tile, (long)schedule.QueryTiles);
        (long b, long h) = Math.DivRem(rest, (long)shape.QueryHeads);
        long kvHead = KeyValueHead((int)h);

        // The last tile of a causal problem has the most keys: it comes first, so that threads finish
        // together.
        int queryTile = (int)(schedule.QueryTiles - 1 - fromLast);
        long firstRow = (long)queryTile * schedule.QueryTile;
        Tile t = new()
        {
            Query = tensors.Query + (b * strides.Query.Batch) + (h * strides.Query.Head)
                + (firstRow * strides.Query.Sequence),
            Key = tensors.Key + (b * strides.Key.Batch) + (kvHead * strides.Key.Head),
            Value = tensors.Value + (b * strides.Value.Batch) + (kvHead * strides.Value.Head),
            Output = tensors.Output + (b * strides.Output.Batch) + (h * strides.Output.Head)
                + (firstRow * strides.Output.Sequence),
            Lse = tensors.Lse == null
                ? null
                : tensors.Lse + (((b * shape.QueryHeads) + h) * shape.QueryLength) + firstRow,
            FirstRow = firstRow,
            Rows = (int)Math.Min(schedule.QueryTile, shape.QueryLength - firstRow),
            Scratch = scratch,
        };
        Prologue(t);
        KeyTileRange range = schedule.KeyTiles(queryTile);
        for (int n = range.Begin; n < range.End; n++)
        {
            Visit(t, n, range.IsFull(n));
        }

        Epilogue(t);
    }

    // Q^T[d][lane] = scale * log2(e) * q[lane][d], zero in padded lanes; m = -inf, l = 0, O^T = 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Prologue(in Tile t)
    {
        int lanes = panels.Lanes, dim = panels.HeadDim;
        float scale = Problem.Scale;
        float* queries = t.Scratch + panels.Query;
        new Span<float>(queries, dim * lanes).Clear();
        Span<float> row = new(t.Scratch + panels.Row, dim);
        for (int lane = 0; lane < t.Rows; lane++)
        {
            ElementConvert.Widen(new ReadOnlySpan<T>(t.Query + (lane * Problem.Strides.Query.Sequence), dim),
                row);
            float* column = queries + lane;
            for (int d = 0; d < row.Length; d++)
            {
                *column = row[d] * scale * Log2E;
                column += lanes;
            }
        }

        new Span<float>(t.Scratch + panels.Maxima, lanes).Fill(float.NegativeInfinity);
        new Span<float>(t.Scratch + panels.Sums, lanes).Clear();
        new Span<float>(t.Scratch + panels.Output, panels.OutputRows * lanes).Clear();
    }

    private void Visit(in Tile t, int n, bool full)
    {
        int lanes = panels.Lanes;
        int firstKey = n * schedule.KeyTile;
        int keys = Math.Min(schedule.KeyTile, schedule.KeyLength - firstKey);
        float* scores = t.Scratch + panels.Scores;

        // S^T[key][lane] = k[key] . Q^T[.][lane]
        float* k = Floats(t.Key, Problem.Strides.Key.Sequence, firstKey, keys, panels.HeadDim, t,
            out nint keyStride);
        PanelProduct<TWidth, TVector>.Multiply(
            scores, keys, k, keyStride, 1, t.Scratch + panels.Query, panels.HeadDim, lanes, null);
        if (!full)
        {
            long diagonal = firstKey - t.FirstRow;
            OnlineSoftmax<TWidth, TVector>.Mask(
                scores, keys, lanes, diagonal - schedule.Band.Right, diagonal - schedule.Band.Left);
        }

        OnlineSoftmax<TWidth, TVector>.Update(scores, keys, lanes, t.Scratch + panels.Maxima,
            t.Scratch + panels.Sums, t.Scratch + panels.Rescale);

        // O^T[d][lane] = rescale[lane] * O^T[d][lane] + v[.][d] . P^T[.][lane]
        float* v = Floats(t.Value, Problem.Strides.Value.Sequence, firstKey, keys, panels.ValueHeadDim, t,
            out nint valueStride);
        PanelProduct<TWidth, TVector>.Multiply(t.Scratch + panels.Output, panels.ValueHeadDim, v, 1,
            valueStride, scores, keys, lanes, t.Scratch + panels.Rescale);
    }

    // The rows of a key or value tile as floats: where they lie, or widened into scratch memory.
    private float* Floats(T* rows, long stride, int first, int count, int dim, in Tile t,
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
        for (int i = 0; i < count; i++)
        {
            ElementConvert.Widen(new ReadOnlySpan<T>(source + (i * stride), dim),
                new Span<float>(target + (i * dim), dim));
        }

        return target;
    }

    // o[lane][d] = O^T[d][lane] / l, or 0 where nothing was visible.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Epilogue(in Tile t)
    {
        int lanes = panels.Lanes, dim = panels.ValueHeadDim;
        float* sums = t.Scratch + panels.Sums;
        Span<float> row = new(t.Scratch + panels.Row, dim);
        for (int lane = 0; lane < t.Rows; lane++)
        {
            float inverse = sums[lane] == 0 ? 0 : 1 / sums[lane];
            float* column = t.Scratch + panels.Output + lane;
            for (int d = 0; d < row.Length; d++)
            {
                row[d] = *column * inverse;
                column += lanes;
            }

            ElementConvert.Narrow(row, new Span<T>(t.Output + (lane * Problem.Strides.Output.Sequence), dim));
            if (t.Lse != null)
            {
                t.Lse[lane] = LogSumExp(t.Scratch[panels.Maxima + lane], sums[lane]);
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
    }
}
