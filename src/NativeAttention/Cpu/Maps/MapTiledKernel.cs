using System.Runtime.CompilerServices;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// Flash attention of a map with everything transposed, as the dense tiled kernel has it: a box of up to 64
/// queries lies across the lanes of the vectors, and boxes of keys pass by.
/// </summary>
/// <remarks>
/// Rows are gathered, so that ring axes, dilation and 16-bit elements end there. Boxes are cut at the borders and
/// their queries numbered without gaps: only lanes are padded, which repeat the last query and are dropped. What
/// a query of a box does not see is hidden by intervals in the lanes; extra keys are more columns.
/// </remarks>
internal sealed unsafe class MapTiledKernel<T, TWidth, TVector> : MapKernel<T>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const int MostLanes = 64;

    /// <summary>Most floats of a key or value box, which passes through the first-level cache: 48 KiB.</summary>
    private const int KeyBoxFloats = 12288;

    private const int MostKeys = 96;
    private readonly MapTiles tiles;
    private readonly TilePanels panels;
    private readonly int keyBox;
    private readonly int rows; // gathered queries or outputs, behind the panels
    private readonly int limits; // first and last visible key of each lane

    public MapTiledKernel(MapProblem problem)
        : base(problem)
    {
        tiles = new MapTiles(problem, map => new BoxChooser(map).Choose(MostLanes, LaneUnit).Box);
        int lanes = tiles.Boxes.Max(box => RoundUp((int)box.Volume, LaneUnit));
        int longest = Math.Max(problem.HeadDim, problem.ValueHeadDim);
        keyBox = Math.Clamp(KeyBoxFloats / longest, 1, MostKeys);
        panels = new TilePanels(lanes, keyBox, problem.HeadDim, problem.ValueHeadDim,
            PanelProduct<TWidth, TVector>.SpareRows, queryTiles: 1, widen: true);
        rows = panels.Total;
        limits = checked(rows + RoundUp(checked(lanes * longest), LaneUnit));
        ScratchFloats = checked(limits + (2 * lanes));
    }

    public override string Name => $"na_cpu_map_tiled_{KernelNames.Element<T>()}_{TWidth.Name}";

    public override long Tiles => tiles.Count;

    public override int ScratchFloats { get; }

    /// <summary>What the kernel would cost, in multiply-adds of one batch index.</summary>
    public static double Cost(MapProblem problem) => problem.Maps.Sum(map => map.Heads.Length
        * new BoxChooser(map).Choose(MostLanes, LaneUnit).Scores * (problem.HeadDim + problem.ValueHeadDim));

    private static int LaneUnit => Math.Max(TWidth.Count, Transposition.Rows);

    public override void Run(long tile, in MapPointers<T> tensors, float* scratch)
    {
        QueryBox box = tiles.Locate(tile);
        BoxTensors<T> t = new(Problem, tensors, box);
        Prologue(box, t, scratch);
        PanelStart start = PanelStart.Zero;
        for (KeyBoxes keys = new(box, keyBox); keys.MoveNext(); start = PanelStart.Keep)
        {
            Visit(box, t, keys.First, keys.Count, start, scratch);
        }

        for (int first = 0; first < Problem.ExtraKeys; first += keyBox, start = PanelStart.Keep)
        {
            VisitExtra(t, first, Math.Min(keyBox, Problem.ExtraKeys - first), start, scratch);
        }

        if (start == PanelStart.Zero)
        {
            new Span<float>(scratch + panels.Output, panels.ValueHeadDim * panels.Lanes).Clear();
        }

        Epilogue(box, t, scratch);
    }

    // Q^T of the box; m = -inf, l = 0.
    private void Prologue(in QueryBox box, in BoxTensors<T> t, float* scratch)
    {
        TokenRows<T>.Gather(t.Query, Problem.Strides.Query.Sequence, box.Queries, panels.HeadDim, scratch + rows);
        QueryPanel<float>.Pack(
            scratch + rows, panels.HeadDim, (int)box.Count.Volume, panels, Problem.Scale, scratch + panels.Query,
            scratch + panels.Rows);
        new Span<float>(scratch + panels.Maxima, panels.Lanes).Fill(float.NegativeInfinity);
        new Span<float>(scratch + panels.Sums, panels.Lanes).Clear();
    }

    private void Visit(in QueryBox box, in BoxTensors<T> t, Extents first, Extents count, PanelStart start,
        float* scratch)
    {
        BoxRuns keyRuns = box.KeyBox(first, count);
        int keys = (int)count.Volume;
        TokenRows<T>.Gather(t.Key, Problem.Strides.Key.Sequence, keyRuns, panels.HeadDim, scratch + panels.Keys);
        Score(keys, scratch);
        if (t.Bias != null)
        {
            // Pairs beyond the table are hidden afterwards.
            BiasLanes.Visit<BiasLanes.AddTo>(
                t.Bias, box, ownsKeys: false, first, count, scratch + panels.Scores, panels.Lanes);
        }

        if (!box.IsFull(first, count))
        {
            Hide(box, first, count, scratch);
        }

        TokenRows<T>.Gather(
            t.Value, Problem.Strides.Value.Sequence, keyRuns, panels.ValueHeadDim, scratch + panels.Values);
        Accumulate(keys, start, scratch);
    }

    private void VisitExtra(in BoxTensors<T> t, int first, int keys, PanelStart start, float* scratch)
    {
        long keyStride = (long)Problem.KeyValueHeads * panels.HeadDim;
        TokenRows<T>.Read(
            t.ExtraKey + (first * keyStride), keyStride, keys, panels.HeadDim, scratch + panels.Keys);
        Score(keys, scratch);
        long valueStride = (long)Problem.KeyValueHeads * panels.ValueHeadDim;
        TokenRows<T>.Read(
            t.ExtraValue + (first * valueStride), valueStride, keys, panels.ValueHeadDim, scratch + panels.Values);
        Accumulate(keys, start, scratch);
    }

    // S^T[key][lane] = k[key] . Q^T[.][lane]
    private void Score(int keys, float* scratch)
    {
        BroadcastOperand k = new()
        {
            Start = scratch + panels.Keys,
            Rows = keys,
            RowStride = panels.HeadDim,
            Steps = panels.HeadDim,
            StepStride = 1,
        };
        PanelProduct<TWidth, TVector>.Multiply(scratch + panels.Scores, k, scratch + panels.Query, panels.Lanes,
            panels.Lanes, PanelStart.Zero, null);
    }

    // S becomes P; O^T[d][lane] = rescale[lane] * O^T[d][lane] + v[.][d] . P^T[.][lane]
    private void Accumulate(int keys, PanelStart start, float* scratch)
    {
        int lanes = panels.Lanes;
        bool raised = OnlineSoftmax<TWidth, TVector>.Update(scratch + panels.Scores, new KeyStrips(keys, lanes, keys), lanes,
            scratch + panels.Maxima, scratch + panels.Sums, scratch + panels.Rescale);
        BroadcastOperand v = new()
        {
            Start = scratch + panels.Values,
            Rows = panels.ValueHeadDim,
            RowStride = 1,
            Steps = keys,
            StepStride = panels.ValueHeadDim,
        };
        PanelProduct<TWidth, TVector>.Multiply(scratch + panels.Output, v, scratch + panels.Scores, lanes, lanes,
            start.RescaledIf(raised), scratch + panels.Rescale);
    }

    // s = -inf where the lane's query does not see the key.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Hide(in QueryBox box, Extents first, Extents count, float* scratch)
    {
        float* low = scratch + limits, high = low + panels.Lanes, scores = scratch + panels.Scores;
        new Span<float>(low, panels.Lanes).Clear(); // padded lanes see all, and nobody looks
        new Span<float>(high, panels.Lanes).Fill(count.X);
        for (int z = first.Z; z < first.Z + count.Z; z++)
        {
            for (int y = first.Y; y < first.Y + count.Y; y++)
            {
                LaneBounds.Find(box, z, y, first.X, low, high);
                HideRow(scores, count.X, low, high);
                scores += count.X * panels.Lanes;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void HideRow(float* scores, int keys, float* low, float* high)
    {
        TVector hidden = TWidth.Broadcast(float.NegativeInfinity);
        for (int lane = 0; lane < panels.Lanes; lane += TWidth.Count)
        {
            TVector least = TWidth.Load(low + lane), greatest = TWidth.Load(high + lane);
            float* score = scores + lane;
            for (int x = 0; x < keys; x++, score += panels.Lanes)
            {
                TWidth.Store(TWidth.SelectBetween(
                    TWidth.Broadcast(x), least, greatest, TWidth.Load(score), hidden), score);
            }
        }
    }

    private void Epilogue(in QueryBox box, in BoxTensors<T> t, float* scratch)
    {
        int count = (int)box.Count.Volume;
        new Span<float>(scratch + panels.Rescale, panels.Lanes).Fill(1);
        OutputPanel<float>.Unpack(scratch + rows, panels.ValueHeadDim, count, panels, scratch, scratch);
        TokenRows<T>.Scatter(
            scratch + rows, panels.ValueHeadDim, box.Queries, t.Output, Problem.Strides.Output.Sequence);
        if (t.Lse == null)
        {
            return;
        }

        for (BoxRuns runs = box.Queries; runs.MoveNext();)
        {
            for (int n = 0; n < runs.Length; n++)
            {
                int lane = runs.Row + n;
                t.Lse[(runs.Token + (n * runs.Step)) * Problem.LseStrides.Sequence] =
                    LogSumExp.FromBase2(scratch[panels.Maxima + lane], scratch[panels.Sums + lane]);
            }
        }
    }

    private static int RoundUp(int value, int multiple) => checked(value + multiple - 1) / multiple * multiple;
}
