using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>Optional operands and lengths on the device: what a run reads, what it refuses, and replays.</summary>
public sealed class DeviceInputsTests : DeviceFixture
{
    private static readonly AttentionShape Shape = new(2, 6, 40, 2, 1, 16);

    public static IEnumerable<string> Operands() =>
        ["Bias", "Mask", "AlibiSlopes", "Sinks", "QueryTemperature", "KeyLogWeight", "HeadGate", "KeyLengths"];

    [TestCaseSource(nameof(Operands))]
    public void What_was_announced_must_come_and_be_large_enough(string name)
    {
        AttentionOperands operands = Announce(name);
        using AttentionPlan<float> plan = Device.Plan<float>(Shape, new() { Operands = operands });
        using Tensors x = new(Device, Stream, plan.Operands);
        Refuses(() => plan.Run(new DeviceAttentionInputs<float>(x.Query, x.Key, x.Key), x.Output, Stream), name,
            $"it is missing: the plan was made with AttentionOptions.Operands.{name}");
        Refuses(() => plan.Run(x.With(name, short1: true), x.Output, Stream), name, "has ", "at least ");
        plan.Run(x.With(name, short1: false), x.Output, Stream);
        Stream.Synchronize();
    }

    [TestCaseSource(nameof(Operands))]
    public void What_was_not_announced_must_stay_away(string name)
    {
        using AttentionPlan<float> plan = Device.Plan<float>(Shape);
        using AttentionPlan<float> other = Device.Plan<float>(Shape, new() { Operands = Announce(name) });
        using Tensors x = new(Device, Stream, other.Operands);
        Refuses(() => plan.Run(x.With(name, short1: false), x.Output, Stream), name,
            $"it is given, but the plan was made without AttentionOptions.Operands.{name}");
    }

    [Test]
    public void A_bias_of_another_type_and_operands_in_the_output_are_refused()
    {
        using AttentionPlan<float> plan = Device.Plan<float>(Shape, new() { Operands = Announce("Bias") });
        using Tensors x = new(Device, Stream, plan.Operands);
        using DeviceTensor<Half> half = Device.Allocate<Half>([2, 2, 6, 40], Stream);
        Refuses(() => plan.Run(new DeviceAttentionInputs<float>(x.Query, x.Key, x.Key) { Bias = half }, x.Output,
            Stream), "Bias", "Float16", "Float32");
        using AttentionPlan<float> gated = Device.Plan<float>(Shape, new() { Operands = Announce("HeadGate") });
        Refuses(() => gated.Run(new DeviceAttentionInputs<float>(x.Query, x.Key, x.Key) { HeadGate = x.Output },
            x.Output, Stream), "output", "overlaps the HeadGate");
    }

    [Test]
    public void Packed_plans_need_cumulative_lengths_and_their_own_log_sum_exp()
    {
        using AttentionPlan<float> plan = Device.Plan<float>(Shape,
            new() { Layout = AttentionLayout.Packed(12, 80) });
        using Tensors x = new(Device, Stream, plan.Operands);
        using DeviceTensor<int> starts = Device.Upload<int>([0, 6, 12], [3], Stream);
        using DeviceTensor<float> lse = Device.Allocate<float>([2, 2, 6], Stream);
        Refuses(() => plan.Run(new DeviceAttentionInputs<float>(x.Query, x.Key, x.Key)
        {
            CumulativeQueryLengths = starts,
        }, x.Output, Stream), "CumulativeKeyLengths", "missing", "a packed layout");
        Refuses(() => plan.Run(new DeviceAttentionInputs<float>(x.Query, x.Key, x.Key)
        {
            CumulativeQueryLengths = starts,
            CumulativeKeyLengths = starts,
        }, x.Output, lse, Stream), "lse", "[2, 2, 6]", "[2, 12]", "[query heads, query tokens]");
    }

    /// <summary>
    /// One plan, one lengths tensor, new values for every launch; what lies behind the keys that count is NaN.
    /// </summary>
    [Test]
    public void Lengths_are_read_when_the_kernel_runs([Values("tiled", "reference")] string rung)
    {
        AttentionOptions options = new()
        {
            Mask = AttentionMask.Causal,
            Operands = new() { KeyLengths = true },
            Tuning = new() { Rung = rung },
        };
        using AttentionPlan<float> plan = Device.Plan<float>(Shape, options);
        using DeviceTensor<int> lengths = Device.Upload<int>([0, 0], [2], Stream);
        using DeviceTensor<float> output = Device.Allocate<float>([2, 6, 2, 16], Stream);
        float[] query = RandomData.Floats(2 * 6 * 2 * 16, 11), keys = RandomData.Floats(2 * 40 * 16, 12);
        foreach (int[] values in new int[][] { [40, 1], [7, 33], [0, 6], [-5, 1000] })
        {
            int[] counted = [.. values.Select(v => Math.Clamp(v, 0, 40))];
            float[] poisoned = [.. keys.Select((k, i) => i / 16 % 40 < counted[i / 640] ? k : float.NaN)];
            using DeviceTensor<float> q = Device.Upload<float>(query, [2, 6, 2, 16], Stream);
            using DeviceTensor<float> k = Device.Upload<float>(poisoned, [2, 40, 1, 16], Stream);
            lengths.Upload(values, Stream);
            plan.Run(new DeviceAttentionInputs<float>(q, k, k) { KeyLengths = lengths }, output, Stream);
            float[] actual = new float[query.Length];
            output.Download(actual, Stream);
            for (int b = 0; b < 2; b++)
            {
                Check(query, keys, b, counted[b], actual);
            }
        }
    }

