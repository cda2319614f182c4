using NativeAttention.Cpu;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>
/// Kernels on buffers that lie against inaccessible pages, scratch memory too: touching one element before or
/// behind a buffer ends the process.
/// </summary>
[TestFixture(ElementType.Float32)]
[TestFixture(ElementType.Float16)]
[TestFixture(ElementType.BFloat16)]
public class GuardPageTests(ElementType type)
{
    private static readonly int[] Widths = [512, 256, 128, 0];

    // Beyond the grid's: single queries and few, with groups, over short and long keys.
    internal static IEnumerable<AttentionCase> Decoding(ElementType type) =>
        from queries in new[] { 1, 2, 5 }
        from keys in new[] { 1, 15, 131, 1030 }
        from dims in new[] { (64, 64), (33, 17), (128, 127) }
        select new AttentionCase(type, new(2, queries, keys, 6, 2, dims.Item1, dims.Item2),
            keys % 2 == 0 ? AttentionOptions.Default : AttentionOptions.Causal, seed: 5000 + keys);

    [Test]
    public void No_kernel_touches_anything_beyond_its_buffers() =>
        RunGuarded(AttentionGrid.EveryHeadDim(type).Concat(AttentionGrid.Bands(type))
            .Concat(AttentionGrid.LengthPairs(type).Where((_, n) => n % 3 == 0)).Concat(Decoding(type)));

    // The optional operands too.
    [Test]
    public void No_modifier_touches_anything_beyond_its_operands() =>
        RunGuarded(ModifierGrid.Each(type).Where((_, n) => n % 3 == (int)type)
            .Concat(ModifierGrid.FewQueries(type, seed: 41, count: 12)));

    // Widths rotate through the cases, and differ from one side to the other; the reference rung has none.
    private void RunGuarded(IEnumerable<AttentionCase> cases)
    {
        foreach ((int n, AttentionCase c) in cases.Index())
        {
            foreach (GuardSide side in Enum.GetValues<GuardSide>())
            {
                RunGuarded(c, Widths[(n + (int)side) % Widths.Length], side);
            }
        }
    }

    private void RunGuarded(AttentionCase c, int width, GuardSide side)
    {
        foreach (string rung in CpuBackend.Rungs.Where(r => width == 0 || r != "reference"))
        {
            AttentionCase onRung = c.With(new() { Rung = rung });
            if (!CpuBackend.Default.CanRun(AttentionProblem.Create(type, c.Shape, onRung.Options), out _))
            {
                continue;
            }

            switch (type)
            {
                case ElementType.Float32: RunGuarded<float>(onRung, width, side); break;
                case ElementType.Float16: RunGuarded<Half>(onRung, width, side); break;
                default: RunGuarded<BFloat16>(onRung, width, side); break;
            }
        }
    }

    // The proof that the test above can fail: with one element too few, the process dies.
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void A_buffer_that_is_too_short_ends_the_process(int missing)
    {
        if (!OperatingSystem.IsLinux() || type != ElementType.Float32)
        {
            Assert.Ignore("Only Linux has the pages here, and one element type is enough.");
        }

        ChildProcess child = ChildProcess.RunTests(nameof(Run_with_a_buffer_that_is_too_short), $"{missing}");
        Assert.That(child.ExitCode, Is.Not.Zero, child.Output);
        Assert.That(child.Output, Does.Contain("AccessViolation").Or.Contain("the process ended with code"));
    }

    [Test]
    [Explicit("It ends the process: only a child runs it.")]
    public void Run_with_a_buffer_that_is_too_short()
    {
        if (!int.TryParse(ChildProcess.Purpose, out int missing))
        {
            Assert.Ignore("It ends the process: only a child runs it.");
        }

        AttentionCase c = new(ElementType.Float32, new(1, 70, 70, 1, 1, 64), seed: 9);
        RunGuarded<float>(c, 512, GuardSide.End, missing);
    }

    private static unsafe void RunGuarded<T>(AttentionCase c, int width, GuardSide side, int missing = -1)
        where T : unmanaged
    {
        AttentionProblem problem = AttentionProblem.Create(c.ElementType, c.Shape, c.Options);
        using CpuBackend backend = new(width);
        CpuKernel<T> kernel = backend.MakeKernel<T>(problem);
        AttentionBuffers<T> b = c.Allocate<T>();
        using GuardedMemory<T> q = Guard(b.Query, problem.QueryStorageLength);
        using GuardedMemory<T> k = Guard(b.Key, problem.KeyStorageLength - (missing == 0 ? 1 : 0));
        using GuardedMemory<T> v = Guard(b.Value, problem.ValueStorageLength);
        using GuardedMemory<T> o = Guard(b.Output, problem.OutputStorageLength - (missing == 1 ? 1 : 0));
        using GuardedMemory<float> lse = GuardedMemory.Copy<float>(b.Lse, side);
        using GuardedMemory<float> scratch = new(kernel.ScratchFloats - (missing == 2 ? 16 : 0), side);
        using GuardedMemory<float> shared = new(kernel.SharedFloats, side);
        using GuardedMemory<int> counters = new(kernel.SharedCounters, side);
        using GuardedOperands operands = new(c.Operands, side);
        shared.Span.Fill(float.NaN);
        counters.Span.Clear();
        fixed (T* pq = q.Span, pk = k.Span, pv = v.Span, po = o.Span)
        fixed (float* pl = lse.Span, ps = scratch.Span, together = shared.Span)
        fixed (int* counts = counters.Span)
        {
            TensorPointers<T> tensors = operands.Pointers<T>();
            tensors.Query = pq;
            tensors.Key = pk;
            tensors.Value = pv;
            tensors.Output = po;
            tensors.Lse = pl;
            tensors.Shared = together;
            tensors.Counters = counts;
            for (long tile = 0; tile < kernel.Tiles; tile++)
            {
                scratch.Span.Fill(float.NaN); // what a tile finds there, it must have written
                kernel.Run(tile, tensors, ps);
            }
        }

        c.Check<T>(o.Span, lse.Span);

        GuardedMemory<T> Guard(T[] storage, long used) =>
            GuardedMemory.Copy<T>(storage.AsSpan(0, (int)used), side);
    }
}
