using System.Text.Json;
using NativeAttention.Testing;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary>Scores and statistics as files of <c>nattn run</c>, against float64.</summary>
[TestFixture("cpu")]
[TestFixture("emulator")]
public class RunScoreTests(string device)
{
    private static readonly AttentionShape Shape = new(2, 9, 11, 4, 2, 6);

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("scaled", ScoreStage.Scaled)]
    [TestCase("soft-capped", ScoreStage.SoftCapped)]
    [TestCase("masked", ScoreStage.Masked)]
    [TestCase("probabilities", ScoreStage.Probabilities)]
    public void Files_agree_with_float64(string name, ScoreStage stage)
    {
        Check<float>(ElementType.Float32, name, stage);
        Check<Half>(ElementType.Float16, name, stage);
    }

    [Test]
    public void Probabilities_are_the_default_and_a_rung_is_one_of_attention()
    {
        _folder.WriteRamp("q.npy", 3, 2, 4);
        _folder.WriteRamp("k.npy", 5, 2, 4);
        ToolResult result = Run("--value", _folder["k.npy"], "--scores", _folder["s.npy"], "--rung", "tiled",
            "--block-maxima", _folder["m.npy"]);
        float[] p = _folder.Read("s.npy").Values<float>();
        Assert.That(_folder.Read("s.npy").Shape, Is.EqualTo(new long[] { 2, 3, 5 }), "batch 1 is left out");
        Assert.That(_folder.Read("m.npy").Shape, Is.EqualTo(new long[] { 2, 1, 1 }), "blocks of 64");
        Assert.That(p.Chunk(5).Select(row => row.Sum()), Is.All.EqualTo(1).Within(1e-5));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "k.npy", "m.npy", "o.npy", "q.npy", "s.npy" }));
        JsonElement scores = result.Json.GetProperty("scores");
        Assert.That(scores.GetProperty("stage").GetString(), Is.EqualTo("probabilities"));
        Assert.That(scores.GetProperty("blockSide").GetInt32(), Is.EqualTo(64));
        Assert.That(scores.GetProperty("kernel").GetString(), Does.Contain("_scores_"));
    }

    [Test]
    public void What_is_wrong_is_one_line_and_writes_nothing()
    {
        _folder.WriteRamp("q.npy", 3, 2, 4);
        _folder.WriteRamp("k.npy", 5, 2, 4);
        Fails("--score-stage needs --scores beside it", "--score-stage", "masked");
        Fails("--block-side needs --block-maxima beside it", "--block-side", "3");
        Fails("--score-stage is 'raw'; allowed are scaled, soft-capped, masked, probabilities", "--scores", "s.npy",
            "--score-stage", "raw");
        Fails("--block-side is 0; allowed are whole numbers from 1", "--block-maxima", "m.npy", "--block-side", "0");
        Fails("--cu-query and --row-entropy exclude each other", "--row-entropy", "e.npy", "--cu-query", "c.npy");
        Fails("--column-sums and --scores are the same file", "--scores", _folder["s.npy"], "--column-sums",
            _folder["s.npy"]);
        Assert.That(_folder.Names, Is.EqualTo(new[] { "k.npy", "q.npy" }));

        void Fails(string message, params string[] arguments) =>
            ToolResult.Of(new SystemDevices(), Arguments(["--value", _folder["k.npy"], .. arguments]))
                .AssertFailed(ExitCodes.BadInput, message);
    }

    private void Check<T>(ElementType type, string name, ScoreStage stage)
        where T : unmanaged
    {
        AttentionOptions options = new()
        {
            Mask = AttentionMask.Causal,
            SoftCap = 1.5f,
            Operands = new() { KeyLengths = true },
        };
        AttentionCase problem = new(type, Shape, options, seed: 12);
        AttentionBuffers<T> buffers = problem.Allocate<T>();
        _folder.Write<T>("q.npy", buffers.Query.AsSpan(0, 2 * 9 * 4 * 6), 2, 9, 4, 6);
        _folder.Write<T>("k.npy", buffers.Key.AsSpan(0, 2 * 11 * 2 * 6), 2, 11, 2, 6);
        _folder.Write<int>("lengths.npy", problem.Operands.KeyLengths!, 2);
        ToolResult result = Run("--value", _folder["k.npy"], "--causal", "--softcap", "1.5", "--key-lengths",
            _folder["lengths.npy"], "--scores", _folder["s.npy"], "--score-stage", name, "--column-sums",
            _folder["c.npy"], "--row-entropy", _folder["e.npy"], "--block-maxima", _folder["m.npy"],
            "--block-side", "3");
        Assert.That(_folder.Read("s.npy").Shape, Is.EqualTo(new long[] { 2, 4, 9, 11 }));
        Assert.That(_folder.Read("c.npy").Shape, Is.EqualTo(new long[] { 2, 4, 11 }));
        Assert.That(_folder.Read("e.npy").Shape, Is.EqualTo(new long[] { 2, 4, 9 }));
        Assert.That(_folder.Read("m.npy").Shape, Is.EqualTo(new long[] { 2, 4, 3, 4 }));
        Assert.That(result.Json.GetProperty("scores").GetProperty("stage").GetString(), Is.EqualTo(name));
        new ScoreResult([.. _folder.Read("s.npy").Values<T>().Select(Elements.ToDouble)], Read("c.npy"),
            Read("e.npy"), Read("m.npy")).RequireNear(problem,
                new() { Scores = stage, ColumnSums = true, RowEntropy = true, BlockMaxima = 3 }, scoreBits: 21);

        double[] Read(string file) => [.. _folder.Read(file).Values<float>().Select(x => (double)x)];
    }

    private ToolResult Run(params string[] arguments)
    {
        ToolResult result = ToolResult.Of(new SystemDevices(), Arguments([.. arguments, "--json"]));
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        return result;
    }

    private string[] Arguments(string[] more) =>
        ["run", "--query", _folder["q.npy"], "--key", _folder["k.npy"], "--output", _folder["o.npy"], "--device",
            device, .. more];
}
