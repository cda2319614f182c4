using System.Text.Json;
using NativeAttention.Testing;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary>
/// <c>nattn run</c> with modifiers and operands from files, against float64. A problem that the device cannot
/// run yet is ignored with its reason.
/// </summary>
[TestFixture("cpu")]
[TestFixture("emulator")]
public class RunModifierTests(string device)
{
    private static readonly AttentionShape Shape = new(3, 5, 7, 4, 2, 6, 3) { ValueHeads = 1 };

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private static IEnumerable<RunModifiers> Singles()
    {
        RunModifiers none = new(Shape);
        yield return none with { SoftCap = 1.5f };
        yield return none with { Window = (2, 1) };
        yield return none with { Window = (-1, 0), Offset = -2 };
        yield return none with { Window = (1, -1), Causal = true };
        yield return none with { Window = (1, 4), TopLeft = true };
        yield return none with { Causal = true, Offset = 1, Prefix = 3 };
        yield return none with { Causal = true, KeyLengths = true };
        yield return none with { TopLeft = true, HeadsFirst = true };
        foreach (string shape in
            (string[])["3,4,5,7", "1,1,5,7", "3,1,1,7", "4,5,1", "5,7", "7", "1", "4,1,1"])
        {
            yield return none.With("--bias", shape);
            yield return none.With("--mask", shape) with { HeadsFirst = true };
        }

        yield return none.With("--alibi", "4") with { Causal = true };
        yield return none.With("--alibi", "3,4") with { Offset = 0 };
        yield return none.With("--alibi", "1,4");
        yield return none.With("--sink", "4");
        yield return none.With("--temperature", "3,4,5");
        yield return none.With("--temperature", "5");
        yield return none.With("--key-log-weight", "3,2,7");
        yield return none.With("--key-log-weight", "2,1");
        yield return none.With("--head-gate", "3,4,5");
        yield return none.With("--head-gate", "4,1");
    }

    [TestCaseSource(nameof(Singles))]
    public void One_modifier_agrees_with_float64(RunModifiers modifiers)
    {
        Check<float>(modifiers, ElementType.Float32, seed: 3);
        Check<Half>(modifiers, ElementType.Float16, seed: 4);
    }

