using System.Runtime.InteropServices;
using NativeAttention.Cpu.Maps;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>Runs of neighborhood plans: memory, threads, cancellation, bits.</summary>
public class NeighborhoodPlanTests
{
    private static readonly NeighborhoodCase Case =
        new(ElementType.Float32, new(1, new(40, 40), 2, 1, 32) { ExtraKeys = 3 }, PatternSpec.Windows(7, 7), 81)
        {
            RelativeBias = true,
        };

    [TestCase("reference")]
    [TestCase("tiled")]
    [TestCase("stencil")]
    public void A_run_allocates_nothing(string rung)
    {
        PairBuffers<float> b = Case.Allocate<float>();
        using HostNeighborhoodPlan<float> plan =
            CpuBackend.Default.PlanNeighborhood<float>(NeighborhoodRuns.On(Case, rung, threads: 1));
        Assert.That(Allocations.Of(() => plan.Run(b.Inputs, b.Output, b.Lse)), Is.Zero);
    }

    [TestCase("tiled")]
    [TestCase("stencil")]
    public void Reruns_and_numbers_of_threads_give_equal_bits(string rung)
    {
        PairBuffers<float> b = Case.Allocate<float>();
        float[][] results = [.. new[] { 1, 2, 2, 7 }.Select(threads =>
        {
            b.PoisonForward();
            using HostNeighborhoodPlan<float> plan =
                CpuBackend.Default.PlanNeighborhood<float>(NeighborhoodRuns.On(Case, rung, threads));
            plan.Run(b.Inputs, b.Output, b.Lse);
            Case.Check(b);
            return b.Output.Concat(b.Lse).ToArray();
        })];
        foreach (float[] result in results)
        {
            Assert.That(Bits(result).SequenceEqual(Bits(results[0])));
        }

        static Span<byte> Bits(float[] values) => MemoryMarshal.AsBytes(values.AsSpan());
    }

    [Test]
    public void Many_plans_run_at_once() => Parallel.For(0, 12, new() { MaxDegreeOfParallelism = 6 }, n =>
    {
        PairBuffers<float> b = Case.Allocate<float>();
        using HostNeighborhoodPlan<float> plan = CpuBackend.Default.PlanNeighborhood<float>(
            NeighborhoodRuns.On(Case, n % 2 == 0 ? "tiled" : "stencil"));
        for (int run = 0; run < 5; run++)
        {
            b.PoisonForward();
            plan.Run(b.Inputs, b.Output, b.Lse);
            Case.Check(b);
        }
    });

    // Every row of the output, with its log-sum-exp, is final or untouched.
    [TestCase("reference")]
    [TestCase("tiled")]
    [TestCase("stencil")]
    public void A_cancelled_run_leaves_whole_rows(string rung)
    {
        const int heads = 8, dim = 64;
        NeighborhoodCase c = new(ElementType.Float32, new(1, new(64, 64), heads, heads, dim), PatternSpec.Windows(9, 9), 82);
        NeighborhoodProblem problem = NeighborhoodRuns.On(c, rung, threads: 2);
        float[] q = Numbers(problem.QueryLength, 1), k = Numbers(problem.KeyLength, 2), v = Numbers(problem.ValueLength, 3);
        float[] expected = new float[problem.OutputLength], expectedLse = new float[problem.LseLength];
        float[] output = new float[expected.Length], lse = new float[expectedLse.Length];
        using HostNeighborhoodPlan<float> plan = CpuBackend.Default.PlanNeighborhood<float>(problem);
        plan.Run(q, k, v, expected, expectedLse);
        for (int attempt = 0; attempt < 40; attempt++)
        {
            Array.Fill(output, Elements.Poison<float>());
            Array.Fill(lse, Elements.Poison<float>());
            using CancellationTokenSource source = new();
            bool cancelled = false;
            Thread watcher = new(() =>
            {
                while (Array.TrueForAll(lse, x => Elements.IsPoison(x)))
                {
                }

                source.Cancel();
            });
            watcher.Start();
            try
            {
                plan.Run(q, k, v, output, lse, source.Token);
            }
            catch (OperationCanceledException)
            {
                cancelled = true;
            }

            watcher.Join();
            int finished = 0;
            for (int row = 0; row < lse.Length; row++)
            {
                ReadOnlySpan<float> o = output.AsSpan(row * dim, dim);
                bool final = lse[row] == expectedLse[row] && o.SequenceEqual(expected.AsSpan(row * dim, dim));
                Assert.That(final || (Elements.IsPoison(lse[row]) && Elements.IsPoison(o[0]) && Elements.IsPoison(o[dim - 1])));
                finished += final ? 1 : 0;
            }

            if (cancelled)
            {
                Assert.That(finished, Is.InRange(1, lse.Length - 1));
                plan.Run(q, k, v, output, lse);
                Assert.That(output.AsSpan().SequenceEqual(expected));
                return;
            }
        }

        Assert.Fail("No run was cancelled before its end.");
    }

