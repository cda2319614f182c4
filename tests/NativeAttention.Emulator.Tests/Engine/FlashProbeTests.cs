using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// A flash-attention forward as the compiler makes it (<c>Kernels/flash_probe.cu</c>): right on every
/// schedule, and each one-line mutation of it is reported. The timing test is explicit.
/// </summary>
internal sealed class FlashProbeTests
{
    private const int Heads = 2;
    private const int Dim = 64;
    private const int SharedBytes = 40 * 1024;

    private static readonly string _ptx = ReadPtx();

    [StructLayout(LayoutKind.Sequential)]
    private struct Parameters
    {
        public ulong Query, Key, Value, Output, LogSumExp;
        public long SequenceStride, HeadStride;
        public int Length, HeadDim, Causal;
        public float Scale;
    }

    [TestCase(1, false)]
    [TestCase(64, true)]
    [TestCase(65, false)]
    [TestCase(200, true)]
    [TestCase(200, false)]
    public void Agrees_with_float64_on_every_schedule(int length, bool causal)
    {
        ushort[]? first = null;
        foreach (EmulatorOptions options in Ways())
        {
            using PtxMachine machine = new(_ptx, options);
            (EmulatorFault? fault, ushort[] output, double error) = Run(machine, length, causal);
            Assert.That(fault, Is.Null, $"{options}: {fault}");
            Assert.That(error, Is.LessThan(4e-3));
            first ??= output;
            Assert.That(output, Is.EqualTo(first), $"{options.Order} {options.AsyncCopies}: another result");
        }
    }

    /// <summary>Each mutation: what is replaced (which occurrence), by what, and the finding it must
    /// give.</summary>
    [TestCase("bar.sync 0;", 0, "", EmulatorFaultKind.SharedRace)]
    [TestCase("bar.sync 0;", 1, "", EmulatorFaultKind.SharedRace)]
    [TestCase("bar.sync 0;", 2, "", EmulatorFaultKind.SharedRace)]
    [TestCase("cp.async.wait_group 1;", 0, "cp.async.wait_group 2;", EmulatorFaultKind.AsyncCopyInFlight)]
    [TestCase("cp.async.wait_group 1;", 1, "cp.async.wait_group 2;", EmulatorFaultKind.AsyncCopyInFlight)]
    [TestCase("cp.async.commit_group;", 1, "", EmulatorFaultKind.AsyncCopyInFlight)]
    [TestCase("cp.async.commit_group;", 2, "", EmulatorFaultKind.AsyncCopyInFlight)]
    public void A_mutation_is_reported(string text, int occurrence, string replacement,
        EmulatorFaultKind kind)
    {
        int at = -1;
        for (int i = 0; i <= occurrence; i++)
        {
            at = _ptx.IndexOf(text, at + 1, StringComparison.Ordinal);
            Assert.That(at, Is.GreaterThanOrEqualTo(0));
        }
        string mutant = _ptx[..at] + replacement + _ptx[(at + text.Length)..];
        foreach (EmulatorOptions options in Ways())
        {
            using PtxMachine machine = new(mutant, options);
            (EmulatorFault? fault, _, _) = Run(machine, 256, causal: false);
            // Which face of a missing barrier is met first depends on the order of the warps.
            Assert.That(fault?.Kind, Is.EqualTo(kind).Or.EqualTo(EmulatorFaultKind.AsyncCopyInFlight)
                .Or.EqualTo(kind == EmulatorFaultKind.SharedRace ? EmulatorFaultKind.UninitializedShared
                    : kind), $"{options.Order} {options.AsyncCopies}: {fault}");
            Assert.That(fault!.Line, Is.GreaterThan(0));
        }
    }

    [Test]
    public void Counts_the_products()
    {
        using PtxMachine machine = new(_ptx);
        Run(machine, 256, causal: false);
        Assert.That(machine.Counters.MatrixFlops, Is.EqualTo(4L * Heads * 256 * 256 * Dim));
        Assert.That(machine.Counters.Blocks, Is.EqualTo(Heads * 4));
        Assert.That(machine.Counters.GlobalBytesRead,
            Is.EqualTo((long)Heads * 4 * (64 + 256 + 256) * Dim * 2));
    }

    [Test]
    [Explicit("A measurement, not a check")]
    public void Time()
    {
        TestContext.Out.WriteLine(
            $"Vector512 accelerated: {Vector512.IsHardwareAccelerated}, {Environment.ProcessorCount} processors");
        foreach (int length in new[] { 512, 1024 })
        {
            Measure(length, "checks, one thread",
                EmulatorOptions.Default with { Threads = 1, AsyncCopies = AsyncCopyMode.Early });
            Measure(length, "checks without global races, one thread", EmulatorOptions.Default with
            {
                Threads = 1,
                AsyncCopies = AsyncCopyMode.Early,
                Checks = EmulatorChecks.All & ~EmulatorChecks.GlobalRaces,
            });
            Measure(length, "checks, late copies",
                EmulatorOptions.Default with { Threads = 1, AsyncCopies = AsyncCopyMode.Late });
            Measure(length, "no checks, one thread",
                EmulatorOptions.Default with { Threads = 1, Checks = EmulatorChecks.None });
            Measure(length, "checks, two threads", EmulatorOptions.Default with { Threads = 2 });
            Measure(length, "no checks, two threads",
                EmulatorOptions.Default with { Threads = 2, Checks = EmulatorChecks.None });
        }
    }

