using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

public class CpuPlanTests
{
    private static readonly AttentionCase Case =
        new(ElementType.Float32, new(1, 200, 150, 4, 2, 32), AttentionOptions.Causal, seed: 21);

    [TestCase(1)]
    [TestCase(2)]
    public void A_run_allocates_nothing(int threads)
    {
        AttentionCase c = Case.With(new() { MaxThreads = threads });
        AttentionBuffers<float> b = c.Allocate<float>();
        using CancellationTokenSource source = new();
        using HostAttentionPlan<float> plan = Plan(c);
        long allocated = Allocations.Of(() =>
        {
            plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse, source.Token);
            plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
        });
        c.Check(b);
        Assert.That(allocated, Is.Zero);
    }

    // A task is a few query tiles, of one head or of several, that share key tiles. The first sequence alone is too
    // little work for more than one tile a task; in the batch there are up to four.
    [Test]
    public void Query_tiles_that_share_key_tiles_have_the_bits_of_one_alone()
    {
        foreach (AttentionMask mask in (AttentionMask[])
            [AttentionMask.None, AttentionMask.Causal, AttentionMask.Window(70, 0), AttentionMask.Window(3, 100)])
        {
            CheckTasks<float>(ElementType.Float32, mask);
            CheckTasks<Half>(ElementType.Float16, mask);
            CheckTasks<BFloat16>(ElementType.BFloat16, mask);
        }
    }

    private static void CheckTasks<T>(ElementType type, AttentionMask mask)
        where T : unmanaged
    {
        AttentionOptions options = new() { Mask = mask, Tuning = new() { MaxThreads = 1 } };
        AttentionCase batch = new(type, new(4, 150, 210, 2, 1, 40, 24), options, seed: 22);
        AttentionCase alone = new(type, batch.Shape with { Batch = 1 }, options, seed: 22);
        AttentionBuffers<T> b = batch.Allocate<T>(), first = alone.Allocate<T>();
        using HostAttentionPlan<T> all = CpuBackend.Default.PlanHost<T>(
            AttentionProblem.Create(type, batch.Shape, options));
        using HostAttentionPlan<T> one = CpuBackend.Default.PlanHost<T>(
            AttentionProblem.Create(type, alone.Shape, options));
        all.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
        batch.Check(b);
        one.Run(b.Query, b.Key, b.Value, first.Output, first.Lse);
        int count = 150 * 2 * 24;
        Assert.Multiple(() =>
        {
            Assert.That(first.Output[..count], Is.EqualTo(b.Output[..count]), $"{type} {mask}");
            Assert.That(first.Lse[..(150 * 2)], Is.EqualTo(b.Lse[..(150 * 2)]), $"{type} {mask}");
        });
    }

    // Scratch memory comes from the pool: what is left is the plan, its problem and its gang.
    [Test]
    public void A_one_shot_call_allocates_little()
    {
        AttentionBuffers<float> b = Case.Allocate<float>();
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        Assert.That(Allocations.Of(Attend), Is.LessThan(2000));
        Case.Check(b);

        void Attend() => runtime.Attend<float>(b.Query, b.Key, b.Value, b.Output, Case.Shape, Case.Options,
            b.Lse);
    }

    [Test]
    public void The_plan_tells_its_kernel_and_its_scratch_memory()
    {
        using HostAttentionPlan<float> tiled = Plan(Case);
        using HostAttentionPlan<float> reference = Plan(Case.With(new() { Rung = "reference" }));
        using CpuBackend narrow = new(vectorBits: 128);
        using HostAttentionPlan<float> v128 = narrow.PlanHost<float>(
            AttentionProblem.Create(ElementType.Float32, Case.Shape, Case.Options));
        Assert.Multiple(() =>
        {
            Assert.That(tiled.KernelName, Does.Match("^na_cpu_tiled_f32_(v512|v256|v128|scalar)$"));
            Assert.That(reference.KernelName, Is.EqualTo("na_cpu_reference_f32"));
            Assert.That(v128.KernelName, Is.EqualTo("na_cpu_tiled_f32_v128"));
            Assert.That(tiled.WorkspaceBytes, Is.GreaterThan(64 * (32 + 32) * sizeof(float)));
        });
    }

    [Test]
    public void Many_plans_run_at_once_beside_a_busy_pool()
    {
        AttentionCase[] cases = [.. AttentionGrid.EveryHeadDim(ElementType.Float32).Take(8)];
        Parallel.ForEach(cases, new ParallelOptions { MaxDegreeOfParallelism = 8 }, c =>
        {
            AttentionBuffers<float> b = c.Allocate<float>();
            using HostAttentionPlan<float> plan = Plan(c);
            for (int i = 0; i < 50; i++)
            {
                b.Poison();
                plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
                c.Check(b);
            }
        });
    }

    [Test]
    public void A_plan_shared_by_threads_runs_once_at_a_time_or_refuses()
    {
        AttentionBuffers<float> inputs = Case.Allocate<float>();
        using HostAttentionPlan<float> plan = Plan(Case);
        int ran = 0, refused = 0;
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            AttentionBuffers<float> mine = Case.Allocate<float>();
            try
            {
                plan.Run(inputs.Query, inputs.Key, inputs.Value, mine.Output, mine.Lse);
                Case.Check(mine);
                Interlocked.Increment(ref ran);
            }
            catch (InvalidOperationException)
            {
                Assert.That(mine.Output, Is.All.Matches<float>(Elements.IsPoison));
                Interlocked.Increment(ref refused);
            }
        });
        Assert.That((ran + refused, ran), Is.EqualTo((64, ran)).And.Matches<(int, int)>(p => p.Item2 > 0));
    }

    [Test]
    public void Disposal_while_others_run_is_safe()
    {
        for (int n = 0; n < 50; n++)
        {
            AttentionBuffers<float> b = Case.Allocate<float>();
            HostAttentionPlan<float> plan = Plan(Case);
            bool refused = false;
            Parallel.Invoke(
                () =>
                {
                    try
                    {
                        plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
                    }
                    catch (ObjectDisposedException)
                    {
                        refused = true;
                    }
                },
                plan.Dispose);
            Assert.That(() => plan.Run(b.Query, b.Key, b.Value, b.Output),
                Throws.TypeOf<ObjectDisposedException>());
            if (!refused)
            {
                Case.Check(b);
            }
        }
    }

    private static HostAttentionPlan<float> Plan(AttentionCase c) => CpuBackend.Default.PlanHost<float>(
        AttentionProblem.Create(c.ElementType, c.Shape, c.Options));
}