    [Test]
    public void Cumulative_lengths_that_lie_are_cut_to_the_tokens()
    {
        using AttentionPlan<float> plan = Device.Plan<float>(Shape,
            new() { Layout = AttentionLayout.Packed(12, 80) });
        using Tensors x = new(Device, Stream, plan.Operands);
        foreach (int[] wrong in new int[][] { [0, 1000, 2000], [-7, 3, int.MaxValue], [9, 2, int.MinValue] })
        {
            using DeviceTensor<int> starts = Device.Upload<int>(wrong, [3], Stream);
            plan.Run(new DeviceAttentionInputs<float>(x.Query, x.Key, x.Key)
            {
                CumulativeQueryLengths = starts,
                CumulativeKeyLengths = starts,
            }, x.Output, Stream);
            Stream.Synchronize(); // the emulator finds any access outside
        }
    }

    [Test]
    public void Bias_of_minus_infinity_hides_a_key_and_a_row([Values("tiled", "reference")] string rung)
    {
        AttentionShape shape = new(1, 3, 70, 1, 1, 8);
        AttentionOptions options = new()
        {
            Operands = new() { Bias = new(OperandStrides.Dense(1, 1, 3, 70), ElementType.Float32) },
            Tuning = new() { Rung = rung },
        };
        float[] bias = new float[210];
        Array.Fill(bias, float.NegativeInfinity, 70, 70);
        Array.Fill(bias, float.NegativeInfinity, 140, 69);
        float[] values = RandomData.Floats(560, 13);
        using AttentionPlan<float> plan = Device.Plan<float>(shape, options);
        using DeviceTensor<float> q = Device.Upload<float>(RandomData.Floats(24, 14), [1, 3, 1, 8], Stream);
        using DeviceTensor<float> kv = Device.Upload<float>(values, [1, 70, 1, 8], Stream);
        using DeviceTensor<float> b = Device.Upload<float>(bias, [3, 70], Stream);
        using DeviceTensor<float> output = Device.Allocate<float>([1, 3, 1, 8], Stream);
        using DeviceTensor<float> lse = Device.Allocate<float>([1, 1, 3], Stream);
        plan.Run(new DeviceAttentionInputs<float>(q, kv, kv) { Bias = b }, output, lse, Stream);
        float[] o = new float[24], l = new float[3];
        output.Download(o, Stream);
        lse.Download(l, Stream);
        Assert.Multiple(() =>
        {
            Assert.That(l[1], Is.EqualTo(float.NegativeInfinity), "no key left");
            Assert.That(o[8..16], Is.All.Zero);
            Assert.That(float.IsFinite(l[0]) && float.IsFinite(l[2]));
            Assert.That(o[16..], Is.EqualTo(values[552..]).Within(1e-6), "one key left: its value");
        });
    }

    /// <summary>Each tile of keys is copied once, whatever prefix and band have in common.</summary>
    [TestCase(20, 300, 5)]
    [TestCase(20, 300, 130)]
    [TestCase(20, 300, 290)]
    [TestCase(0, 300, 0)]
    [TestCase(1000, 300, 300)]
    public void A_prefix_visits_no_tile_twice(int left, int keys, int prefix)
    {
        NeedsEmulator("only it counts");
        AttentionCase test = new(ElementType.Float16, new AttentionShape(1, 16, keys, 1, 1, 64),
            new() { Mask = AttentionMask.Window(left, 0).WithPrefix(prefix), SoftCap = 5 }, seed: 21);
        int ordinal = NativeAttention.Emulation.EmulatedDriver.AddDevice(
            NativeAttention.Emulation.EmulatorOptions.Default with { Profile = true });
        using CudaBackend backend = CudaBackend.Open(NativeAttention.Emulation.EmulatedDriver.Driver, ordinal);
        DenseRunner.Run(backend.Device, test);
        var profile = NativeAttention.Emulation.EmulatedDriver.GetProfiles(ordinal).Single();
        int tile = KernelCatalog.Find(profile.Kernel).KeysPerTile;
        int copied = Enumerable.Range(0, (keys + tile - 1) / tile)
            .Where(t => t * tile < prefix || (t + 1) * tile > keys - 16 - left)
            .Sum(t => Math.Min(tile, keys - (t * tile)));
        double read = profile.Statements.Where(s => s.Class == NativeAttention.Emulation.InstructionClass.AsyncCopy)
            .Sum(s => 32.0 * s.Global.Transactions);
        Assert.That(read, Is.EqualTo(2 * 64 * (16 + (2 * copied))));
    }

