using System.Globalization;
using System.Text.Json;
using NativeAttention.Testing;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Npy;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary>
/// <c>nattn run</c> on random input, checked against float64: first on a fake device, then on real ones.
/// </summary>
[TestFixture("fake", "cpu", "reference")]
[TestFixture("system", "cpu", "na_cpu")]
[TestFixture("system", "emulator", "na_dense_tiled")]
public class RunCommandTests(string machine, string device, string kernel)
{
    private static readonly AttentionShape Shape = new(2, 5, 7, 4, 2, 6, 3);

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private static IEnumerable<AttentionCase> Cases()
    {
        int seed = 11;
        foreach (ElementType type in new[] { ElementType.Float32, ElementType.Float16 })
        {
            foreach (AttentionLayout layout in new[] { AttentionLayout.Bshd, AttentionLayout.Bhsd })
            {
                foreach (AttentionMask mask in
                    new[] { AttentionMask.None, AttentionMask.Causal, AttentionMask.CausalTopLeft })
                {
                    yield return new AttentionCase(type, Shape, new() { Mask = mask, Layout = layout },
                        seed++);
                }
            }
        }

        AttentionOptions options = new();
        yield return new AttentionCase(ElementType.Float32, Shape, options with { Scale = -0.75f }, seed++);
        yield return new AttentionCase(ElementType.Float32, Shape, options with { Scale = 0 }, seed++);
        yield return new AttentionCase(ElementType.Float32, new(1, 3, 0, 2, 1, 4), options, seed++);
        yield return new AttentionCase(ElementType.Float32, new(0, 3, 2, 2, 1, 4), options, seed++);
        yield return new AttentionCase(ElementType.Float32, new(2, 0, 2, 2, 1, 4), options, seed);
    }

