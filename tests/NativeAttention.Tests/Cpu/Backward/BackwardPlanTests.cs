using System.Runtime.InteropServices;
using NativeAttention.Cpu.Backward;
using NativeAttention.Neighborhood;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu.Backward;

/// <summary>What a plan of backward does besides computing: threads, memory, cancellation, refusals.</summary>
public class BackwardPlanTests
{
    private static readonly NeighborhoodCase Map = new(ElementType.Float32,
        new(2, new GridShape(24, 25), 4, 2, 24, 16) { ExtraKeys = 70 }, PatternSpec.Windows(5, 6), seed: 90)
    { RelativeBias = true };

    private static readonly DenseBackwardCase Dense =
        new(ElementType.Float32, new(1, 200, 150, 4, 2, 32), AttentionOptions.Causal, seed: 91);

    [Test]
    public void Threads_change_no_bit()
    {
        foreach (NeighborhoodCase c in BackwardCases.Extras(ElementType.Float32).Append(Map))
        {
            byte[]? first = null;
            foreach (int threads in new[] { 1, 2, 5, 1 })
            {
                byte[] bytes = RunWith(c, new() { MaxThreads = threads });
                first ??= bytes;
                Assert.That(bytes.AsSpan().SequenceEqual(first), $"{threads} threads: {c}");
            }
        }
    }

