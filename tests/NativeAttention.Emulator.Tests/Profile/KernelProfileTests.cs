namespace NativeAttention.Emulation.Tests;

/// <summary>What a profile says of instructions, statements and launches.</summary>
internal sealed class KernelProfileTests
{
    private const string Loop = """
        .version 7.0
        .target sm_80
        .address_size 64
        .visible .entry k(.param .u64 data, .param .u32 n)
        {
            .local .align 4 .b8 depot[4];
            .reg .pred %p<3>; .reg .b32 %r<6>; .reg .f32 %f<4>; .reg .b64 %rd<4>;
            ld.param.u32 %r1, [n];
            mov.u32 %r2, 0;
            mov.f32 %f1, 0f3F800000;
            setp.eq.u32 %p1, %r1, 77;
            @%p1 bra NEVER;
        AGAIN:
            ex2.approx.f32 %f1, %f1;
            fma.rn.f32 %f1, %f1, %f1, %f1;
            add.u32 %r2, %r2, 1;
            setp.lt.u32 %p2, %r2, %r1;
            @%p2 bra AGAIN;
            bar.sync 0;
            cvt.rn.f32.u32 %f2, %r2;
            st.local.f32 [depot], %f2;
            ld.local.f32 %f3, [depot];
            ld.param.u64 %rd1, [data];
            st.global.f32 [%rd1], %f3;
            ret;
        NEVER:
            mov.u32 %r3, 1; st.global.u32 [%rd1], %r3;
        }
        """;

    private static readonly EmulatorOptions _options =
        EmulatorOptions.Default with { Profile = true, Checks = EmulatorChecks.None };

    [Test]
    public void Instructions_are_counted_by_class()
    {
        KernelProfile profile = Run(10, 2);
        Assert.That(profile.InstructionsByClass, Is.EquivalentTo(new Dictionary<InstructionClass, long>
        {
            [InstructionClass.Float32] = 20,
            [InstructionClass.SpecialFunction] = 20,
            [InstructionClass.Integer] = 42,
            [InstructionClass.Move] = 4,
            [InstructionClass.Conversion] = 2,
            [InstructionClass.Barrier] = 2,
            [InstructionClass.Control] = 24,
            [InstructionClass.ParameterMemory] = 4,
            [InstructionClass.LocalMemory] = 4,
            [InstructionClass.GlobalMemory] = 2,
        }));
        Assert.That(profile.WarpInstructions, Is.EqualTo(profile.InstructionsByClass.Values.Sum()));
        Assert.That((profile.Blocks, profile.Launches, profile.Barriers), Is.EqualTo((2, 1, 2)));
        Assert.That((profile.Kernel, profile.Module), Is.EqualTo(("k", "module")));
    }

    [Test]
    public void Small_spaces_have_their_bytes()
    {
        KernelProfile profile = Run(1, 1);
        Assert.That(profile.Local, Is.EqualTo(new MemoryTraffic(2, 128, 128, 0, 0)));
        Assert.That(profile.Parameter, Is.EqualTo(new MemoryTraffic(2, 32 * 12, 0, 0, 0)));
        Assert.That(profile.Global, Is.EqualTo(new MemoryTraffic(1, 0, 128, 1, 1)));
    }

    [Test]
    public void The_hot_statements_come_first_and_the_dead_ones_are_known()
    {
        KernelProfile profile = Run(10, 2);
        Assert.That(profile.Hottest(5).Select(s => (s.Line, s.Executions)),
            Is.EqualTo(new[] { (14, 20L), (15, 20), (16, 20), (17, 20), (18, 20) }));
        Assert.That(profile.Hottest(1)[0].Statement, Is.EqualTo("ex2.approx.f32 %f1, %f1;"));
        Assert.That(profile.Hottest(100).Select(s => s.Executions), Is.All.GreaterThan(0));
        Assert.That(profile.Unexecuted().Select(s => s.Statement),
            Is.EqualTo(["mov.u32 %r3, 1;", "st.global.u32 [%rd1], %r3;"]));
        Assert.That(profile.Statements, Has.Count.EqualTo(19));
    }

    [Test]
    public void Nothing_is_counted_unless_asked_for_and_results_are_the_same()
    {
        using EmulatedGpu plain = new();
        using EmulatedGpu counting = new(_options);
        LaunchResult without = Launch(plain, 7, out float expected);
        LaunchResult with = Launch(counting, 7, out float actual);
        Assert.That((without.Profile, actual), Is.EqualTo(((KernelProfile?)null, expected)));
        Assert.That(with.Counters.WarpInstructions, Is.EqualTo(without.Counters.WarpInstructions)
            .And.EqualTo(with.Profile!.WarpInstructions));
        Assert.That(with.Counters.GlobalBytesWritten, Is.EqualTo(with.Profile.Global.BytesWritten));
    }

    [TestCase("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", InstructionClass.Tensor)]
    [TestCase("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16", InstructionClass.Tensor)]
    [TestCase("wgmma.wait_group.sync.aligned", InstructionClass.Barrier)]
    [TestCase("fma.rn.f32", InstructionClass.Float32)]
    [TestCase("setp.lt.and.f32", InstructionClass.Float32)]
    [TestCase("add.f64", InstructionClass.Float64)]
    [TestCase("fma.rn.bf16x2", InstructionClass.Half)]
    [TestCase("mad.lo.s32", InstructionClass.Integer)]
    [TestCase("and.pred", InstructionClass.Integer)]
    [TestCase("lop3.b32", InstructionClass.Integer)]
    [TestCase("cvta.to.global.u64", InstructionClass.Move)]
    [TestCase("cvt.rn.bf16x2.f32", InstructionClass.Conversion)]
    [TestCase("ex2.approx.ftz.f32", InstructionClass.SpecialFunction)]
    [TestCase("shfl.sync.bfly.b32", InstructionClass.Warp)]
    [TestCase("ld.global.nc.L1::no_allocate.v4.u32", InstructionClass.GlobalMemory)]
    [TestCase("ld.shared.v4.u32", InstructionClass.SharedMemory)]
    [TestCase("ldmatrix.sync.aligned.m8n8.x4.shared.b16", InstructionClass.SharedMemory)]
    [TestCase("st.local.u32", InstructionClass.LocalMemory)]
    [TestCase("ld.u32", InstructionClass.GenericMemory)]
    [TestCase("cp.async.cg.shared.global", InstructionClass.AsyncCopy)]
    [TestCase("cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes",
        InstructionClass.AsyncCopy)]
    [TestCase("red.global.add.f32", InstructionClass.Atomic)]
    [TestCase("mbarrier.try_wait.parity.shared::cta.b64", InstructionClass.Barrier)]
    [TestCase("fence.proxy.async", InstructionClass.Barrier)]
    [TestCase("bra.uni", InstructionClass.Control)]
    public void An_opcode_has_its_class(string opcode, InstructionClass expected) =>
        Assert.That(InstructionClasses.Of(opcode), Is.EqualTo(expected));

    private static KernelProfile Run(int n, int blocks)
    {
        using EmulatedGpu gpu = new(_options);
        using EmulatedBuffer<float> data = gpu.Allocate<float>(1);
        return gpu.Launch(gpu.Load(Loop).Kernel("k"), blocks, 32, [data, n]).Profile!;
    }

    private static LaunchResult Launch(EmulatedGpu gpu, int n, out float result)
    {
        using EmulatedBuffer<float> data = gpu.Allocate<float>(1);
        LaunchResult launch = gpu.Launch(gpu.Load(Loop).Kernel("k"), 1, 32, [data, n]);
        result = data.Read()[0];
        return launch;
    }
}