    [TestCase(ElementType.Float32, GuardSide.Start)]
    [TestCase(ElementType.Float32, GuardSide.End)]
    [TestCase(ElementType.Float16, GuardSide.End)]
    [TestCase(ElementType.BFloat16, GuardSide.Start)]
    public void No_kernel_touches_anything_beyond_its_buffers(ElementType type, GuardSide side)
    {
        (string, int)[] runs = [.. NeighborhoodRuns.All];
        foreach ((int n, NeighborhoodCase c) in NeighborhoodGrid.Patterns(type).Concat(NeighborhoodGrid.HeadDims(type))
            .Concat(NeighborhoodGrid.Options(type)).Index())
        {
            for (int run = 0; run < (type == ElementType.Float32 ? 2 : 1); run++)
            {
                (string rung, int width) = runs[((n * 3) + (run * 4) + (int)type) % runs.Length];
                switch (type)
                {
                    case ElementType.Float32: RunGuarded<float>(c, rung, width, side); break;
                    case ElementType.Float16: RunGuarded<Half>(c, rung, width, side); break;
                    default: RunGuarded<BFloat16>(c, rung, width, side); break;
                }
            }
        }
    }

    private static unsafe void RunGuarded<T>(NeighborhoodCase c, string rung, int width, GuardSide side)
        where T : unmanaged
    {
        NeighborhoodProblem problem = NeighborhoodRuns.On(c, rung);
        using CpuBackend backend = new(width);
        MapKernel<T> kernel = backend.MakeKernel<T>(problem.Lowered);
        PairBuffers<T> b = c.Allocate<T>();
        using GuardedMemory<T> q = Guard(b.Query, problem.QueryLength), k = Guard(b.Key, problem.KeyLength);
        using GuardedMemory<T> v = Guard(b.Value, problem.ValueLength), o = Guard(b.Output, problem.OutputLength);
        using GuardedMemory<T> extraKey = Guard(b.ExtraKey, problem.ExtraKeyLength);
        using GuardedMemory<T> extraValue = Guard(b.ExtraValue, problem.ExtraValueLength);
        using GuardedMemory<float> bias = GuardedMemory.Copy<float>(b.Bias.AsSpan(0, (int)problem.RelativeBiasLength), side);
        using GuardedMemory<float> lse = GuardedMemory.Copy<float>(b.Lse.AsSpan(0, (int)problem.LseLength), side);
        using GuardedMemory<float> scratch = new(kernel.ScratchFloats, side);
        fixed (T* pq = q.Span, pk = k.Span, pv = v.Span, po = o.Span, pek = extraKey.Span, pev = extraValue.Span)
        fixed (float* pb = bias.Span, pl = lse.Span)
        {
            NeighborhoodRuns.Run(kernel, new MapPointers<T>
            {
                Query = pq,
                Key = pk,
                Value = pv,
                Output = po,
                ExtraKey = pek,
                ExtraValue = pev,
                RelativeBias = pb,
                Lse = pl,
            }, scratch.Span);
        }

        o.Span.CopyTo(b.Output);
        lse.Span.CopyTo(b.Lse);
        c.Check(b);

        GuardedMemory<T> Guard(T[] storage, long used) => GuardedMemory.Copy<T>(storage.AsSpan(0, (int)used), side);
    }

    private static float[] Numbers(long count, int seed) =>
        Array.ConvertAll(RandomTensor.Normal(ElementType.Float32, (int)count, seed), x => (float)x);
}
