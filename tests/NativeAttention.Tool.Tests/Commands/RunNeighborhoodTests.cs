using System.Text.Json;
using NativeAttention.Testing;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary><c>nattn run --neighborhood</c> on random input, checked against float64.</summary>
[TestFixture("cpu")]
[TestFixture("emulator")]
public class RunNeighborhoodTests(string device)
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private static IEnumerable<TestCaseData> Cases()
    {
        NeighborhoodShape plane = new(2, new GridShape(5, 7), 4, 2, 6, 3);
        yield return Case(plane, PatternSpec.Windows(3, 3), "--window", "3,3");
        yield return Case(plane, PatternSpec.Windows(3, 3), "--window", "3");
        yield return Case(plane, PatternSpec.Windows(new NeighborhoodAxis(2, Dilation: 2),
            new NeighborhoodAxis(3, Stride: 2, Dilation: 2, Causal: true)),
            "--window", "2,3", "--stride", "1,2", "--dilation", "2", "--causal-axes", "0,1");
        yield return Case(plane, PatternSpec.Windows(
            new NeighborhoodAxis(3, Edge: EdgeMode.Wrap), new NeighborhoodAxis(4, Edge: EdgeMode.Wrap)),
            "--window", "3,4", "--edge", "wrap");
        yield return Case(plane, PatternSpec.Windows(
            new NeighborhoodAxis(3, Edge: EdgeMode.Clip), new NeighborhoodAxis(4, Edge: EdgeMode.Clip)),
            "--window", "3,4", "--edge", "clip");
        yield return Case(new(1, new GridShape(9), 2, 2, 5), PatternSpec.Windows(4), "--window", "4");
        yield return Case(new(1, new GridShape(3, 4, 5), 2, 1, 5), PatternSpec.Windows(3, 2, 3), "--window", "3,2,3");
        yield return Case(plane with { ExtraKeys = 3 }, PatternSpec.Windows(3, 3), "--window", "3,3");
        yield return Case(plane with { KeyGrid = new GridShape(4, 3) }, PatternSpec.Windows(3, 2), "--window", "3,2");

        static TestCaseData Case(NeighborhoodShape shape, PatternSpec pattern, params string[] arguments) =>
            new TestCaseData(shape, pattern, arguments).SetArgDisplayNames(string.Join(' ', arguments), $"{shape}");
    }

    [TestCaseSource(nameof(Cases))]
    public void The_output_is_neighborhood_attention(NeighborhoodShape shape, PatternSpec pattern, string[] arguments)
    {
        JsonElement json = RunAndCheck<float>(new(ElementType.Float32, shape, pattern, seed: 4), arguments);
        Assert.That(json.GetProperty("device").GetString(), Is.EqualTo(device));
        Assert.That(json.GetProperty("pattern").GetString(), Is.EqualTo($"{pattern.Pattern}"));
        Assert.That(json.GetProperty("shape").GetProperty("map").GetArrayLength(), Is.EqualTo(shape.Grid.Rank));
        RunAndCheck<Half>(new(ElementType.Float16, shape, pattern, seed: 5), arguments);
    }

    [Test]
    public void A_relative_bias_and_a_scale_are_added()
    {
        NeighborhoodCase problem = new(ElementType.Float32, new(2, new GridShape(5, 7), 4, 2, 6), PatternSpec.Windows(3, 4), 8)
        {
            RelativeBias = true,
            Scale = -0.3f,
        };
        PairBuffers<float> buffers = problem.Allocate<float>();
        string bias = _folder.Write<float>("b.npy", buffers.Bias.AsSpan(0, 4 * 5 * 7), 4, 5, 7);
        RunAndCheck<float>(problem, "--window", "3,4", "--relative-bias", bias, "--scale", "-0.3");
    }

    [Test]
    public void A_window_beyond_the_map_is_cut_on_request()
    {
        NeighborhoodCase problem = new(ElementType.Float32, new(1, new GridShape(4, 6), 2, 2, 8), PatternSpec.Windows(5, 5), 3)
        {
            ClampWindow = true,
        };
        RunAndCheck<float>(problem, "--window", "5,5", "--clamp-window");
        Run("--window", "5,5").AssertFailed(ExitCodes.BadInput,
            "on axis 0 window 5 times dilation 1 is 5, more than the extent 4");
    }

    [Test]
    public void A_value_for_each_axis_makes_the_batch_axis_optional()
    {
        NeighborhoodCase problem = new(ElementType.Float32, new(1, new GridShape(4, 6), 2, 2, 8), PatternSpec.Windows(3, 3), 3);
        PairBuffers<float> buffers = Write<float>(problem, withBatch: false);
        ToolResult result = Run("--window", "3,3", "--lse", _folder["l.npy"]);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(_folder.Read("o.npy").Shape, Is.EqualTo(new long[] { 4, 6, 2, 8 }));
        Assert.That(_folder.Read("l.npy").Shape, Is.EqualTo(new long[] { 4, 6, 2 }));
        Check(problem, buffers);
    }

    [TestCase("--window is '3,0'; allowed are whole numbers from 1", "--window", "3,0")]
    [TestCase("--window is '3,-1'; allowed are whole numbers from 1", "--window", "3,-1")]
    [TestCase("--window is 'x'; allowed are whole numbers from 1", "--window", "x")]
    [TestCase("--neighborhood needs --window beside it")]
    [TestCase("--stride is '0'; allowed are whole numbers from 1", "--window", "3", "--stride", "0")]
    [TestCase("--causal-axes is '2,0'; allowed are whole numbers from 0 to 1", "--window", "3", "--causal-axes", "2,0")]
    [TestCase("--edge is 'bend'; allowed are shift, clip, wrap", "--window", "3", "--edge", "bend")]
    [TestCase("--stride has 3 values and --window has 2", "--window", "3,3", "--stride", "1,1,1")]
    [TestCase("--neighborhood and --causal exclude each other", "--window", "3,3", "--causal")]
    [TestCase("--neighborhood and --layout exclude each other", "--window", "3,3", "--layout", "bhsd")]
    [TestCase("--neighborhood and --softcap exclude each other", "--window", "3,3", "--softcap", "5")]
    [TestCase("--extra-key needs --extra-value beside it", "--window", "3,3", "--extra-key", "e.npy")]
    [TestCase("on axis 1 the stride is 4: it must lie between 1 and the window, which is 3", "--window", "3,3", "--stride", "1,4")]
    public void What_does_not_fit_is_refused(string message, params string[] arguments)
    {
        Write<float>(new(ElementType.Float32, new(2, new GridShape(4, 6), 2, 2, 8), PatternSpec.Windows(3, 3)));

        Run(arguments).AssertFailed(ExitCodes.BadInput, message);
        Assert.That(_folder.Names, Does.Not.Contain("o.npy"));
    }

    [Test]
    public void Options_of_maps_need_a_map()
    {
        Write<float>(new(ElementType.Float32, new(2, new GridShape(4, 6), 2, 2, 8), PatternSpec.Windows(3, 3)));
        ToolResult.Of(new SystemDevices(), ["run", "--query", _folder["q.npy"], "--key", _folder["k.npy"], "--value",
            _folder["v.npy"], "--output", _folder["o.npy"], "--dilation", "2"])
            .AssertFailed(ExitCodes.BadInput, "--dilation needs --neighborhood beside it");
    }

    [Test]
    public void Files_that_disagree_are_refused()
    {
        Write<float>(new(ElementType.Float32, new(2, new GridShape(4, 6), 2, 2, 8), PatternSpec.Windows(3, 3)));
        _folder.WriteRamp("v.npy", 2, 4, 5, 2, 8);
        Run("--window", "3,3").AssertFailed(ExitCodes.BadInput, "map is 4x5 (shape [2, 4, 5, 2, 8]); allowed is 4x6");
        _folder.WriteRamp("v.npy", 2, 4, 6, 2, 8);
        _folder.WriteRamp("b.npy", 2, 5, 4);
        Run("--window", "3,3", "--relative-bias", _folder["b.npy"]).AssertFailed(ExitCodes.BadInput,
            "shape is [2, 5, 4]; allowed is [2, 5, 5]");
    }

    private JsonElement RunAndCheck<T>(NeighborhoodCase problem, params string[] arguments)
        where T : unmanaged
    {
        TestContext.Out.WriteLine(problem);
        PairBuffers<T> buffers = Write<T>(problem);
        List<string> all = [.. arguments, "--lse", _folder["l.npy"], "--json"];
        if (problem.Shape.ExtraKeys > 0)
        {
            all.AddRange(["--extra-key", _folder["ek.npy"], "--extra-value", _folder["ev.npy"]]);
        }

        ToolResult result = Run([.. all]);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Check(problem, buffers);
        return result.Json;
    }

    private void Check<T>(NeighborhoodCase problem, PairBuffers<T> buffers)
        where T : unmanaged
    {
        _folder.Read("o.npy").Values<T>().CopyTo(buffers.Output, 0);
        _folder.Read("l.npy").Values<float>().CopyTo(buffers.Lse, 0);
        problem.Check(buffers);
    }

    private PairBuffers<T> Write<T>(NeighborhoodCase problem, bool withBatch = true)
        where T : unmanaged
    {
        PairBuffers<T> buffers = problem.Allocate<T>();
        NeighborhoodShape s = problem.Shape;
        long[] queries = Extents(s.Grid), keys = Extents(s.KeyGrid ?? s.Grid);
        WriteOne("q.npy", buffers.Query, [.. queries, s.QueryHeads, s.HeadDim]);
        WriteOne("k.npy", buffers.Key, [.. keys, s.KeyValueHeads, s.HeadDim]);
        WriteOne("v.npy", buffers.Value, [.. keys, s.KeyValueHeads, s.ValueHeadDim]);
        if (s.ExtraKeys > 0)
        {
            WriteOne("ek.npy", buffers.ExtraKey, [s.ExtraKeys, s.KeyValueHeads, s.HeadDim]);
            WriteOne("ev.npy", buffers.ExtraValue, [s.ExtraKeys, s.KeyValueHeads, s.ValueHeadDim]);
        }

        return buffers;

        void WriteOne(string name, T[] values, long[] shape)
        {
            long[] all = withBatch ? [s.Batch, .. shape] : shape;
            _folder.Write<T>(name, values.AsSpan(0, (int)all.Aggregate(1L, (a, b) => a * b)), all);
        }
    }

    private static long[] Extents(GridShape grid) =>
        [.. Enumerable.Range(0, grid.Rank).Select(axis => (long)grid[axis])];

    private ToolResult Run(params string[] more) => ToolResult.Of(new SystemDevices(),
        ["run", "--neighborhood", "--query", _folder["q.npy"], "--key", _folder["k.npy"], "--value", _folder["v.npy"],
         "--output", _folder["o.npy"], "--device", device, .. more]);
}
