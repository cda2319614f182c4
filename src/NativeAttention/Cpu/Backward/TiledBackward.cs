using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using NativeAttention.Cpu.Maps;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Backward;

/// <summary>
/// Backward of attention on a map by panel products. A box owns up to 64 tokens, which lie across the lanes, and
/// what they see passes by in boxes of rows; where keys own, queries pass, and the other way round.
/// </summary>
/// <remarks>
/// Both passes are one: with a, b the passing vectors and A, B the owned ones, S = a A, P = 2^(S - lse), dP = b B,
/// dS = P (dP - delta); the gradient of A adds a^T dS, and that of B, which only keys have, b^T P. Owned keys see
/// the queries of all heads of their group one head after another. So a unit writes its gradients alone and adds in
/// one order, whatever the threads.
/// </remarks>
internal sealed unsafe class TiledBackward<T, TWidth, TVector> : BackwardKernel<T>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const int MostLanes = 64;

    /// <summary>Most floats of the rows of one kind that pass by at a time: 48 KiB.</summary>
    private const int PassingFloats = 12288;

    private const int MostRows = 96;

    /// <summary>What a passing row costs beside its lanes: gathering, masks, and products of fewer lanes.</summary>
    private const int KeyLanes = 16;
    private readonly BackwardTiles tiles;
    private readonly BackwardPanels keyPanels;
    private readonly BackwardPanels queryPanels;
    private readonly BiasParts parts;
    private readonly int mostRows;

    public TiledBackward(MapProblem problem)
        : base(problem)
    {
        tiles = new BackwardTiles(
            problem, map => AtLeastOne(new BoxChooser(map).Choose(MostLanes, LaneUnit, KeyLanes).Box));
        mostRows = Math.Clamp(PassingFloats / Math.Max(problem.HeadDim, problem.ValueHeadDim), 1, MostRows);
        keyPanels = Panels(tiles.Keys, problem.ExtraKeys);
        queryPanels = Panels(tiles.Queries, 0);
        parts = new BiasParts(problem);
        Phases = problem.HasBias
            ? [StatisticsUnits, GradientUnits, problem.QueryHeads]
            : [StatisticsUnits, GradientUnits];
    }

    private enum Phase
    {
        Statistics,
        Gradients,
        BiasGradient,
    }

    public override string Name => $"na_cpu_backward_tiled_{KernelNames.Element<T>()}_{TWidth.Name}";

    public override long[] Phases { get; }

    public override int ScratchFloats => Math.Max(keyPanels.Total, queryPanels.Total);

    public override int SharedFloats => checked((int)((2 * Rows) + parts.Floats));

    private static int StatisticsTokens => RowStatistics<T, TWidth, TVector>.UnitTokens;

    private static int LaneUnit => Math.Max(TWidth.Count, Transposition.Rows);

    // Rows of the output.
    private long Rows => Problem.Batch * Problem.QueryHeads * Problem.QueryTokens;

    private long UnitsOfHead => (Problem.QueryTokens + StatisticsTokens - 1) / StatisticsTokens;

    private long StatisticsUnits => Problem.Batch * Problem.QueryHeads * UnitsOfHead;

    private long ExtraUnits => tiles.ExtraTiles(keyPanels.Lanes);

    // With a bias a unit of queries is a part of a head, which adds up its gradient.
    private long QueryUnits => Problem.HasBias ? parts.Count : tiles.Queries.Count;

    private long GradientUnits => ExtraUnits + tiles.Keys.Count + QueryUnits;

    public override void Run(int phase, long unit, in BackwardPointers<T> tensors, float* scratch)
    {
        switch ((Phase)phase)
        {
            case Phase.Statistics:
                RunStatistics(unit, tensors);
                break;
            case Phase.Gradients:
                RunGradients(unit, tensors, scratch);
                break;
            default:
                parts.Sum(tensors.Shared + (2 * Rows), (int)unit, tensors.RelativeBiasGradient);
                break;
        }
    }

    private void RunStatistics(long unit, in BackwardPointers<T> tensors)
    {
        (long rest, long n) = Math.DivRem(unit, UnitsOfHead);
        (long batch, long head) = Math.DivRem(rest, (long)Problem.QueryHeads);
        RowStatistics<T, TWidth, TVector>.Compute(Problem, tensors, batch, (int)head,
            n * StatisticsTokens, Lse(tensors, batch, (int)head), Delta(tensors, batch, (int)head));
    }

    // The largest units come first, so that threads finish together.
    private void RunGradients(long unit, in BackwardPointers<T> tensors, float* scratch)
    {
        if (unit < ExtraUnits)
        {
            RunExtraKeys(tiles.Extra(unit, keyPanels.Lanes), tensors, scratch);
            return;
        }

        unit -= ExtraUnits;
        if (unit < tiles.Keys.Count)
        {
            RunKeys(tiles.Keys.Locate(unit), tensors, scratch);
            return;
        }

        unit -= tiles.Keys.Count;
        if (!Problem.HasBias)
        {
            // The last queries of a causal problem have the most keys.
            RunQueries(tiles.Queries.Locate(tiles.Queries.Count - 1 - unit), tensors, null, scratch);
            return;
        }

        float* sums = tensors.Shared + (2 * Rows) + (unit * Problem.BiasEntries);
        new Span<float>(sums, (int)Problem.BiasEntries).Clear();
        (int head, long first, long end) = parts.Locate(unit, tiles.Queries);
        for (long n = first; n < end; n++)
        {
            RunQueries(tiles.Queries.Locate(tiles.Queries.Number(head, n)), tensors, sums, scratch);
        }
    }

    private void RunExtraKeys(in ExtraTile extra, in BackwardPointers<T> tensors, float* scratch)
    {
        SideVectors<T> keys = Extra(tensors.ExtraKey, tensors.ExtraValue, extra.Sample, extra.Head);
        Sweep sweep = new() { Panels = keyPanels, OwnsKeys = true, Scratch = scratch };
        Own(sweep, keys, Line(0, extra.First, extra.Count), extra.Count);
        for (int head = extra.Head * Problem.Group; head < (extra.Head + 1) * Problem.Group; head++)
        {
            PassQueries(ref sweep, tensors, extra.Batch, head);
            for (long first = 0; first < extra.Queries; first += mostRows)
            {
                int rows = (int)Math.Min(mostRows, extra.Queries - first);
                Visit(ref sweep, Line(extra.FirstQuery + first, 0, rows), rows);
            }
        }

        SideVectors<T> gradients =
            Extra(tensors.ExtraKeyGradient, tensors.ExtraValueGradient, extra.Sample, extra.Head);
        Write(sweep, gradients, Line(0, extra.First, extra.Count), extra.Count);
    }

    private void RunKeys(in QueryBox box, in BackwardPointers<T> tensors, float* scratch)
    {
        Sweep sweep = new() { Panels = keyPanels, OwnsKeys = true, Scratch = scratch };
        int count = (int)box.Count.Volume;
        Own(sweep, Keys(tensors.Key, tensors.Value, box.Batch, box.Head), box.Queries, count);
        for (int head = box.Head * Problem.Group; head < (box.Head + 1) * Problem.Group; head++)
        {
            PassQueries(ref sweep, tensors, box.Batch, head);
            VisitBoxes(ref sweep, box);
        }

        Write(sweep, Keys(tensors.KeyGradient, tensors.ValueGradient, box.Batch, box.Head), box.Queries, count);
    }

    private void RunQueries(in QueryBox box, in BackwardPointers<T> tensors, float* biasSums, float* scratch)
    {
        Sweep sweep = new() { Panels = queryPanels, Scratch = scratch, BiasSums = biasSums };
        int count = (int)box.Count.Volume, head = box.Head / Problem.Group;
        Own(sweep, Queries(tensors, box.Batch, box.Head), box.Queries, count);
        sweep.Lse = Lse(tensors, box.Batch, box.Head);
        sweep.Delta = Delta(tensors, box.Batch, box.Head);
        sweep.Bias = BiasOf(tensors.RelativeBias, box.Head);
        GatherStatistics(sweep, box.Queries);
        PadStatistics(sweep, count);
        sweep.Passing = Keys(tensors.Key, tensors.Value, box.Batch, head);
        VisitBoxes(ref sweep, box);
        sweep.Passing = Extra(tensors.ExtraKey, tensors.ExtraValue, box.Batch + box.Section.Sample, head);
        for (int first = 0; first < Problem.ExtraKeys; first += mostRows)
        {
            int rows = Math.Min(mostRows, Problem.ExtraKeys - first);
            Visit(ref sweep, Line(0, first, rows), rows);
        }

        SideVectors<T> gradients = new()
        {
            First = tensors.QueryGradient + At(Problem.Strides.Query, box.Batch, box.Head),
            FirstStride = Problem.Strides.Query.Sequence,
        };
        Write(sweep, gradients, box.Queries, count);
    }

    private void PassQueries(ref Sweep sweep, in BackwardPointers<T> tensors, long batch, int head)
    {
        sweep.Passing = Queries(tensors, batch, head);
        sweep.Lse = Lse(tensors, batch, head);
        sweep.Delta = Delta(tensors, batch, head);
        sweep.Bias = BiasOf(tensors.RelativeBias, head);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Own(in Sweep sweep, in SideVectors<T> vectors, BoxRuns runs, int count)
    {
        BackwardPanels p = sweep.Panels;
        FloatRows first = FloatRows.Of(
            vectors.First, vectors.FirstStride, runs, count, Problem.HeadDim, sweep.At(p.FirstRows));
        Pack(first, count, Problem.HeadDim, sweep.At(p.First), p.Lanes, Problem.Scale, LogSumExp.Log2E);
        FloatRows second = FloatRows.Of(
            vectors.Second, vectors.SecondStride, runs, count, Problem.ValueHeadDim, sweep.At(p.SecondRows));
        Pack(second, count, Problem.ValueHeadDim, sweep.At(p.Second), p.Lanes, 1, 1);
    }

    // panel[d][lane] = rows[lane][d] * first * second, where padded lanes repeat the last row.
    private static void Pack(in FloatRows rows, int count, int dim, float* panel, int lanes, float first, float second)
    {
        for (int lane = 0; lane < lanes; lane += Transposition.Rows)
        {
            FourRows four = new()
            {
                Row0 = rows.Start + (Math.Min(lane, count - 1) * rows.Stride),
                Row1 = rows.Start + (Math.Min(lane + 1, count - 1) * rows.Stride),
                Row2 = rows.Start + (Math.Min(lane + 2, count - 1) * rows.Stride),
                Row3 = rows.Start + (Math.Min(lane + 3, count - 1) * rows.Stride),
            };
            Transposition.ToLanes(four, dim, panel + lane, lanes, first, second);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void VisitBoxes(ref Sweep sweep, in QueryBox box)
    {
        for (KeyBoxes boxes = new(box, mostRows); boxes.MoveNext();)
        {
            VisitBox(ref sweep, box, boxes.First, boxes.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void VisitBox(ref Sweep sweep, in QueryBox box, Extents first, Extents count)
    {
        BackwardPanels p = sweep.Panels;
        int rows = (int)count.Volume;
        float* scores = sweep.At(p.Scores), slopes = sweep.At(p.Slopes);
        PanelStart start = PanelStart.Zero;
        if (sweep.Bias != null)
        {
            start = PanelStart.Keep;
            new Span<float>(scores, rows * p.Lanes).Clear();
            BiasLanes.Visit<BiasLanes.Load>(sweep.Bias, box, sweep.OwnsKeys, first, count, scores, p.Lanes);
        }

        Passing passing = Score(sweep, box.KeyBox(first, count), rows, start);
        if (!box.IsFull(first, count))
        {
            Hide(sweep, box, first, count);
        }

        if (sweep.BiasSums != null)
        {
            BiasLanes.Visit<BiasLanes.Add>(sweep.BiasSums, box, sweep.OwnsKeys, first, count, slopes, p.Lanes);
        }

        Accumulate(ref sweep, passing);
    }

    // Rows that every lane sees, outside the map.
    private void Visit(ref Sweep sweep, BoxRuns runs, int rows)
    {
        Passing passing = Score(sweep, runs, rows, PanelStart.Zero);
        Accumulate(ref sweep, passing);
    }

    // P and dS of the rows; the panel of scores may hold a bias already.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Passing Score(in Sweep sweep, BoxRuns runs, int rows, PanelStart start)
    {
        BackwardPanels p = sweep.Panels;
        int lanes = p.Lanes;
        float* scores = sweep.At(p.Scores), slopes = sweep.At(p.Slopes);
        float* lse = sweep.At(p.Lse), delta = sweep.At(p.Delta);
        Passing passing = new()
        {
            Rows = rows,
            First = FloatRows.Of(sweep.Passing.First, sweep.Passing.FirstStride, runs, rows, Problem.HeadDim,
                sweep.At(p.FirstRows)),
            Second = FloatRows.Of(sweep.Passing.Second, sweep.Passing.SecondStride, runs, rows, Problem.ValueHeadDim,
                sweep.At(p.SecondRows)),
        };
        PanelProduct<TWidth, TVector>.Multiply(scores, AsRows(passing.First, rows, Problem.HeadDim),
            sweep.At(p.First), lanes, lanes, start, null);
        PanelProduct<TWidth, TVector>.Multiply(slopes, AsRows(passing.Second, rows, Problem.ValueHeadDim),
            sweep.At(p.Second), lanes, lanes, PanelStart.Zero, null);
        if (sweep.OwnsKeys)
        {
            GatherStatistics(sweep, runs);
            ScoreGradients<TWidth, TVector>.OfQueryRows(scores, slopes, rows, lanes, lse, delta);
        }
        else
        {
            ScoreGradients<TWidth, TVector>.OfQueryLanes(scores, slopes, rows, lanes, lse, delta);
        }

        return passing;
    }

    // P = dS = 0 where a lane does not see a row.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Hide(in Sweep sweep, in QueryBox box, Extents first, Extents count)
    {
        BackwardPanels p = sweep.Panels;
        float* scores = sweep.At(p.Scores), slopes = sweep.At(p.Slopes), low = sweep.At(p.Low), high = sweep.At(p.High);
        for (int z = first.Z; z < first.Z + count.Z; z++)
        {
            for (int y = first.Y; y < first.Y + count.Y; y++)
            {
                LaneBounds.Find(box, z, y, first.X, low, high);
                ScoreGradients<TWidth, TVector>.Hide(slopes, count.X, p.Lanes, low, high);
                slopes += count.X * p.Lanes;
                if (sweep.OwnsKeys)
                {
                    ScoreGradients<TWidth, TVector>.Hide(scores, count.X, p.Lanes, low, high);
                    scores += count.X * p.Lanes;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accumulate(ref Sweep sweep, in Passing passing)
    {
        BackwardPanels p = sweep.Panels;
        int lanes = p.Lanes;
        PanelProduct<TWidth, TVector>.Multiply(sweep.At(p.FirstSum),
            AsColumns(passing.First, passing.Rows, Problem.HeadDim), sweep.At(p.Slopes), lanes, lanes, sweep.Start,
            null);
        if (sweep.OwnsKeys)
        {
            PanelProduct<TWidth, TVector>.Multiply(sweep.At(p.SecondSum),
                AsColumns(passing.Second, passing.Rows, Problem.ValueHeadDim), sweep.At(p.Scores), lanes, lanes,
                sweep.Start, null);
        }

        sweep.Start = PanelStart.Keep;
    }

    private void Write(in Sweep sweep, in SideVectors<T> gradients, BoxRuns runs, int count)
    {
        BackwardPanels p = sweep.Panels;
        if (sweep.Start == PanelStart.Zero)
        {
            new Span<float>(sweep.At(p.FirstSum), Problem.HeadDim * p.Lanes).Clear();
            new Span<float>(sweep.At(p.SecondSum), Problem.ValueHeadDim * p.Lanes).Clear();
        }

        Write(sweep.At(p.FirstSum), Problem.HeadDim, Problem.Scale, p.Lanes, sweep.At(p.FirstRows), count, runs,
            gradients.First, gradients.FirstStride);
        if (sweep.OwnsKeys)
        {
            Write(sweep.At(p.SecondSum), Problem.ValueHeadDim, 1, p.Lanes, sweep.At(p.SecondRows), count, runs,
                gradients.Second, gradients.SecondStride);
        }
    }

    private static void Write(float* panel, int dim, float factor, int lanes, float* rows, int count, BoxRuns runs,
        T* gradient, long stride)
    {
        for (int lane = 0; lane < count; lane += Transposition.Rows)
        {
            Transposition.FromLanes(panel + lane, lanes, Vector128.Create(factor),
                FourRows.At(rows + (lane * dim), dim), dim);
        }

        TokenRows<T>.Scatter(rows, dim, runs, gradient, stride);
    }

    // Log-sum-exp and delta of the queries of the tile, one after another.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GatherStatistics(in Sweep sweep, BoxRuns runs)
    {
        float* lse = sweep.At(sweep.Panels.Lse), delta = sweep.At(sweep.Panels.Delta);
        while (runs.MoveNext())
        {
            for (int n = 0; n < runs.Length; n++)
            {
                long token = runs.Token + (n * runs.Step);
                lse[runs.Row + n] = sweep.Lse[token];
                delta[runs.Row + n] = sweep.Delta[token];
            }
        }
    }

    private static void PadStatistics(in Sweep sweep, int count)
    {
        int padding = sweep.Panels.Lanes - count;
        new Span<float>(sweep.At(sweep.Panels.Lse) + count, padding).Fill(float.PositiveInfinity);
        new Span<float>(sweep.At(sweep.Panels.Delta) + count, padding).Clear();
    }

    private static BroadcastOperand AsRows(in FloatRows rows, int count, int dim) => new()
    {
        Start = rows.Start,
        Rows = count,
        RowStride = rows.Stride,
        Steps = dim,
        StepStride = 1,
    };

    private static BroadcastOperand AsColumns(in FloatRows rows, int count, int dim) => new()
    {
        Start = rows.Start,
        Rows = dim,
        RowStride = 1,
        Steps = count,
        StepStride = rows.Stride,
    };

    // Tokens beside each other, as a box of one run.
    private static BoxRuns Line(long begin, int first, int count) => new(new TokenSteps(begin, 0, 0, 1),
        new Extents(1, 1, first + count), new Extents(0, 0, first), new Extents(1, 1, count));

    private float* Lse(in BackwardPointers<T> tensors, long batch, int head) =>
        tensors.Shared + (((batch * Problem.QueryHeads) + head) * Problem.QueryTokens);

    private float* Delta(in BackwardPointers<T> tensors, long batch, int head) => Lse(tensors, batch, head) + Rows;

    private BackwardPanels Panels(MapTiles owned, int extraKeys)
    {
        int lanes = owned.Boxes.Max(box => RoundUp((int)box.Volume));
        lanes = Math.Max(lanes, RoundUp(Math.Min(extraKeys, MostLanes)));
        return new BackwardPanels(
            lanes, mostRows, Problem.HeadDim, Problem.ValueHeadDim, PanelProduct<TWidth, TVector>.SpareRows);
    }

    private static int RoundUp(int lanes) => (lanes + LaneUnit - 1) / LaneUnit * LaneUnit;

    // A side without tokens has no box to choose.
    private static Extents AtLeastOne(Extents box) => box.Volume == 0 ? new Extents(1, 1, 1) : box;

    // The rows that pass by.
    private struct Passing
    {
        public int Rows;
        public FloatRows First;
        public FloatRows Second;
    }

    // One owned tile: where its panels lie, and which head passes by.
    private struct Sweep
    {
        public BackwardPanels Panels;
        public float* Scratch;
        public bool OwnsKeys;
        public PanelStart Start;
        public SideVectors<T> Passing;
        public float* Lse; // of the query head, by token
        public float* Delta;
        public float* Bias; // of the query head; null for none
        public float* BiasSums;

        public readonly float* At(int panel) => Scratch + panel;
    }
}