    private static AttentionOperands Announce(string name)
    {
        OperandStrides matrix = OperandStrides.Dense(2, 2, 6, 40), queries = OperandStrides.Dense(2, 2, 6, 1);
        return name switch
        {
            "Bias" => new() { Bias = new BiasForm(matrix, ElementType.Float32) },
            "Mask" => new() { Mask = matrix },
            "AlibiSlopes" => new() { AlibiSlopes = OperandStrides.PerHead },
            "Sinks" => new() { Sinks = OperandStrides.PerHead },
            "QueryTemperature" => new() { QueryTemperature = queries },
            "KeyLogWeight" => new() { KeyLogWeight = OperandStrides.Dense(2, 1, 1, 40) },
            "HeadGate" => new() { HeadGate = queries },
            _ => new() { KeyLengths = true },
        };
    }

    // Causal at the bottom right of what counts, in float64.
    private static void Check(float[] query, float[] keys, int b, int count, float[] actual)
    {
        for (int row = 0; row < 12; row++)
        {
            int i = row / 2, at = (b * 192) + (row * 16);
            double[] weights = [.. Enumerable.Range(0, count).Select(j => j > i + count - 6 ? 0 : Math.Exp(
                Enumerable.Range(0, 16).Sum(d => (double)query[at + d] * keys[(b * 640) + (j * 16) + d]) / 4))];
            double sum = weights.Sum();
            for (int d = 0; d < 16; d++)
            {
                double expected = sum == 0 ? 0
                    : Enumerable.Range(0, count).Sum(j => weights[j] * keys[(b * 640) + (j * 16) + d]) / sum;
                Assert.That(actual[at + d], Is.EqualTo(expected).Within(1e-5), $"b {b} row {row} d {d} of {count}");
            }
        }
    }

    private delegate void Call();

    private static void Refuses(Call call, string argument, params string[] parts)
    {
        ArgumentException refusal = Assert.Catch<ArgumentException>(() => call())!;
        Assert.That(refusal.ParamName, Is.EqualTo(argument), refusal.Message);
        foreach (string part in parts)
        {
            Assert.That(refusal.Message, Does.Contain(part));
        }
    }

    // Query, key, output, and an operand of just enough elements or one too few.
    private sealed class Tensors(CudaDevice device, CudaStream stream, OptionalOperands needs) : IDisposable
    {
        private readonly DeviceTensor<float> floats = device.Upload<float>(new float[1000], [1000], stream);
        private readonly DeviceTensor<bool> bools = device.Upload<bool>(new bool[1000], [1000], stream);
        private readonly DeviceTensor<int> ints = device.Upload<int>(new int[10], [10], stream);

        public DeviceTensor<float> Query { get; } =
            device.Upload<float>(RandomData.Floats(384, 1), [2, 6, 2, 16], stream);

        public DeviceTensor<float> Key { get; } =
            device.Upload<float>(RandomData.Floats(1280, 2), [2, 40, 1, 16], stream);

        public DeviceTensor<float> Output { get; } = device.Allocate<float>([2, 6, 2, 16], stream);

        public DeviceAttentionInputs<float> With(string name, bool short1)
        {
            int less = short1 ? 1 : 0;
            DeviceAttentionInputs<float> inputs = new(Query, Key, Key);
            return name switch
            {
                "Bias" => inputs with { Bias = floats.Slice(0, 0, (int)needs.Bias - less) },
                "Mask" => inputs with { Mask = bools.Slice(0, 0, (int)needs.Mask - less) },
                "AlibiSlopes" => inputs with { AlibiSlopes = floats.Slice(0, 0, (int)needs.AlibiSlopes - less) },
                "Sinks" => inputs with { Sinks = floats.Slice(0, 0, (int)needs.Sinks - less) },
                "QueryTemperature" =>
                    inputs with { QueryTemperature = floats.Slice(0, 0, (int)needs.QueryTemperature - less) },
                "KeyLogWeight" =>
                    inputs with { KeyLogWeight = floats.Slice(0, 0, (int)needs.KeyLogWeight - less) },
                "HeadGate" => inputs with { HeadGate = floats.Slice(0, 0, (int)needs.HeadGate - less) },
                _ => inputs with { KeyLengths = ints.Slice(0, 0, (int)needs.KeyLengths - less) },
            };
        }

        public void Dispose()
        {
            Query.Dispose();
            Key.Dispose();
            Output.Dispose();
            floats.Dispose();
            bools.Dispose();
            ints.Dispose();
        }
    }
}