    private static void Measure(int length, string what, EmulatorOptions options)
    {
        using PtxMachine machine = new(_ptx, options);
        (Parameters parameters, _) = Prepare(machine, length, causal: false);
        double best = double.MaxValue;
        Launch(machine, parameters);
        TimeSpan processor = Environment.CpuUsage.UserTime;
        for (int i = 0; i < 60; i++)
        {
            long started = Stopwatch.GetTimestamp();
            Launch(machine, parameters);
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        // Other work on the machine lengthens the time, but hardly the processor time.
        double spent = (Environment.CpuUsage.UserTime - processor).TotalMilliseconds / 60;
        double gigaflops = 4.0 * Heads * length * length * Dim / best / 1e6;
        double instructions = machine.Counters.WarpInstructions / 61 / best / 1e3;
        TestContext.Out.WriteLine(
            $"S={length} {what}: {best:F2} ms (processor {spent:F2}), {gigaflops:F1} GFLOP/s, {instructions:F1} M warp instructions/s");
    }

    private static IEnumerable<EmulatorOptions> Ways()
    {
        foreach (WarpOrder order in Enum.GetValues<WarpOrder>())
        {
            yield return EmulatorOptions.Default with
            {
                Threads = 1,
                Order = order,
                AsyncCopies = AsyncCopyMode.Early,
                Seed = 1
            };
            yield return EmulatorOptions.Default with
            {
                Threads = 2,
                Order = order,
                AsyncCopies = AsyncCopyMode.Late,
                Seed = 2
            };
        }
    }

    private static (EmulatorFault? Fault, ushort[] Output, double Error) Run(PtxMachine machine, int length,
        bool causal)
    {
        (Parameters parameters, ushort[][] inputs) = Prepare(machine, length, causal);
        EmulatorFault? fault = Launch(machine, parameters);
        if (fault is not null)
        {
            return (fault, [], 0);
        }
        ushort[] output = machine.Download<ushort>(parameters.Output, Heads * length * Dim);
        float[] logs = machine.Download<float>(parameters.LogSumExp, Heads * length);
        return (null, output, Error(inputs, output, logs, length, causal));
    }

    private static (Parameters Parameters, ushort[][] Inputs) Prepare(PtxMachine machine, int length,
        bool causal)
    {
        Random random = new(length);
        ushort[][] inputs = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, Heads * length * Dim)
            .Select(_ => (
                ushort)(BitConverter.SingleToUInt32Bits(
                    (float)((random.NextDouble() * 4) - 2)) >> 16)).ToArray())];
        Parameters parameters = new()
        {
            Query = machine.Upload<ushort>(inputs[0]),
            Key = machine.Upload<ushort>(inputs[1]),
            Value = machine.Upload<ushort>(inputs[2]),
            Output = machine.Allocate(Heads * length * Dim * 2),
            LogSumExp = machine.Allocate(Heads * length * 4),
            SequenceStride = Dim,
            HeadStride = length * Dim,
            Length = length,
            HeadDim = Dim,
            Causal = causal ? 1 : 0,
            Scale = 0.125f,
        };
        return (parameters, inputs);
    }

    private static EmulatorFault? Launch(PtxMachine machine, Parameters parameters)
    {
        uint tiles = (uint)(parameters.Length + 63) / 64;
        return machine.Launch((tiles, Heads, 1), (128, 1, 1), SharedBytes, null,
            PtxMachine.Bytes(parameters));
    }

    /// <summary>The largest error of the output, and of the log-sum-exp scaled to the same bound.</summary>
    private static double Error(ushort[][] inputs, ushort[] output, float[] logs, int length, bool causal)
    {
        double worst = 0;
        for (int h = 0; h < Heads; h++)
        {
            for (int i = 0; i < length; i += 3)
            {
                int keys = causal ? i + 1 : length;
                double[] weights = new double[keys];
                for (int j = 0; j < keys; j++)
                {
                    for (int e = 0; e < Dim; e++)
                    {
                        weights[j] += Value(inputs[0], h, i, e, length) * Value(inputs[1], h, j, e, length);
                    }
                    weights[j] = Math.Exp(weights[j] * 0.125);
                }
                double sum = weights.Sum();
                worst = Math.Max(worst, Math.Abs(Math.Log(sum) - logs[(h * length) + i]) * 100);
                for (int e = 0; e < Dim; e++)
                {
                    double expected = 0;
                    for (int j = 0; j < keys; j++)
                    {
                        expected += weights[j] / sum * Value(inputs[2], h, j, e, length);
                    }
                    // bfloat16 keeps 8 bits of the output and of the weights.
                    worst = Math.Max(worst,
                        Math.Abs(expected - Value(output, h, i, e, length)) / Math.Max(1,
                            Math.Abs(expected) * 2));
                }
            }
        }
        return worst;
    }

    private static double Value(ushort[] tensor, int head, int row, int element, int length)
    {
        return BitConverter.UInt32BitsToSingle((uint)tensor[(((head * length) + row) * Dim) + element] << 16);
    }

    private static string ReadPtx()
    {
        using Stream stream = typeof(FlashProbeTests).Assembly.GetManifestResourceStream("flash_probe.ptx")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