    [Test]
    public void Free_combinations_agree_with_float64()
    {
        int seed = Environment.TickCount & 0xFFFF;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int n = 0; n < 40; n++)
        {
            var modifiers = RunModifiers.Random(Shape, random);
            TestContext.Out.WriteLine(modifiers);
            Check<float>(modifiers, ElementType.Float32, seed + n);
        }
    }

    [Test]
    public void Packed_sequences_agree_with_float64([Values] bool causal)
    {
        AttentionOptions options = new()
        {
            Layout = AttentionLayout.Packed(Shape.Batch * Shape.QueryLength, Shape.Batch * Shape.KeyLength),
            Mask = causal ? AttentionMask.Causal : AttentionMask.None,
            Operands = new() { HeadGate = OperandStrides.Dense(1, 4, Shape.Batch * Shape.QueryLength, 1) },
        };
        AttentionCase problem = new(ElementType.Float32, Shape, options, seed: 8);
        AttentionBuffers<float> buffers = problem.Allocate<float>();
        (int[] starts, int[] keyStarts) = (problem.Operands.QueryStarts!, problem.Operands.KeyStarts!);
        (int queries, int keys) = (starts[^1], keyStarts[^1]);
        _folder.Write<float>("q.npy", buffers.Query.AsSpan(0, queries * 4 * 6), queries, 4, 6);
        _folder.Write<float>("k.npy", buffers.Key.AsSpan(0, keys * 2 * 6), keys, 2, 6);
        _folder.Write<float>("v.npy", buffers.Value.AsSpan(0, keys * 3), keys, 1, 3);
        int capacity = Shape.Batch * Shape.QueryLength;
        float[] gate = [.. Enumerable.Range(0, 4 * queries)
            .Select(i => problem.Operands.HeadGate![(i / queries * capacity) + (i % queries)])];
        ToolResult result = Run([
            "--cu-query", _folder.Write<int>("cq.npy", starts, starts.Length),
            "--cu-key", _folder.Write<long>("ck.npy", [.. keyStarts.Select(n => (long)n)], keyStarts.Length),
            "--head-gate", _folder.Write<float>("g.npy", gate, 4, queries),
            .. causal ? (string[])["--causal"] : [],
        ]);
        Assert.That(_folder.Read("o.npy").Shape, Is.EqualTo(new long[] { queries, 4, 3 }));
        Assert.That(_folder.Read("l.npy").Shape, Is.EqualTo(new long[] { 4, queries }));
        Assert.That(result.Json.GetProperty("layout").GetString(), Is.EqualTo("packed"));
        _folder.Read("o.npy").Values<float>().CopyTo(buffers.Output, 0);
        float[] lse = _folder.Read("l.npy").Values<float>();
        for (int i = 0; i < lse.Length; i++)
        {
            buffers.Lse[(i / queries * capacity) + (i % queries)] = lse[i];
        }

        problem.Check(buffers);
    }

    [Test]
    public void The_past_comes_before_the_keys_and_the_present_is_both([Values] bool headsFirst,
        [Values(0, 3, 7)] int past)
    {
        AttentionOptions options = new()
        {
            Mask = AttentionMask.Causal,
            Layout = headsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd,
        };
        AttentionCase problem = new(ElementType.Float16, Shape, options, seed: 9);
        AttentionBuffers<Half> buffers = problem.Allocate<Half>();
        Split("k", buffers.Key, 2, 6);
        Split("v", buffers.Value, 1, 3);
        _folder.Write<Half>("q.npy", buffers.Query.AsSpan(0, 3 * 5 * 4 * 6), Axes(4, 5, 6));
        Run(["--causal", "--layout", headsFirst ? "bhsd" : "bshd", "--past-key", _folder["k-past.npy"],
            "--past-value", _folder["v-past.npy"], "--present-key", _folder["k-all.npy"],
            "--present-value", _folder["v-all.npy"]]);
        _folder.Read("o.npy").Values<Half>().CopyTo(buffers.Output, 0);
        _folder.Read("l.npy").Values<float>().CopyTo(buffers.Lse, 0);
        problem.Check(buffers);
        Assert.That(_folder.Read("k-all.npy").Values<Half>(), Is.EqualTo(buffers.Key[..(3 * 7 * 2 * 6)]));
        Assert.That(_folder.Read("v-all.npy").Values<Half>(), Is.EqualTo(buffers.Value[..(3 * 7 * 3)]));
        Assert.That(_folder.Read("k-all.npy").Shape, Is.EqualTo(Axes(2, 7, 6)));

        void Split(string name, Half[] all, int heads, int dim)
        {
            (int outer, int row) = headsFirst ? (3 * heads, dim) : (3, heads * dim);
            List<Half> before = [], after = [];
            for (int i = 0; i < outer * 7; i++)
            {
                (i % 7 < past ? before : after).AddRange(all[(i * row)..((i + 1) * row)]);
            }

            _folder.Write<Half>($"{name}-past.npy", before.ToArray(), Axes(heads, past, dim));
            _folder.Write<Half>($"{name}.npy", after.ToArray(), Axes(heads, 7 - past, dim));
        }

        long[] Axes(int heads, int length, int dim) =>
            headsFirst ? [3, heads, length, dim] : [3, length, heads, dim];
    }

    [Test]
    public void Keys_that_mask_and_bias_lack_are_hidden()
    {
        // The same as 4 keys: 3 of the 7 are beyond the files.
        _folder.WriteRamp("q.npy", 1, 5, 2, 4);
        _folder.WriteRamp("k.npy", 1, 7, 2, 4);
        _folder.WriteRamp("v.npy", 1, 7, 2, 4);
        _folder.Write<byte>("mask.npy", Enumerable.Repeat((byte)7, 20).ToArray(), 5, 4);
        _folder.Write<float>("bias.npy", new float[4], 4);
        _folder.Write<int>("lengths.npy", [4], 1);
        Run("--key-lengths", _folder["lengths.npy"]);
        float[] expected = _folder.Read("o.npy").Values<float>();
        foreach (string option in (string[])["mask", "bias"])
        {
            Run("--" + option, _folder[option + ".npy"]);
            Assert.That(_folder.Read("o.npy").Values<float>(), Is.EqualTo(expected), option);
        }
    }

    [TestCase("fp16", "float32")]
    [TestCase("fp32", "float16")]
    public void A_bias_goes_with_another_type_to_compute_in(string compute, string files)
    {
        bool half = files == "float16";
        foreach (string name in (string[])["q", "k", "v", "bias"])
        {
            float[] values = [.. Enumerable.Range(1, 12).Select(i => i * name.Length % 5 / 4f)];
            _ = half
                ? _folder.Write<Half>($"{name}.npy", Array.ConvertAll(values, x => (Half)x), 1, 4, 1, 3)
                : _folder.Write<float>($"{name}.npy", values, 1, 4, 1, 3);
        }

        Half[] column = [(Half)0.5f, Half.NegativeInfinity, (Half)2, (Half)0];
        _ = half
            ? _folder.Write<Half>("bias.npy", column, 4)
            : _folder.Write<float>("bias.npy", Array.ConvertAll(column, x => (float)x), 4);
        Run("--bias", _folder["bias.npy"], "--compute", compute);
        float[] other = Floats();
        Run("--bias", _folder["bias.npy"]);
        Assert.That(other, Is.EqualTo(Floats()).Within(2e-3f));

        float[] Floats() => half
            ? Array.ConvertAll(_folder.Read("o.npy").Values<Half>(), x => (float)x)
            : _folder.Read("o.npy").Values<float>();
    }

    [Test]
    public void The_document_names_the_modifiers()
    {
        _folder.WriteRamp("q.npy", 1, 5, 2, 4);
        _folder.WriteRamp("k.npy", 1, 7, 2, 4);
        _folder.WriteRamp("v.npy", 1, 7, 1, 4);
        _folder.WriteRamp("bias.npy", 5, 7);
        ToolResult result = Run("--bias", _folder["bias.npy"], "--window", "3,-1", "--causal", "--prefix",
            "2", "--softcap", "2.5", "--diagonal-offset", "1");
        Assert.Multiple(() =>
        {
            Assert.That(result.Json.GetProperty("mask").GetString(), Is.EqualTo("window 3,0 + prefix 2"));
            Assert.That(result.Json.GetProperty("softCap").GetDouble(), Is.EqualTo(2.5));
            Assert.That(result.Json.GetProperty("diagonalOffset").GetInt32(), Is.EqualTo(1));
            Assert.That(result.Json.GetProperty("shape").GetProperty("valueHeads").GetInt32(), Is.EqualTo(1));
            JsonElement operands = result.Json.GetProperty("operands");
            Assert.That(operands.GetArrayLength(), Is.EqualTo(1));
            Assert.That(operands[0].GetProperty("name").GetString(), Is.EqualTo("bias"));
            Assert.That(operands[0].GetProperty("dtype").GetString(), Is.EqualTo("float32"));
            Assert.That(operands[0].GetProperty("shape").GetArrayLength(), Is.EqualTo(2));
        });
    }

    private void Check<T>(RunModifiers modifiers, ElementType type, int seed)
        where T : unmanaged
    {
        AttentionCase problem = new(type, modifiers.Shape, modifiers.Options(), seed);
        AttentionBuffers<T> buffers = problem.Allocate<T>();
        AttentionShape s = modifiers.Shape;
        Write("q.npy", buffers.Query, s.QueryLength, s.QueryHeads, s.HeadDim);
        Write("k.npy", buffers.Key, s.KeyLength, s.KeyValueHeads, s.HeadDim);
        Write("v.npy", buffers.Value, s.KeyLength, s.ValueHeads, s.ValueHeadDim);
        Run([.. modifiers.Arguments(_folder, problem)]);
        _folder.Read("o.npy").Values<T>().CopyTo(buffers.Output, 0);
        _folder.Read("l.npy").Values<float>().CopyTo(buffers.Lse, 0);
        problem.Check(buffers);

        void Write(string name, T[] values, int length, int heads, int dim) => _folder.Write<T>(name,
            values.AsSpan(0, s.Batch * length * heads * dim), modifiers.HeadsFirst
                ? [s.Batch, heads, length, dim]
                : [s.Batch, length, heads, dim]);
    }

    private ToolResult Run(params string[] more)
    {
        ToolResult result = ToolResult.Of(new SystemDevices(), ["run", "--query", _folder["q.npy"], "--key",
            _folder["k.npy"], "--value", _folder["v.npy"], "--output", _folder["o.npy"], "--lse",
            _folder["l.npy"], "--device", device, "--json", .. more]);
        if (device != "cpu" && result.ExitCode == ExitCodes.NotAvailable)
        {
            Assert.Ignore(result.Error);
        }

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        return result;
    }
}
