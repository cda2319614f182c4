using System.Runtime.Intrinsics;
using NativeAttention.Cpu;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>The tiled kernel on random lists of key tiles, which no public pattern has yet.</summary>
public class ListedTilesTests
{
    private static readonly KeyBand[] Bands =
    [
        KeyBand.Unbounded, new(-KeyBand.Open, 0), new(-KeyBand.Open, 37), new(-70, 20), new(15, KeyBand.Open),
    ];

    [Test]
    public void Random_lists_agree_with_float64()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int i = 0; i < 60; i++)
        {
            AttentionShape shape = new(random.Next(1, 3), random.Next(1, 200), random.Next(0, 300), 4, 2,
                random.Next(1, 80), random.Next(1, 80));
            KeyBand band = Bands[random.Next(Bands.Length)];
            TileSchedule grid = new(shape.QueryLength, shape.KeyLength, band, random.Next(1, 100),
                random.Next(1, 130));
            bool[,] listed = Choose(random, grid, density: random.Next(3) / 2.0);
            string context = $"seed {seed}, case {i}: {shape}, {grid}";
            Check<Width512, Vector512<float>>(shape, grid, listed, context);
            Check<Width256, Vector256<float>>(shape, grid, listed, context);
            Check<WidthScalar, float>(shape, grid, listed, context);
        }
    }

    // Both forms walk the same loop, so that a list of everything has nothing to differ by.
    [Test]
    public void A_list_of_all_tiles_gives_the_bits_of_the_band()
    {
        AttentionShape shape = new(2, 150, 333, 4, 2, 64);
        foreach (KeyBand band in Bands)
        {
            AttentionProblem problem = Problem(shape, band);
            TileSchedule range = TiledKernel<float, Width512, Vector512<float>>.DefaultSchedule(problem);
            bool[,] all = new bool[range.QueryTiles, range.KeyTileCount];
            foreach (int n in Enumerable.Range(0, all.Length))
            {
                all[n / range.KeyTileCount, n % range.KeyTileCount] = true;
            }

            double[] q = Inputs(shape.QueryHeads * shape.QueryLength, shape, 1);
            double[] kv = Inputs(shape.KeyValueHeads * shape.KeyLength, shape, 2);
            (double[] expected, _) = Solve<Width512, Vector512<float>>(problem, range, q, kv, kv);
            (double[] actual, _) = Solve<Width512, Vector512<float>>(problem, List(range, all), q, kv, kv);
            Assert.That(actual, Is.EqualTo(expected), band.ToString());
        }
    }

    private static void Check<TWidth, TVector>(AttentionShape shape, TileSchedule grid, bool[,] listed,
        string context)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        const ElementType type = ElementType.Float32;
        AttentionProblem problem = Problem(shape, grid.Band);
        int queries = shape.Batch * shape.QueryHeads * shape.QueryLength;
        int keys = shape.Batch * shape.KeyValueHeads * shape.KeyLength;
        double[] q = RandomTensor.Normal(type, queries * shape.HeadDim, 1);
        double[] k = RandomTensor.Normal(type, keys * shape.HeadDim, 2);
        double[] v = RandomTensor.Normal(type, keys * shape.ValueHeadDim, 3);
        AttentionReference reference = ReferenceAttention.Compute(shape, Visible, problem.Scale, q, k, v);
        AttentionBound bound = AttentionBound.Of(type, reference,
            DenseAttention.Compute(type, shape, Visible, problem.Scale, q, k, v).Output);
        (double[] output, double[] lse) = Solve<TWidth, TVector>(problem, List(grid, listed), q, k, v);
        context += $", {TWidth.Name}";
        AttentionComparer.MaxError("output", output, reference.Output, bound.Output, n => $"{n}", context);
        AttentionComparer.MaxError("lse", lse, reference.Lse, bound.Lse, n => $"{n}", context);

        bool Visible(int i, int j) => listed[i / grid.QueryTile, j / grid.KeyTile]
            && j >= i + grid.Band.Left && j <= i + grid.Band.Right;
    }

    private static AttentionProblem Problem(AttentionShape shape, KeyBand band) =>
        AttentionProblem.Create(ElementType.Float32, shape,
            new() { Mask = new BandMask(band.Left, band.Right), Layout = AttentionLayout.Bhsd });

    private static (double[] Output, double[] Lse) Solve<TWidth, TVector>(AttentionProblem problem,
        TileSchedule schedule, double[] q, double[] k, double[] v)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        AttentionShape shape = problem.Shape;
        float[] output = new float[q.Length / shape.HeadDim * shape.ValueHeadDim];
        float[] lse = new float[q.Length / shape.HeadDim];
        Array.Fill(output, Elements.Poison<float>());
        Array.Fill(lse, Elements.Poison<float>());
        using CpuPlan<float> plan = new(problem, new TiledKernel<float, TWidth, TVector>(problem, schedule));
        plan.Run(Narrow(q), Narrow(k), Narrow(v), output, lse);
        return (Array.ConvertAll(output, x => (double)x), Array.ConvertAll(lse, x => (double)x));
    }

    private static bool[,] Choose(Random random, TileSchedule grid, double density)
    {
        bool[,] listed = new bool[grid.QueryTiles, grid.KeyTileCount];
        for (int m = 0; m < grid.QueryTiles; m++)
        {
            for (int n = 0; n < grid.KeyTileCount; n++)
            {
                listed[m, n] = random.NextDouble() < density;
            }
        }

        return listed;
    }

    private static TileSchedule List(TileSchedule grid, bool[,] listed)
    {
        List<int> offsets = [0], tiles = [];
        for (int m = 0; m < grid.QueryTiles; m++)
        {
            tiles.AddRange(Enumerable.Range(0, grid.KeyTileCount).Where(n => listed[m, n]));
            offsets.Add(tiles.Count);
        }

        return grid with { List = KeyTileList.Create(grid, [.. offsets], [.. tiles]) };
    }

    private static double[] Inputs(int rows, AttentionShape shape, int seed) =>
        RandomTensor.Normal(ElementType.Float32, shape.Batch * rows * shape.HeadDim, seed);

    private static float[] Narrow(double[] values) => Array.ConvertAll(values, x => (float)x);
}
