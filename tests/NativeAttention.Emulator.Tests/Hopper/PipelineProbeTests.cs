using System.Diagnostics;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// A warp-specialised product as the compiler makes it (<c>Kernels/pipeline_probe.cu</c>): tensor maps,
/// mbarriers, wgmma, named barriers, setmaxnreg and a tensor store, right against binary64 in every order of
/// warps and with asynchronous work early and late.
/// </summary>
internal sealed class PipelineProbeTests
{
    private const int Tile = 128;
    private const int Depth = 64;
    private const int Threads = 384;
    private const int SharedBytes = (6 * Tile * Depth * 2) + 48;

    private static IEnumerable<TestCaseData> Ways => HopperKernel.WayCases;

    private static readonly Lazy<string> _ptx = new(() =>
    {
        using Stream stream = typeof(PipelineProbeTests).Assembly.GetManifestResourceStream("pipeline_probe.ptx")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    });

    [TestCaseSource(nameof(Ways))]
    public void Product_agrees_with_binary64(EmulatorOptions options)
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        (float worst, EmulatorFault? fault) = Run(_ptx.Value, options, m: 200, n: 136, k: 424, new Random(seed));
        Assert.That(fault, Is.Null, fault?.ToString());
        Assert.That(worst, Is.LessThan(1e-4f));
    }

    // The compiled text with one thing broken each.
    [TestCase("wgmma.wait_group.sync.aligned 1;", "", EmulatorFaultKind.SharedRace, EmulatorFaultKind.AsyncSourceOverwritten)]
    [TestCase("wgmma.fence.sync.aligned;", "", EmulatorFaultKind.WgmmaMisuse, EmulatorFaultKind.WgmmaMisuse)]
    [TestCase("fence.proxy.async.shared::cta;", "", EmulatorFaultKind.MissingProxyFence, EmulatorFaultKind.MissingProxyFence)]
    [TestCase("fence.mbarrier_init.release.cluster;", "", EmulatorFaultKind.MissingProxyFence, EmulatorFaultKind.MissingProxyFence)]
    [TestCase("cp.async.bulk.wait_group.read 0;", "", EmulatorFaultKind.AsyncCopyNotWaited, EmulatorFaultKind.AsyncCopyNotWaited)]
    [TestCase("bar.sync 1, 256;", "bar.sync 1, 384;", EmulatorFaultKind.Deadlock, EmulatorFaultKind.BarrierMisuse)]
    [TestCase("setmaxnreg.inc.sync.aligned.u32 232;", "setmaxnreg.inc.sync.aligned.u32 240;", EmulatorFaultKind.Deadlock, EmulatorFaultKind.Deadlock)]
    public void A_mutation_is_reported(
        string statement, string replacement, EmulatorFaultKind kind, EmulatorFaultKind other)
    {
        Assert.That(_ptx.Value, Does.Contain(statement));
        string broken = _ptx.Value.Replace(statement, replacement, StringComparison.Ordinal);
        foreach (EmulatorOptions way in HopperKernel.Ways)
        {
            (_, EmulatorFault? fault) = Run(broken, way, m: 128, n: 128, k: 640, new Random(1));
            Assert.That(fault?.Kind, Is.EqualTo(kind).Or.EqualTo(other),
                $"{way.Order} {way.AsyncCopies} {way.Seed}: {fault}");
        }
    }

    [Test]
    [Explicit("a measurement")]
    public void Speed()
    {
        foreach (EmulatorChecks checks in new[] { EmulatorChecks.None, EmulatorChecks.All })
        {
            foreach (AsyncCopyMode mode in new[] { AsyncCopyMode.Early, AsyncCopyMode.Late })
            {
                EmulatorOptions options = HopperKernel.Options with { Checks = checks, AsyncCopies = mode };
                TestContext.Out.WriteLine($"{checks} {mode}: {BestRate(options):F1} GFLOP/s");
            }
        }
    }

    /// <summary>The best of many launches that are shorter than the time slices of a shared machine.</summary>
    private static double BestRate(EmulatorOptions options)
    {
        const int K = 1024;
        using PtxMachine machine = new(_ptx.Value, options);
        object[] arguments = Upload(machine, new float[Tile, K], new float[Tile, K], Tile, Tile, K, out _);
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < 1500; i++)
        {
            long start = Stopwatch.GetTimestamp();
            machine.Launch((1, 1, 1), (Threads, 1, 1), SharedBytes, null, arguments);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            best = elapsed < best ? elapsed : best;
        }
        return 2.0 * Tile * Tile * K / best.TotalSeconds * 1e-9;
    }

    private static (float Worst, EmulatorFault? Fault) Run(
        string ptx, EmulatorOptions options, int m, int n, int k, Random random)
    {
        float[,] a = Draw(m, k, random), b = Draw(n, k, random);
        using PtxMachine machine = new(ptx, options);
        object[] arguments = Upload(machine, a, b, m, n, k, out ulong c);
        (uint, uint, uint) grid = ((uint)(m + Tile - 1) / Tile, (uint)(n + Tile - 1) / Tile, 1);
        EmulatorFault? fault = machine.Launch(grid, (Threads, 1, 1), SharedBytes, null, arguments);
        if (fault is not null)
        {
            return (0, fault);
        }
        float[] got = machine.Download<float>(c, m * n);
        double worst = 0;
        for (int i = 0; i < m * n; i++)
        {
            double sum = 0;
            for (int x = 0; x < k; x++)
            {
                sum += (double)a[i / n, x] * b[i % n, x];
            }
            worst = Math.Max(worst, Math.Abs(sum - got[i]));
        }
        return ((float)worst, null);
    }

    /// <summary>Values between -1 and 1 that bfloat16 holds.</summary>
    private static float[,] Draw(int rows, int columns, Random random)
    {
        float[,] values = new float[rows, columns];
        for (int i = 0; i < values.Length; i++)
        {
            values[i / columns, i % columns] = random.Next(-128, 129) / 128f;
        }
        return values;
    }

    private static object[] Upload(
        PtxMachine machine, float[,] a, float[,] b, int m, int n, int k, out ulong c)
    {
        c = machine.Upload<float>(Enumerable.Repeat(float.NaN, m * n).ToArray());
        byte[] mapA = Map(TensorType.BFloat16, UploadNarrow(machine, a), k, m, 2, Depth, 3);
        byte[] mapB = Map(TensorType.BFloat16, UploadNarrow(machine, b), k, n, 2, Depth, 3);
        byte[] mapC = Map(TensorType.Float32, c, n, m, 4, Tile, 0);
        return [mapA, machine.Upload<byte>([.. mapB, .. mapC]), (k + Depth - 1) / Depth];
    }

    private static ulong UploadNarrow(PtxMachine machine, float[,] values)
    {
        return machine.Upload<ushort>(values.Cast<float>()
            .Select(x => (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16)).ToArray());
    }

    private static byte[] Map(
        TensorType type, ulong address, int columns, int rows, int bytes, int boxColumns, int swizzle)
    {
        TensorMapRequest request = new()
        {
            Type = type,
            Rank = 2,
            Address = address,
            Sizes = [(ulong)columns, (ulong)rows],
            Strides = [(ulong)(columns * bytes)],
            Box = [(uint)boxColumns, Tile],
            Steps = [1, 1],
            Swizzle = swizzle,
        };
        Assert.That(request.Problem(), Is.Null);
        byte[] image = new byte[TensorMap.ImageBytes];
        TensorMap.Write(request, image);
        return image;
    }
}