    [TestCaseSource(nameof(Cases))]
    public void The_output_is_attention(AttentionCase problem)
    {
        TestContext.Out.WriteLine(problem);
        JsonElement json = problem.ElementType == ElementType.Float32
            ? RunAndCheck<float>(problem)
            : RunAndCheck<Half>(problem);
        Assert.That(json.GetProperty("exitCode").GetInt32(), Is.Zero);
        Assert.That(json.GetProperty("device").GetString(), Is.EqualTo(device));
        AssertKernel(json, problem.ElementType);
        Assert.That(json.GetProperty("mask").GetString(), Is.EqualTo(problem.Options.Mask.ToString()));
        Assert.That(json.GetProperty("shape").GetProperty("keyLength").GetInt32(),
            Is.EqualTo(problem.Shape.KeyLength));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "k.npy", "l.npy", "o.npy", "q.npy", "v.npy" }));
    }

    [Test]
    public void Three_axes_mean_batch_1([Values("bshd", "bhsd")] string layout)
    {
        AttentionOptions options =
            new() { Layout = layout == "bshd" ? AttentionLayout.Bshd : AttentionLayout.Bhsd };
        AttentionCase problem = new(ElementType.Float32, Shape with { Batch = 1 }, options, seed: 5);
        AttentionBuffers<float> buffers = WriteInputs<float>(problem, axes: 3);
        ToolResult result = Run("--layout", layout, "--lse", _folder["l.npy"]);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        long[] expected = layout == "bshd" ? [5, 4, 3] : [4, 5, 3];
        Assert.That(_folder.Read("o.npy").Shape, Is.EqualTo(expected));
        Assert.That(_folder.Read("l.npy").Shape, Is.EqualTo(new long[] { 4, 5 }));
        ReadOutputs(buffers, _folder.Read("o.npy").Values<float>());
        problem.Check(buffers);
    }

    [Test]
    public void Float32_files_can_be_computed_in_a_16_bit_type()
    {
        CheckRounded<BFloat16>(ElementType.BFloat16, "bf16", x => (float)x);
        CheckRounded<Half>(ElementType.Float16, "fp16", x => (float)x);
    }

    [Test]
    public void Float16_files_can_be_computed_in_float32()
    {
        AttentionCase problem = new(ElementType.Float16, Shape, seed: 9);
        AttentionBuffers<Half> buffers = WriteInputs<Half>(problem);
        ToolResult result = Run("--compute", "fp32", "--lse", _folder["l.npy"], "--json");
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        AssertKernel(result.Json, ElementType.Float32);
        Assert.That(result.Json.GetProperty("computeType").GetString(), Is.EqualTo("fp32"));
        Assert.That(result.Json.GetProperty("fileType").GetString(), Is.EqualTo("float16"));
        ReadOutputs(buffers, _folder.Read("o.npy").Values<Half>());
        problem.Check(buffers);
    }

    [Test]
    public void An_existing_output_is_replaced()
    {
        AttentionCase problem = new(ElementType.Float32, Shape, seed: 3);
        AttentionBuffers<float> buffers = WriteInputs<float>(problem);
        File.WriteAllText(_folder["o.npy"], "old");
        File.WriteAllText(_folder["l.npy"], "old");
        Assert.That(Run("--lse", _folder["l.npy"]).ExitCode, Is.Zero);
        ReadOutputs(buffers, _folder.Read("o.npy").Values<float>());
        problem.Check(buffers);
        Assert.That(_folder.Names, Is.EqualTo(new[] { "k.npy", "l.npy", "o.npy", "q.npy", "v.npy" }));
    }

    [Test]
    public void A_name_may_be_as_long_as_the_file_system_allows()
    {
        WriteInputs<float>(new(ElementType.Float32, Shape, seed: 3));
        string name = new('o', 255);
        Assert.That(Run("--lse", _folder[name]).ExitCode, Is.Zero);
        Assert.That(_folder.Read(name).Count, Is.EqualTo(2 * 5 * 4));
    }

    [Test]
    public void An_output_that_is_a_link_is_written_through_the_link()
    {
        WriteInputs<float>(new(ElementType.Float32, Shape, seed: 3));
        File.CreateSymbolicLink(_folder["o.npy"], _folder["real.npy"]);
        Assert.That(Run().ExitCode, Is.Zero);
        Assert.That(new FileInfo(_folder["o.npy"]).LinkTarget, Is.EqualTo(_folder["real.npy"]));
        Assert.That(_folder.Read("real.npy").Count, Is.EqualTo(2 * 5 * 4 * 3));
    }

    [Test]
    public void The_text_names_device_kernel_and_files()
    {
        WriteInputs<float>(new(ElementType.Float32, Shape, seed: 3));
        ToolResult result = Run("--lse", _folder["l.npy"]);
        Assert.That(result.Error, Is.Empty);
        string[] lines = result.Out.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[0], Does.Match($@"^{device}: {kernel}\w+, computed in fp32, \d+\.\d ms$"));
        Assert.That(lines[1], Is.EqualTo($"{_folder["o.npy"]}: float32, 120 elements"));
        Assert.That(lines[2], Is.EqualTo($"{_folder["l.npy"]}: float32, 40 elements"));
    }

    [Test]
    public void Progress_is_shown_when_asked_for()
    {
        WriteInputs<float>(new(ElementType.Float32, Shape, seed: 3));
        ToolResult result = Run("--progress", "--json");
        Assert.That(result.Error.TrimEnd().Split('\n'), Is.EqualTo(new[]
        {
            "[0/3] reading the files", $"[1/3] computing on {device}", "[2/3] writing the files",
        }));
        Assert.That(result.Json.GetProperty("exitCode").GetInt32(), Is.Zero,
            "progress must not disturb the document");
    }

    private JsonElement RunAndCheck<T>(AttentionCase problem)
        where T : unmanaged
    {
        AttentionBuffers<T> buffers = WriteInputs<T>(problem);
        ToolResult result = Run([.. Arguments(problem.Options), "--lse", _folder["l.npy"], "--json"]);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Error, Is.Empty);
        NpyArray output = _folder.Read("o.npy");
        Assert.That(output.Shape,
            Is.EqualTo(FileShape(problem, problem.Shape.QueryHeads, problem.Shape.QueryLength,
            problem.Shape.ValueHeadDim)));
        AttentionShape s = problem.Shape;
        Assert.That(_folder.Read("l.npy").Shape,
            Is.EqualTo(new long[] { s.Batch, s.QueryHeads, s.QueryLength }));
        ReadOutputs(buffers, output.Values<T>());
        problem.Check(buffers);
        return result.Json;
    }

    private static IEnumerable<string> Arguments(AttentionOptions options)
    {
        if (options.Mask == AttentionMask.Causal)
        {
            yield return "--causal";
        }

        if (options.Mask == AttentionMask.CausalTopLeft)
        {
            yield return "--causal-top-left";
        }

        if (options.Scale is { } scale)
        {
            yield return "--scale";
            yield return scale.ToString("R", CultureInfo.InvariantCulture);
        }

        if (options.Layout == AttentionLayout.Bhsd)
        {
            yield return "--layout";
            yield return "bhsd";
        }
    }

    // The files hold float32 numbers near 16-bit ones, so that only rounding to that type gives the right
    // result.
    private void CheckRounded<T>(ElementType type, string compute, Func<T, float> widen)
        where T : unmanaged
    {
        AttentionCase problem = new(type, Shape, seed: 21);
        AttentionBuffers<T> buffers = problem.Allocate<T>();
        var views = TensorView.Of(problem.Shape, problem.Options.Layout);
        WriteFloats("q.npy", buffers.Query[..views.Query.StorageLength], 6, 4, 5);
        WriteFloats("k.npy", buffers.Key[..views.Key.StorageLength], 6, 2, 7);
        WriteFloats("v.npy", buffers.Value[..views.Value.StorageLength], 3, 2, 7);
        ToolResult result = Run("--compute", compute, "--lse", _folder["l.npy"], "--json");
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        AssertKernel(result.Json, type);
        float[] output = _folder.Read("o.npy").Values<float>();
        T[] rounded = [.. output.Select(x => Elements.FromDouble<T>(x))];
        Assert.That(rounded.Select(widen), Is.EqualTo(output), "the result is of the 16-bit type, widened");
        ReadOutputs(buffers, rounded);
        problem.Check(buffers);

        void WriteFloats(string name, T[] values, int dim, int heads, int length)
        {
            // Less than half a unit in the last place of either 16-bit type.
            float[] near = [.. values.Select((x, i) => widen(x) * (1 + ((i % 2 == 0 ? 1 : -1) * 0.0001f)))];
            _folder.Write<float>(name, near, 2, length, heads, dim);
        }
    }

    private AttentionBuffers<T> WriteInputs<T>(AttentionCase problem, int axes = 4)
        where T : unmanaged
    {
        AttentionBuffers<T> buffers = problem.Allocate<T>();
        AttentionShape s = problem.Shape;
        Write("q.npy", buffers.Query, s.QueryHeads, s.QueryLength, s.HeadDim);
        Write("k.npy", buffers.Key, s.KeyValueHeads, s.KeyLength, s.HeadDim);
        Write("v.npy", buffers.Value, s.KeyValueHeads, s.KeyLength, s.ValueHeadDim);
        return buffers;

        void Write(string name, T[] values, int heads, int length, int dim) =>
            _folder.Write<T>(name, values.AsSpan(0, s.Batch * heads * length * dim),
                FileShape(problem, heads, length, dim)[(4 - axes)..]);
    }

    private static long[] FileShape(AttentionCase problem, int heads, int length, int dim) =>
        problem.Options.Layout == AttentionLayout.Bhsd
            ? [problem.Shape.Batch, heads, length, dim]
            : [problem.Shape.Batch, length, heads, dim];

    private void ReadOutputs<T>(AttentionBuffers<T> buffers, T[] output)
        where T : unmanaged
    {
        output.CopyTo(buffers.Output, 0);
        _folder.Read("l.npy").Values<float>().CopyTo(buffers.Lse, 0);
    }

    private void AssertKernel(JsonElement json, ElementType type)
    {
        string name = json.GetProperty("kernel").GetString()!;
        Assert.That(name, Does.StartWith(kernel));
        Assert.That(name, machine == "fake" ? Is.EqualTo(FakeDevices.KernelName(type)) : Does.Contain(
            type switch
            {
                ElementType.Float32 => "_f32_",
                ElementType.Float16 => "_f16_",
                _ => "_bf16_",
            }));
    }

    private ToolResult Run(params string[] more) => ToolResult.Of(
        machine == "fake" ? FakeDevices.WithCpu() : new SystemDevices(),
        ["run", "--query", _folder["q.npy"], "--key", _folder["k.npy"], "--value", _folder["v.npy"],
         "--output", _folder["o.npy"], "--device", device, .. more]);
}