    [TestCase(1)]
    [TestCase(2)]
    public void A_run_allocates_nothing(int threads)
    {
        PairBuffers<float> b = Filled<float>(Map);
        using CancellationTokenSource source = new();
        using HostBackwardPlan<float> plan = CpuBackend.Default.PlanBackward<float>(Problem(Map, threads));
        long allocated = Allocations.Of(() =>
        {
            plan.Run(b.BackwardInputs, b.Gradients, source.Token);
            plan.Run(b.BackwardInputs, b.Gradients);
        });
        Map.CheckGradients(b);
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public void The_plan_tells_its_kernel_and_its_memory()
    {
        using HostBackwardPlan<float> plan = CpuBackend.Default.PlanBackward<float>(Dense.Problem);
        using CpuBackend narrow = new(vectorBits: 128);
        using HostBackwardPlan<float> v128 = narrow.PlanBackward<float>(Map.Problem);
        Assert.That(plan.KernelName, Does.Match("^na_cpu_backward_tiled_f32_(v512|v256|v128|scalar)$"));
        Assert.That(v128.KernelName, Is.EqualTo("na_cpu_backward_tiled_f32_v128"));
        Assert.That(plan.WorkspaceBytes, Is.GreaterThan(4 * 200 * 2 * sizeof(float)));
    }

    [Test]
    public void A_runtime_plans_backward_of_both_kinds()
    {
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        PairBuffers<float> b = Filled<float>(Dense);
        using HostBackwardPlan<float> dense = runtime.PlanBackward<float>(new(1, 200, 150, 4, 2, 32), AttentionOptions.Causal);
        dense.Run(b.BackwardInputs, b.Gradients);
        Dense.CheckGradients(b);
        PairBuffers<float> m = Filled<float>(Map);
        using HostBackwardPlan<float> map = runtime.PlanBackward<float>(Map.Shape, Map.Problem.Options);
        map.Run(m.BackwardInputs, m.Gradients);
        Map.CheckGradients(m);
    }

    // Cancels as soon as a gradient is seen: every row is final or untouched, and the plan stays usable.
    [TestCase(1)]
    [TestCase(2)]
    public void A_cancelled_run_leaves_rows_final_or_untouched(int threads)
    {
        AttentionOptions options = AttentionOptions.Causal with { Tuning = new() { MaxThreads = threads } };
        DenseBackwardCase c = new(ElementType.Float32, new(1, 600, 600, 4, 2, 64), options, seed: 92);
        PairBuffers<float> b = Filled<float>(c);
        using HostBackwardPlan<float> plan = CpuBackend.Default.PlanBackward<float>(c.Problem);
        plan.Run(b.BackwardInputs, b.Gradients);
        float[][] expected = [[.. b.QueryGradient], [.. b.KeyGradient], [.. b.ValueGradient]];
        for (int attempt = 0; attempt < 40; attempt++)
        {
            b.PoisonGradients();
            bool cancelled = CancelAfterTheFirstRow(plan, b);
            int finished = new[] { b.QueryGradient, b.KeyGradient, b.ValueGradient }
                .Select((g, n) => CountFinished(g, expected[n], 64)).Sum();
            if (cancelled)
            {
                Assert.That(finished, Is.InRange(1, (600 * (4 + 2 + 2)) - 1));
                plan.Run(b.BackwardInputs, b.Gradients);
                Assert.That(b.KeyGradient.AsSpan(0, 600).SequenceEqual(expected[1].AsSpan(0, 600)));
                return;
            }
        }

        Assert.Fail("No run of 40 was cancelled before its end.");
    }

    [Test]
    public void A_run_that_is_cancelled_already_writes_nothing()
    {
        PairBuffers<float> b = Filled<float>(Dense);
        using HostBackwardPlan<float> plan = CpuBackend.Default.PlanBackward<float>(Dense.Problem);
        Assert.That(() => plan.Run(b.BackwardInputs, b.Gradients, new CancellationToken(canceled: true)),
            Throws.TypeOf<OperationCanceledException>());
        Assert.That(b.QueryGradient.Concat(b.KeyGradient), Is.All.Matches<float>(Elements.IsPoison));
    }

    [Test]
    public void Bad_spans_are_refused_before_anything_is_written()
    {
        PairBuffers<float> b = Filled<float>(Dense);
        using HostBackwardPlan<float> plan = CpuBackend.Default.PlanBackward<float>(Dense.Problem);
        Refused(() => plan.Run(b.BackwardInputs with { Lse = b.Lse.AsSpan(0, 799) }, b.Gradients), "Lse", "799", "800");
        Refused(() => plan.Run(b.BackwardInputs with { Output = default }, b.Gradients), "Output", "0", "25600");
        Refused(() => plan.Run(b.BackwardInputs with { ExtraKey = b.Key }, b.Gradients), "ExtraKey", "leave it empty");
        Refused(() => plan.Run(b.BackwardInputs, b.Gradients with { Key = b.ValueGradient }), "overlap");
        Refused(() => plan.Run(b.BackwardInputs, b.Gradients with { Query = b.Query }), "overlap");
        Assert.That(b.QueryGradient.Concat(b.KeyGradient).Concat(b.ValueGradient), Is.All.Matches<float>(Elements.IsPoison));

        static void Refused(Action run, params string[] words)
        {
            foreach (string word in words)
            {
                Assert.That(() => run(), Throws.ArgumentException.With.Message.Contains(word));
            }
        }
    }

    [Test]
    public void What_backward_cannot_do_is_refused_with_the_reason()
    {
        AttentionShape s = new(2, 8, 8, 4, 2, 16);
        Dense(AttentionOptions.Default with { SoftCap = 30 }, "soft cap");
        Dense(AttentionOptions.Default with { Operands = new() { Sinks = new(0, 1, 0, 0) } }, "operand");
        Dense(AttentionOptions.Default with { Tuning = new() { Rung = "decode" } }, "no rung 'decode' for backward");
        Dense(AttentionOptions.Default with { Layout = TestLayouts.SharedKeyValue(s) }, "key may share an address");
        NeighborhoodProblem split = NeighborhoodProblem.Create(ElementType.Float32, new(1, new GridShape(9), 4, 2, 8),
            new(NeighborhoodPattern.Windows(3))
            {
                HeadPatterns = [.. new[] { 3, 3, 3, 5 }.Select(w => NeighborhoodPattern.Windows(w))],
            });
        Assert.That(CpuBackend.Default.CanRunBackward(split, out string? reason), Is.False);
        Assert.That(reason, Does.Contain("query heads 2 and 3 share key/value head 1"));
        Assert.That(() => CpuBackend.Default.PlanBackward<float>(split), Throws.TypeOf<NotSupportedException>()
            .With.Message.Contains("query heads 2 and 3"));

        void Dense(AttentionOptions options, string expected)
        {
            AttentionProblem problem = AttentionProblem.Create(ElementType.Float32, s, options);
            Assert.That(CpuBackend.Default.CanRunBackward(problem, out string? why), Is.False);
            Assert.That(why, Does.Contain(expected));
            Assert.That(() => CpuBackend.Default.PlanBackward<float>(problem),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains(expected));
        }
    }

    // Tensors, scratch and shared memory against inaccessible pages, the latter two full of NaN.
    [TestCase(ElementType.Float32, GuardSide.Start)]
    [TestCase(ElementType.Float32, GuardSide.End)]
    [TestCase(ElementType.Float16, GuardSide.End)]
    [TestCase(ElementType.BFloat16, GuardSide.Start)]
    public void No_kernel_touches_anything_beyond_its_buffers(ElementType type, GuardSide side)
    {
        int[] widths = [512, 256, 128, 0];
        foreach ((int n, PairCase c) in BackwardCases.Mixed(type).Index())
        {
            MapProblem problem = c is NeighborhoodCase map ? map.Problem.Lowered
                : MapProblem.Of(((DenseBackwardCase)c).Problem);
            int bits = widths[(n + (int)side) % widths.Length];
            switch (type)
            {
                case ElementType.Float32: RunGuarded<float>(c, problem, bits, side); break;
                case ElementType.Float16: RunGuarded<Half>(c, problem, bits, side); break;
                default: RunGuarded<BFloat16>(c, problem, bits, side); break;
            }
        }
    }

    private static unsafe void RunGuarded<T>(PairCase c, MapProblem problem, int bits, GuardSide side)
        where T : unmanaged
    {
        PairBuffers<T> b = Filled<T>(c);
        PairViews v = c.Views;
        using CpuBackend backend = new(bits);
        BackwardKernel<T> kernel = backend.MakeBackward<T>(problem);
        using GuardedTensor<T> q = new(b.Query, v.Query, side), k = new(b.Key, v.Key, side), x = new(b.Value, v.Value, side);
        using GuardedTensor<T> o = new(b.Output, v.Output, side), g = new(b.OutputGradient, v.Output, side);
        using GuardedTensor<T> xk = new(b.ExtraKey, v.ExtraKey, side), xv = new(b.ExtraValue, v.ExtraValue, side);
        using GuardedTensor<T> dq = new(b.QueryGradient, v.Query, side), dk = new(b.KeyGradient, v.Key, side);
        using GuardedTensor<T> dv = new(b.ValueGradient, v.Value, side);
        using GuardedTensor<T> dxk = new(b.ExtraKeyGradient, v.ExtraKey, side);
        using GuardedTensor<T> dxv = new(b.ExtraValueGradient, v.ExtraValue, side);
        using GuardedTensor<float> lse = new(b.Lse, v.Lse, side), bias = new(b.Bias, v.Bias, side);
        using GuardedTensor<float> db = new(b.BiasGradient, v.Bias, side);
        using GuardedTensor<float> lg = new(b.LseGradient, b.LseGradient.Length == 0 ? default : v.Lse, side);
        using GuardedMemory<float> scratch = new(kernel.ScratchFloats, side), shared = new(kernel.SharedFloats, side);
        shared.Span.Fill(float.NaN);
        BackwardPointers<T> tensors = new()
        {
            Query = q.Start,
            Key = k.Start,
            Value = x.Start,
            Output = o.Start,
            OutputGradient = g.Start,
            Lse = lse.Start,
            LseGradient = lg.Start,
            ExtraKey = xk.Start,
            ExtraValue = xv.Start,
            RelativeBias = bias.Start,
            QueryGradient = dq.Start,
            KeyGradient = dk.Start,
            ValueGradient = dv.Start,
            ExtraKeyGradient = dxk.Start,
            ExtraValueGradient = dxv.Start,
            RelativeBiasGradient = db.Start,
        };
        fixed (float* s = scratch.Span, together = shared.Span)
        {
            tensors.Shared = together;
            for (int phase = 0; phase < kernel.Phases.Length; phase++)
            {
                for (long unit = 0; unit < kernel.Phases[phase]; unit++)
                {
                    scratch.Span.Fill(float.NaN);
                    kernel.Run(phase, unit, tensors, s);
                }
            }
        }

        foreach (GuardedTensor<T> gradient in new[] { dq, dk, dv, dxk, dxv })
        {
            gradient.CopyBack();
        }

        db.CopyBack();
        c.CheckGradients(b);
    }

    private static byte[] RunWith(NeighborhoodCase c, TuningHints tuning)
    {
        PairBuffers<float> b = Filled<float>(c);
        using HostBackwardPlan<float> plan = CpuBackend.Default.PlanBackward<float>(Problem(c, tuning.MaxThreads!.Value));
        plan.Run(b.BackwardInputs, b.Gradients);
        c.CheckGradients(b);
        return [.. MemoryMarshal.AsBytes<float>(b.QueryGradient), .. MemoryMarshal.AsBytes<float>(b.KeyGradient),
            .. MemoryMarshal.AsBytes<float>(b.ValueGradient), .. MemoryMarshal.AsBytes<float>(b.ExtraKeyGradient),
            .. MemoryMarshal.AsBytes<float>(b.ExtraValueGradient), .. MemoryMarshal.AsBytes<float>(b.BiasGradient)];
    }

    private static NeighborhoodProblem Problem(NeighborhoodCase c, int threads) => NeighborhoodProblem.Create(
        ElementType.Float32, c.Shape, c.Problem.Options with { Tuning = new() { MaxThreads = threads } });

    private static PairBuffers<T> Filled<T>(PairCase c)
        where T : unmanaged
    {
        PairBuffers<T> b = c.Allocate<T>();
        c.FillForward(b);
        c.FillUpstream(b);
        return b;
    }

    private static bool CancelAfterTheFirstRow(HostBackwardPlan<float> plan, PairBuffers<float> b)
    {
        using CancellationTokenSource source = new();
        bool ended = false;
        Thread watcher = new(() =>
        {
            while (!Volatile.Read(ref ended) && Array.TrueForAll(b.KeyGradient, Elements.IsPoison)
                && Array.TrueForAll(b.QueryGradient, Elements.IsPoison))
            {
            }

            source.Cancel();
        });
        watcher.Start();
        try
        {
            plan.Run(b.BackwardInputs, b.Gradients, source.Token);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        finally
        {
            Volatile.Write(ref ended, true);
            watcher.Join();
        }
    }

    // Rows with the expected bits; all others must be untouched.
    private static int CountFinished(float[] gradient, float[] expected, int dim)
    {
        int finished = 0;
        for (int at = 0; at + dim <= gradient.Length; at += dim)
        {
            ReadOnlySpan<float> row = gradient.AsSpan(at, dim);
            bool final = row.SequenceEqual(expected.AsSpan(at, dim));
            Assert.That(final || Array.TrueForAll(row.ToArray(), Elements.IsPoison),
                $"row {at / dim}: neither final nor untouched");
            finished += final ? 1 : 0;
        }

        return finished;
    }

    // A tensor copied to guarded memory; null when it is empty.
    private sealed unsafe class GuardedTensor<T>(T[] storage, TensorView view, GuardSide side) : IDisposable
        where T : unmanaged
    {
        private readonly GuardedMemory<T> memory =
            GuardedMemory.Copy<T>(storage.AsSpan(0, view.Dim == 0 ? 0 : view.StorageLength), side);

        public T* Start => memory.Span.IsEmpty ? null : (T*)System.Runtime.CompilerServices.Unsafe.AsPointer(
            ref MemoryMarshal.GetReference(memory.Span));

        public void CopyBack() => memory.Span.CopyTo(storage);

        public void Dispose() => memory.Dispose();
    }
}
