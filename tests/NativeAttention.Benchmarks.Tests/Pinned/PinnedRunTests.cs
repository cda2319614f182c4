using NativeAttention.Benchmarks.App;
using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Benchmarks.Probes;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests.Pinned;

/// <summary>The table from its cases to the file that it leaves.</summary>
public class PinnedRunTests
{
    private static readonly Pace Tiny = new(Passes: 2, Warmup: 1, Iterations: 2, Milliseconds: 0);
    private static readonly Peer Nobody = Peer.Of(null, pin: false);

    [Test]
    public void Every_case_of_the_table_runs_and_is_compared_with_float64()
    {
        ResultRun run = Measure(TinyTable.Cases, Nobody).Run;
        Assert.That(run.Measurements.Select(m => m.Case), Is.EqualTo(TinyTable.Cases.Select(c => c.Id)));
        Assert.That(run.Run.Note, Is.EqualTo(
            "threads not pinned; no peer was measured: --ggml was not given; a test"));
        Assert.That(run.Ceilings.Count(), Is.EqualTo(Probe.All.DistinctBy(p => (p.Name, p.Threads)).Count()));
        foreach (MeasurementLine line in run.Measurements)
        {
            Assert.That(line.Provider, Is.EqualTo("nattn-cpu"));
            Assert.That(line.Seconds!.Samples, Is.EqualTo(4), line.Case);
            Assert.That(line.Seconds.Median, Is.InRange(1e-9, 1), line.Case);
            Assert.That(line.MaxError, Is.InRange(0, 1e-2), line.Case);
            Assert.That(line.AllocatedBytes, Is.Not.Null, line.Case);
        }
    }

    private static IEnumerable<TestCaseData> WithPlain()
    {
        yield return new TestCaseData((object)TinyTable.Modifiers).SetArgDisplayNames("modifiers");
        yield return new TestCaseData((object)TinyTable.Maps).SetArgDisplayNames("maps");
    }

    [TestCaseSource(nameof(WithPlain))]
    public void Modifiers_and_maps_take_turns_with_plain_attention_of_the_same_shape(BenchCase[] cases)
    {
        ResultRun run = Measure(cases, Peer.Plain).Run;
        Assert.That(run.Measurements.Select(m => (m.Case, m.Provider)), Is.EqualTo(
            cases.SelectMany(c => new[] { (c.Id, "nattn-cpu"), (c.Id, "plain") })));
        foreach (MeasurementLine line in run.Measurements)
        {
            Assert.That(line.Status, Is.EqualTo(ResultStatus.Ok), line.Case);
            Assert.That(line.MaxError, Is.InRange(0, 1e-2), line.Case);
            Assert.That(line.Seconds!.Samples, Is.EqualTo(4), line.Case);
        }
    }

    [Test]
    public void A_peer_takes_its_turns_on_what_it_does_not_refuse()
    {
        FakeContender peer = new();
        BenchCase[] cases = [.. TinyTable.Cases.Where(c =>
            c is { Threads: null, Mask: var mask, Shape: { HeadDim: 64, KeyLength: 130 } } && mask == AttentionMask.None)];
        ResultRun run = Measure(cases, new Peer(peer, [], "a fake peer")).Run;
        Assert.That(run.Measurements.Select(m => (m.Dtype, m.Provider)), Is.EqualTo(new[]
        {
            ("f32", "nattn-cpu"), ("f32", "ggml"), ("f16", "nattn-cpu"), ("f16", "ggml"), ("bf16", "nattn-cpu"),
        }).Or.EqualTo(new[]
        {
            ("f32", "nattn-cpu"), ("f32", "ggml"), ("f32", "nattn-cpu"), ("f32", "ggml"),
            ("f16", "nattn-cpu"), ("f16", "ggml"), ("bf16", "nattn-cpu"),
        }));
        MeasurementLine line = run.Measurements.First(m => m.Provider == "ggml");
        Assert.That((line.Kernel, line.MaxError, line.Seconds!.Median, line.AllocatedBytes),
            Is.EqualTo(("a kernel, version 2", 1.5e-7, 1e-3, 0.25)));
        Assert.That(peer.Asked.Count(a => a.StartsWith("measure", StringComparison.Ordinal)),
            Is.EqualTo(6 * peer.Asked.Count(a => a.StartsWith("prepare", StringComparison.Ordinal))),
            "two passes of one warm-up and two samples");
        Assert.That(peer.IsDisposed);
    }

