using System.Text.Json;
using System.Text.RegularExpressions;
using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Probes;
using NativeAttention.DeviceBenchmarks.Tests.Support;

namespace NativeAttention.DeviceBenchmarks.Tests.Probes;

public sealed partial class ProbeTests
{
    private const int Blocks = 3;

    [TestCase("f16")]
    [TestCase("bf16")]
    [TestCase("f32")]
    public void Matrix_products_add_up(string dtype)
    {
        Random random = NewRandom();
        // Small whole numbers: every product and sum is exact in every type.
        Check(new MatmulWork(dtype, () => random.Next(-4, 5)), "sm_80");
        Check(new MatmulWork(dtype, random.NextDouble), "sm_80");
    }

    [TestCase("f16")]
    [TestCase("bf16")]
    public void Products_of_warpgroups_add_up(string dtype)
    {
        Random random = NewRandom();
        Check(new WgmmaWork(dtype, () => random.Next(-4, 5)), "sm_90a");
        Check(new WgmmaWork(dtype, random.NextDouble), "sm_90a");
    }

    [Test]
    public void Fused_multiply_adds_are_those_of_the_host()
    {
        Random random = NewRandom();
        Check(new FmaWork(random.NextSingle(), random.NextSingle()), "sm_80");
    }

    [Test]
    public void Reading_reads_everything_once() => Check(new ReadWork(Blocks, 2, NewRandom()), "sm_80");

    [Test]
    public void The_empty_probe_does_nothing() => Check(new EmptyWork(), "sm_80");

    [Test]
    public void A_wrong_word_is_found()
    {
        Assert.Multiple(() =>
        {
            foreach (IProbeWork work in AllWork())
            {
                Assert.That(WrongOutput(work), Is.Not.Null, work.Probe.Name);
            }
        });
    }

    [TestCaseSource(nameof(Names))]
    public void The_ptx_is_what_the_table_says(string name)
    {
        Probe probe = Probe.All.Single(p => p.Name == name);
        string ptx = ProbeKernel.ReadPtx(probe);
        Match threads = ThreadsPattern().Match(ptx);
        Assert.Multiple(() =>
        {
            Assert.That(ptx, Does.Contain($".entry {probe.Name}("));
            Assert.That(threads.Groups["x"].Value, Is.EqualTo($"{probe.Threads}"));
            Assert.That(ptx, Does.Match(@"\.param \.align 8 \.b8 \w+\[24\]"), "ProbeParameters");
            Assert.That(ptx, Does.Match(probe.Name.EndsWith("sm90a", StringComparison.Ordinal)
                ? @"\.target sm_90a" : @"\.target sm_80"));
            Assert.That(ptx, Does.Not.Match(@"\.local\b"));
        });
    }

    [Test]
    public void The_manifest_has_the_probes_of_the_table()
    {
        string path = Path.Combine(SourceTree.Root(), "native/manifest/probes.json");
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(path));
        IEnumerable<(string?, int, int)> entries =
            from module in manifest.RootElement.GetProperty("modules").EnumerateArray()
            from entry in module.GetProperty("entries").EnumerateArray()
            select (entry.GetProperty("name").GetString(), entry.GetProperty("threads").GetInt32(),
                entry.GetProperty("sharedBytes").GetInt32());
        Assert.That(entries, Is.EquivalentTo(Probe.All.Select(p => ((string?)p.Name, p.Threads, p.SharedBytes))));
    }

    [Test]
    public void Probes_do_not_ship() =>
        Assert.That(KernelCatalog.Kernels.Select(k => k.Module), Has.None.Contains("probe"));

    [Test]
    public void Work_of_an_iteration_by_hand()
    {
        Assert.Multiple(() =>
        {
            // 8 warps, 16 products of 16 x 8 x 16, a multiplication and an addition each.
            Assert.That(Probe.Matmul("f16").WorkPerBlock, Is.EqualTo(8 * 16 * 4096));
            Assert.That(Probe.Matmul("f32").WorkPerBlock, Is.EqualTo(8 * 16 * 2048), "three tf32 products are one");
            // 2 warpgroups, 4 times 64 x 256 x 64.
            Assert.That(Probe.Wgmma("bf16").WorkPerBlock, Is.EqualTo(2 * 4 * 2 * 64 * 256 * 64));
            Assert.That(Probe.Fma.WorkPerBlock, Is.EqualTo(256 * 16 * 4 * 2));
            Assert.That(Probe.Read.WorkPerBlock, Is.EqualTo(256 * 8 * 16));
        });
    }

    private static IEnumerable<string> Names => Probe.All.Select(p => p.Name);

    private static IProbeWork[] AllWork()
    {
        Random random = new(1);
        return
        [
            new MatmulWork("bf16", random.NextDouble), new MatmulWork("f32", random.NextDouble),
            new WgmmaWork("f16", random.NextDouble), new FmaWork(0.5f, 1), new ReadWork(Blocks, 1, random),
            new EmptyWork(),
        ];
    }

    private static string? WrongOutput(IProbeWork work)
    {
        // Not what any of them leaves.
        uint[] output = new uint[Blocks * work.Probe.Threads * work.OutputsPerThread];
        Array.Fill(output, BitConverter.SingleToUInt32Bits(1234.5f));
        return work.Check(output, work.Iterations ?? 1);
    }

    private static void Check(IProbeWork work, string target)
    {
        using CudaDevice device = TestDevices.Open(target);
        if (target == "sm_90a" && device.ComputeCapability != new Version(9, 0))
        {
            Assert.Ignore($"{device} has no wgmma: only compute capability 9.0 does.");
        }

        using CudaStream stream = device.CreateStream();
        using ProbeRun run = new(stream, work, Blocks);
        foreach (long iterations in work.Iterations is { } only ? [only] : new long[] { 0, 1, 5 })
        {
            Assert.That(run.Check(iterations), Is.Null, $"{iterations} iterations");
        }
    }

    private static Random NewRandom()
    {
        int seed = Random.Shared.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        return new Random(seed);
    }

    [GeneratedRegex(@"\.maxntid\s+(?<x>\d+), 1, 1")]
    private static partial Regex ThreadsPattern();
}
