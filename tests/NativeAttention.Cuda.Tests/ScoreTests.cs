using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Stages and statistics of the shipped PTX against float64 and against the CPU, on the emulator with all its checks.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class ScoreTests
{
    private const int RandomCases = 10;

    // Multiples of 16 have a path of their own.
    private static readonly int[] Sides = [16, 1, 64, 7, 48, 200];

    private CudaBackend _backend = null!;

    [OneTimeSetUp]
    public void Open() => _backend = CudaBackend.Open(TestDevice.Driver,
        TestDevice.NewOrdinal(NativeAttention.Emulation.EmulatorOptions.Default));

    [OneTimeTearDown]
    public void Close() => _backend.Dispose();

    [Test]
    public void Every_modifier_is_right([Values] ElementType type)
    {
        int seed = Seed();
        CheckAll(Scored(ModifierGrid.Each(type, largeDims: true)).Where(c => c.Seed % 6 == seed % 6), seed);
    }

    [Test]
    public void Combinations_are_right([Values] ElementType type)
    {
        int seed = Seed();
        CheckAll(Scored(ModifierGrid.Random(type, seed, 10 * RandomCases, largeDims: true)).Take(RandomCases), seed);
    }

    // Rows that see nothing; one query; tiles that nobody sees; more than one tile in both directions; a head dim
    // beyond that of attention itself.
    [TestCase(90, 20, 64)]
    [TestCase(1, 150, 33)]
    [TestCase(200, 330, 16)]
    [TestCase(5, 9, 300)]
    public void Lengths_are_right(int queries, int keys, int dim)
    {
        foreach (ElementType type in Enum.GetValues<ElementType>())
        {
            for (int n = 0; n < 4; n++)
            {
                AttentionMask mask = n % 2 == 0 ? AttentionMask.Causal : AttentionMask.Window(30, 5);
                AttentionCase c = new(type, new(1, queries, keys, 2, 1, dim), new() { Mask = mask }, seed: 30 + n);
                ScoreResult.Of(_backend, c, Request(n, withScores: n < 2), Bits(type));
            }
        }
    }

    [Test]
    public void Results_are_those_of_the_cpu([Values] ElementType type)
    {
        int seed = Seed();
        foreach (AttentionCase c in Scored(ModifierGrid.Random(type, seed, 4)))
        {
            ScoreRequest request = Request(c.Seed);
            ScoreResult cpu = ScoreResult.Of(CpuBackend.Default, c, request);
            ScoreResult gpu = ScoreResult.Of(_backend, c, request, Bits(type));
            // Twice what each may be wrong; the magnitude of the scores of these cases is below 100.
            double score = Math.ScaleB(100, -20) + (4 * Elements.UnitRoundoff(type) * 50);
            Near("scores", gpu.Scores, cpu.Scores, score);
            Near("sums", gpu.ColumnSums, cpu.ColumnSums, 1e-4 * Math.Max(1, c.Shape.QueryLength));
            Near("entropy", gpu.RowEntropy, cpu.RowEntropy, 1e-3);
            Near("maxima", gpu.BlockMaxima, cpu.BlockMaxima, 1e-4);

            void Near(string what, double[] actual, double[] expected, double bound) =>
                AttentionComparer.MaxError(what, actual, expected, bound, index => $"[{index}]", c.ToString());
        }
    }

    [Test]
    public void What_is_not_a_number_stays_in_its_row_and_column()
    {
        AttentionShape s = new(1, 70, 70, 1, 1, 16);
        float[] query = RandomData.Floats(70 * 16, 1), key = RandomData.Floats(70 * 16, 2), lse = new float[70];
        query[3 * 16] = float.NaN;
        key[69 * 16] = float.NaN;
        float[] scores = new float[70 * 70], entropy = new float[70], maxima = new float[35 * 35];
        using HostScorePlan<float> plan = _backend.PlanScores<float>(
            AttentionProblem.Create(ElementType.Float32, s, AttentionOptions.Causal),
            new() { Scores = ScoreStage.Masked, RowEntropy = true, BlockMaxima = 2 });
        plan.Run(new(query, key, default), lse, new()
        {
            Scores = scores,
            RowEntropy = entropy,
            BlockMaxima = maxima,
        });
        // The last query is the only one that sees the last key; rows of the tile behind it see it, too.
        for (int n = 0; n < scores.Length; n++)
        {
            (int i, int j) = Math.DivRem(n, 70);
            Assert.That(float.IsNegativeInfinity(scores[n]), Is.EqualTo(j > i), $"query {i}, key {j}");
            Assert.That(float.IsNaN(scores[n]), Is.EqualTo((i == 3 && j <= 3) || (i == 69 && j == 69)),
                $"query {i}, key {j}");
        }

        for (int n = 0; n < entropy.Length; n++)
        {
            Assert.That(float.IsNaN(entropy[n]), Is.EqualTo(n is 3 or 69), $"query {n}");
        }

        for (int n = 0; n < maxima.Length; n++)
        {
            (int i, int j) = Math.DivRem(n, 35);
            Assert.That(float.IsNaN(maxima[n]), Is.EqualTo((i == 1 && j <= 1) || (i == 34 && j == 34)),
                $"block {i}, {j}");
        }
    }

    private static int Seed()
    {
        int seed = Environment.TickCount & 0xffffff;
        TestContext.Out.WriteLine($"seed {seed}");
        return seed;
    }

    private void CheckAll(IEnumerable<AttentionCase> cases, int seed)
    {
        List<string> failures = [];
        int checks = 0;
        foreach (AttentionCase c in cases)
        {
            try
            {
                ScoreResult.Of(_backend, c, Request(seed + checks++), Bits(c.ElementType));
            }
            catch (Exception failure) when (failure is AttentionMismatchException or Bindings.CudaException)
            {
                failures.Add(failure.Message);
            }
        }

        Assert.That(failures, Is.Empty);
        Assert.That(checks, Is.GreaterThan(5));
    }

    private static IEnumerable<AttentionCase> Scored(IEnumerable<AttentionCase> cases) =>
        cases.Where(c => c.Options.Layout.Resolve(c.Shape).Packed is null);

    // Each stage with each way through the tiles, and statistics without scores, which leave tiles out.
    private static ScoreRequest Request(int n, bool withScores = true) => new()
    {
        Scores = withScores && n % 5 < 4 ? (ScoreStage)(n % 5) : null,
        ColumnSums = n % 3 != 1,
        RowEntropy = n % 3 != 2,
        BlockMaxima = n % 4 == 3 ? null : Sides[n % Sides.Length],
    };

    // Three products of tf32 keep 21 bits.
    private static int Bits(ElementType type) => type == ElementType.Float32 ? 21 : 22;
}
