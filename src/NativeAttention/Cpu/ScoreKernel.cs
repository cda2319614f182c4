using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Cpu;

/// <summary>
/// A pass over the scores of one head at a time: S^T tiles as in the tiled kernel, with the same modifiers, and
/// instead of softmax and value product what was asked for. A tile of work is a head, so that sums over queries
/// need nothing shared.
/// </summary>
internal sealed unsafe class ScoreKernel<T, TWidth, TVector> : CpuKernel<T>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const float Ln2 = 0.6931471805599453f;
    private readonly ScoreRequest request;
    private readonly TileSchedule schedule;
    private readonly TilePanels panels;
    private readonly TileModifiers<T, TWidth, TVector> modifiers;

    public ScoreKernel(AttentionProblem problem, ScoreRequest request)
        : base(problem)
    {
        this.request = request;
        schedule = TiledKernel<T, TWidth, TVector>.DefaultSchedule(problem);
        int lanes = TiledKernel<T, TWidth, TVector>.LanesOf(schedule);
        panels = new TilePanels(lanes, schedule.KeyTile, problem.Shape.HeadDim, schedule.KeyTile,
            PanelProduct<TWidth, TVector>.SpareRows, queryTiles: 1, typeof(T) != typeof(float));
        modifiers = new(problem, lanes, schedule.KeyTile);
    }

    public override string Name => $"na_cpu_scores_{ElementName}_{TWidth.Name}";

    public override long Tiles => (long)Problem.Shape.Batch * Problem.Shape.QueryHeads;

    public override int ScratchFloats => checked(panels.Total + modifiers.ScratchFloats);

    public override void Run(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        AttentionShape shape = Problem.Shape;
        (long b, long h) = Math.DivRem(tile, (long)shape.QueryHeads);
        Head head = new(shape, request, tensors, tile) { Batch = b, Index = h };
        head.Clear(shape, request);
        SequenceBounds sequence = tensors.Sequence(shape, b);
        TileSchedule own = schedule.Of(Problem, sequence);
        T* keys = tensors.Key + At(Problem.Strides.Key, b, sequence.KeyBegin, KeyValueHead((int)h));
        for (int queryTile = 0; queryTile < schedule.QueryTiles; queryTile++)
        {
            long firstRow = (long)queryTile * schedule.QueryTile;
            int rows = (int)Math.Min(schedule.QueryTile, shape.QueryLength - firstRow);
            TileOperands operands = modifiers.Locate(tensors, sequence, b, h, firstRow, rows);
            QueryPanel<T>.Pack(tensors.Query + At(Problem.Strides.Query, b, firstRow, h),
                Problem.Strides.Query.Sequence, rows, panels, Problem.Scale, scratch + panels.Query,
                scratch + panels.Rows);
            modifiers.ScaleQueries(operands, scratch + panels.Query, panels.HeadDim, scratch + panels.Total);
            for (int n = 0; n < own.KeyTileCount; n++)
            {
                Visit(head, own, operands, keys, queryTile, n, scratch);
            }
        }
    }

    private void Visit(in Head head, in TileSchedule own, in TileOperands operands, T* keys, int queryTile,
        int n, float* scratch)
    {
        long firstKey = (long)n * own.KeyTile, firstRow = (long)queryTile * own.QueryTile;
        int count = (int)Math.Min(own.KeyTile, own.KeyLength - firstKey), lanes = panels.Lanes;
        float* scores = scratch + panels.Scores;
        BroadcastOperand k = default;
        k.Start = KeyRows(keys, firstKey, count, scratch, out k.RowStride);
        k.Rows = count;
        k.Steps = panels.HeadDim;
        k.StepStride = 1;
        PanelProduct<TWidth, TVector>.Multiply(
            scores, k, scratch + panels.Query, lanes, lanes, PanelStart.Zero, null);
        Place at = new(firstRow, operands.Rows, firstKey, count);
        Store(head, ScoreStage.Scaled, at, scratch, Ln2);
        modifiers.ApplySoftCap(scores, count);
        Store(head, ScoreStage.SoftCapped, at, scratch, Ln2);
        modifiers.ApplyTerms(operands, scores, firstKey, count, scratch + panels.Total);
        TileTerms<TWidth, TVector>.HideOutside(scores, count, lanes, own, firstKey, firstRow);
        Store(head, ScoreStage.Masked, at, scratch, Ln2);
        if (request.NeedsLse)
        {
            Exponentiate(head, at, scratch);
            Store(head, ScoreStage.Probabilities, at, scratch, 1);
            Reduce(head, at, scores);
        }
    }

    // s becomes p = 2^(s - lse) and the entropies grow by -p log2 p; padded lanes become 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Exponentiate(in Head head, in Place at, float* scratch)
    {
        float* scores = scratch + panels.Scores, lse = scratch + panels.Maxima, entropy = scratch + panels.Sums;
        for (int lane = 0; lane < panels.Lanes; lane++)
        {
            // Rows that see nothing, and lanes beyond the last, get p = 0.
            float natural = lane < at.Rows ? head.Lse[at.FirstRow + lane] : float.NegativeInfinity;
            lse[lane] = float.IsNegativeInfinity(natural) ? float.PositiveInfinity : natural * Log2E;
            entropy[lane] = 0;
        }

        for (int key = 0; key < at.Keys; key++)
        {
            for (int lane = 0; lane < panels.Lanes; lane += TWidth.Count)
            {
                TVector logarithm = TWidth.Subtract(TWidth.Load(scores + lane), TWidth.Load(lse + lane));
                TVector p = TWidth.Exp2(logarithm);
                TVector term = TWidth.SelectBetween(p, TWidth.Zero, TWidth.Zero, TWidth.Zero,
                    TWidth.Multiply(p, logarithm));
                TWidth.Store(p, scores + lane);
                TWidth.Store(TWidth.Subtract(TWidth.Load(entropy + lane), term), entropy + lane);
            }

            scores += panels.Lanes;
        }

        for (int lane = 0; lane < at.Rows && head.RowEntropy != null; lane++)
        {
            head.RowEntropy[at.FirstRow + lane] += entropy[lane] * Ln2;
        }
    }

    private void Reduce(in Head head, in Place at, float* probabilities)
    {
        for (int key = 0; key < at.Keys; key++)
        {
            ReadOnlySpan<float> row = new(probabilities + ((nint)key * panels.Lanes), at.Rows);
            if (head.ColumnSums != null)
            {
                head.ColumnSums[at.FirstKey + key] += TensorPrimitives.Sum(row);
            }

            if (head.BlockMaxima != null)
            {
                RaiseBlocks(head, at, at.FirstKey + key, row);
            }
        }
    }

    // Largest p of the row's part in each block of queries.
    private void RaiseBlocks(in Head head, in Place at, long key, ReadOnlySpan<float> row)
    {
        int side = request.BlockMaxima!.Value;
        int keyBlocks = ScoreRequest.Blocks(Problem.Shape.KeyLength, side);
        for (int begin = 0; begin < row.Length;)
        {
            long block = (at.FirstRow + begin) / side;
            int end = (int)Math.Min(row.Length, ((block + 1) * side) - at.FirstRow);
            float* most = head.BlockMaxima + (block * keyBlocks) + (key / side);
            *most = Math.Max(*most, TensorPrimitives.Max(row[begin..end]));
            begin = end;
        }
    }

    // Writes the tile to the scores if this is the stage that was asked for: rows of the result are lanes here.
    private void Store(in Head head, ScoreStage stage, in Place at, float* scratch, float factor)
    {
        if (request.Scores != stage)
        {
            return;
        }

        FourRows spare = FourRows.At(scratch + panels.Rows, at.Keys);
        var factors = Vector128.Create(factor);
        for (int lane = 0; lane < at.Rows; lane += Transposition.Rows)
        {
            Transposition.FromLanes(scratch + panels.Scores + lane, panels.Lanes, factors, spare, at.Keys);
            for (int i = 0; i < Math.Min(Transposition.Rows, at.Rows - lane); i++)
            {
                T* row = head.Scores + ((at.FirstRow + lane + i) * Problem.Shape.KeyLength) + at.FirstKey;
                ElementConvert.Narrow(new ReadOnlySpan<float>(spare.Row0 + (i * at.Keys), at.Keys),
                    new Span<T>(row, at.Keys));
            }
        }
    }

    private float* KeyRows(T* keys, long first, int count, float* scratch, out nint stride)
    {
        T* source = keys + (first * Problem.Strides.Key.Sequence);
        if (typeof(T) == typeof(float))
        {
            stride = (nint)Problem.Strides.Key.Sequence;
            return (float*)source;
        }

        stride = panels.HeadDim;
        ElementConvert.WidenRows(source, (nint)Problem.Strides.Key.Sequence, count, panels.HeadDim,
            scratch + panels.Keys);
        return scratch + panels.Keys;
    }

    private readonly record struct Place(long FirstRow, int Rows, long FirstKey, int Keys);

    // The results of one head; null where not asked for.
    private readonly ref struct Head
    {
        public Head(AttentionShape s, ScoreRequest request, in TensorPointers<T> tensors, long index)
        {
            Lse = tensors.Lse + (index * s.QueryLength);
            Scores = request.Scores is null ? null
                : tensors.Output + (index * s.QueryLength * s.KeyLength);
            ColumnSums = request.ColumnSums ? tensors.ColumnSums + (index * s.KeyLength) : null;
            RowEntropy = request.RowEntropy ? tensors.RowEntropy + (index * s.QueryLength) : null;
            BlockMaxima = request.BlockMaxima is int side
                ? tensors.BlockMaxima + (index * ScoreRequest.Blocks(s.QueryLength, side)
                    * ScoreRequest.Blocks(s.KeyLength, side))
                : null;
        }

        public required long Batch { get; init; }

        public required long Index { get; init; }

        public float* Lse { get; }

        public T* Scores { get; }

        public float* ColumnSums { get; }

        public float* RowEntropy { get; }

        public float* BlockMaxima { get; }

        // Keys that do not count are in no tile: they are hidden, and have no probability.
        public void Clear(AttentionShape s, ScoreRequest request)
        {
            if (Scores != null)
            {
                T hidden = default;
                ElementConvert.Narrow([request.Scores == ScoreStage.Probabilities ? 0 : float.NegativeInfinity],
                    new Span<T>(&hidden, 1));
                for (int i = 0; i < s.QueryLength; i++)
                {
                    new Span<T>(Scores + ((long)i * s.KeyLength), s.KeyLength).Fill(hidden);
                }
            }

            Fill(ColumnSums, s.KeyLength);
            Fill(RowEntropy, s.QueryLength);
            if (request.BlockMaxima is int side)
            {
                for (int i = 0; i < ScoreRequest.Blocks(s.QueryLength, side); i++)
                {
                    int blocks = ScoreRequest.Blocks(s.KeyLength, side);
                    Fill(BlockMaxima + ((long)i * blocks), blocks);
                }
            }
        }

        private static void Fill(float* values, int count)
        {
            if (values != null)
            {
                new Span<float>(values, count).Clear();
            }
        }
    }
}