    [Test]
    public void Figures_of_a_file_stand_beside_ours()
    {
        BenchCase @case = CpuTable.Cases.Single(c => c.Id == "dense-f32-b1-h8x8-s128x128-d64x64");
        Peer peer = WithFile(file => Peer.Of(file, pin: false),
            Line("ggml", @case), Line("ggml", CpuTable.Cases[2]), Line("torch", @case));
        Assert.That(peer.Contender, Is.Null);
        Assert.That(peer.Stored, Has.Count.EqualTo(2));
        (ResultRun run, string output) = Measure([@case], peer);
        Assert.That(run.Run.Note, Does.Contain("ggml's figures are of another run: else-4core on 2026-11-20"));
        Assert.That(run.Measurements.Select(m => (m.Case, m.Provider)),
            Is.EqualTo(new[] { (@case.Id, "nattn-cpu"), (@case.Id, "ggml") }));
        Assert.That(run.Goals.Select(g => (g.Case, g.Against)), Is.EqualTo(new[] { (@case.Id, "ggml") }));
        Assert.That(output, Does.Contain("prefill of 128 and 256 keys: speed over ggml: ")
            .And.Contain("(floor 2.00, aim 2.50): aim reached"), "it took a second");
    }

    [Test]
    public void Files_that_do_not_help_are_refused()
    {
        BenchCase elsewhere = CpuTable.Cases[0] with { Shape = new AttentionShape(1, 7, 7, 1, 1, 3) };
        AssertRefused("which has no measurement of provider 'ggml' on a case of this table",
            () => WithFile(f => Peer.Of(f, false), Line("ggml", elsewhere), Line("torch", CpuTable.Cases[0])));
        AssertRefused("there is no such folder and no such file", () => Peer.Of("/no/such", false));
        using TempFolder folder = new();
        AssertRefused("a folder without libggml-base.so", () => Peer.Of(folder.Path, false));
        File.WriteAllText(Path.Combine(folder.Path, "libggml-base.so"), "no library");
        AssertRefused("a folder without libggml-cpu.so", () => Peer.Of(folder.Path, false));
        File.WriteAllText(Path.Combine(folder.Path, "libggml-cpu.so"), "no library");
        AssertRefused("whose libraries do not load", () => Ggml.GgmlLibrary.Load(folder.Path));
        string broken = Path.Combine(folder.Path, "broken.jsonl");
        File.WriteAllText(broken, "{}\n");
        AssertRefused("broken.jsonl:1: a line must be", () => Peer.Of(broken, false));
    }

    private static void AssertRefused(string message, Action action)
    {
        ToolException? refusal = Assert.Catch<ToolException>(() => action());
        Assert.That(refusal!.Message, Does.Contain(message));
        Assert.That(refusal.ExitCode, Is.EqualTo(ExitCodes.BadInput));
    }

    private static (ResultRun Run, string Output) Measure(IReadOnlyList<BenchCase> cases, Peer peer)
    {
        using TempFolder folder = new();
        using StringWriter output = new() { NewLine = "\n" };
        BenchOptions options = new(null, Full: false, folder.Path, "some-machine", "a test");
        int code = new PinnedRun(output, options, Tiny, cases, peer, pin: false).Run();
        Assert.That(code, Is.EqualTo(ExitCodes.Ok), output.ToString());
        Assert.That(File.Exists(Path.Combine(folder.Path, "report.md")));
        return (ResultReader.Read(Path.Combine(folder.Path, "results.jsonl")).Runs.Single(), output.ToString());
    }

    private static T WithFile<T>(Func<string, T> use, params MeasurementLine[] lines)
    {
        using TempFolder folder = new();
        string file = Path.Combine(folder.Path, "peer.jsonl");
        using (ResultWriter writer = new(file))
        {
            writer.Append(new RunLine
            {
                Schema = RunLine.CurrentSchema,
                Date = new DateTime(2026, 11, 20, 0, 0, 0, DateTimeKind.Utc),
                Commit = "1234567",
                Machine = "else-4core",
                Device = "cpu",
                Mode = "short",
            });
            foreach (MeasurementLine line in lines)
            {
                writer.Append(line);
            }
        }

        return use(file);
    }

    private static MeasurementLine Line(string provider, BenchCase @case) => @case.Line(provider, null) with
    {
        Status = ResultStatus.Ok,
        Seconds = new Timing { Median = 1 },
    };
}
