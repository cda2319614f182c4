namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Coalescing and bank conflicts of one warp, whose answers follow from the addresses by hand: 32-byte
/// sectors of global memory, 32 banks of 4 bytes in shared memory.
/// </summary>
internal sealed class AccessPatternTests
{
    // Bytes between the accesses of neighbouring lanes, and before the first.
    [TestCase("u8", 1, 0, 1, 1)]
    [TestCase("u16", 2, 0, 2, 2)]
    [TestCase("u32", 4, 0, 4, 4)]
    [TestCase("u32", 0, 0, 1, 1, TestName = "Global_broadcast")]
    [TestCase("u32", 4, 4, 5, 4, TestName = "Global_one_word_off")]
    [TestCase("u32", 8, 0, 8, 4)]
    [TestCase("u32", 12, 0, 12, 4)]
    [TestCase("u32", 32, 0, 32, 4)]
    [TestCase("u32", 128, 0, 32, 4)]
    [TestCase("u64", 8, 0, 8, 8)]
    [TestCase("u64", 16, 0, 16, 8)]
    [TestCase("v2.u32", 8, 0, 8, 8)]
    [TestCase("v4.u32", 16, 0, 16, 16)]
    [TestCase("v4.u32", 16, 16, 17, 16, TestName = "Global_half_a_sector_off")]
    [TestCase("v4.u32", 32, 0, 32, 16)]
    public void Sectors_of_a_global_load_and_store(string type, int stride, int offset, int sectors, int least)
    {
        MemoryTraffic load = Run($"ld.global.{type} {Data(type)}, [%rd3+{offset}];", stride).Global;
        Assert.That((load.Transactions, load.MinimumTransactions, load.Requests), Is.EqualTo((sectors, least, 1)));
        MemoryTraffic store = Run($"st.global.{type} [%rd3+{offset}], {Data(type)};", stride).Global;
        Assert.That((store.Transactions, store.MinimumTransactions), Is.EqualTo((sectors, least)));
        Assert.That((load.BytesWritten, store.BytesRead), Is.EqualTo((0, 0)));
        Assert.That(load.BytesRead, Is.EqualTo(store.BytesWritten).And.EqualTo(32 * Bytes(type)));
    }

    [TestCase("u8", 1, 1, 1)]
    [TestCase("u16", 2, 1, 1)]
    [TestCase("u32", 0, 1, 1, TestName = "Shared_broadcast")]
    [TestCase("u32", 4, 1, 1)]
    [TestCase("u32", 8, 2, 1)]
    [TestCase("u32", 12, 1, 1)]
    [TestCase("u32", 16, 4, 1)]
    [TestCase("u32", 64, 16, 1)]
    [TestCase("u32", 128, 32, 1)]
    [TestCase("u32", 132, 1, 1)]
    [TestCase("v2.u32", 8, 2, 2)]
    [TestCase("v2.u32", 16, 4, 2)]
    [TestCase("v2.u32", 0, 2, 2, TestName = "Shared_broadcast_of_8_bytes")]
    [TestCase("v2.u32", 128, 32, 2)]
    [TestCase("u64", 8, 2, 2)]
    [TestCase("v4.u32", 16, 4, 4)]
    [TestCase("v4.u32", 32, 8, 4)]
    [TestCase("v4.u32", 128, 32, 4)]
    [TestCase("v4.u32", 144, 4, 4)]
    public void Passes_of_a_shared_load_and_store(string type, int stride, int passes, int least)
    {
        MemoryTraffic load = Run($"ld.shared.{type} {Data(type)}, [%r4];", stride).Shared;
        Assert.That((load.Transactions, load.MinimumTransactions, load.Requests), Is.EqualTo((passes, least, 1)));
        MemoryTraffic store = Run($"st.shared.{type} [%r4], {Data(type)};", stride).Shared;
        Assert.That((store.Transactions, store.MinimumTransactions), Is.EqualTo((passes, least)));
        Assert.That(load.BytesRead, Is.EqualTo(store.BytesWritten).And.EqualTo(32 * Bytes(type)));
        Assert.That(load.Ratio, Is.EqualTo((double)passes / least));
    }

    [Test]
    public void Lanes_that_are_off_cost_nothing()
    {
        const string Half = "setp.lt.u32 %p1, %r1, 16;\n@%p1 ld.global.u32 %r5, [%rd3];\n@!%p1 st.shared.u32 [%r4], %r5;";
        KernelProfile profile = Run(Half, 4);
        Assert.That((profile.Global.Transactions, profile.Global.BytesRead), Is.EqualTo((2, 64)));
        Assert.That((profile.Shared.Transactions, profile.Shared.BytesWritten), Is.EqualTo((1, 64)));
        KernelProfile none = Run("setp.lt.u32 %p1, %r1, 0;\n@%p1 ld.global.u32 %r5, [%rd3];", 4);
        Assert.That(none.Global, Is.EqualTo(default(MemoryTraffic)));
    }

    [TestCase(0, 32)]
    [TestCase(4, 1)]
    [TestCase(128, 32)]
    public void Atomics_on_one_word_take_turns(int stride, int passes)
    {
        KernelProfile profile = Run("atom.shared.add.u32 %r5, [%r4], 1;", stride);
        Assert.That((profile.Shared.Transactions, profile.Shared.MinimumTransactions), Is.EqualTo((passes, 1)));
        Assert.That(profile.Atomics, Is.EqualTo(1));
        Assert.That(Run("red.global.add.u32 [%rd3], 1;", 4).Global, Is.EqualTo(new MemoryTraffic(1, 128, 128, 4, 4)));
    }

    // Rows of 128 bytes, as a tile of 64 halves has them; the swizzle exchanges the 16-byte chunks by the row.
    [TestCase("x1", false, 8, 1)]
    [TestCase("x1", true, 1, 1)]
    [TestCase("x2", false, 16, 2)]
    [TestCase("x4", false, 32, 4)]
    [TestCase("x4", true, 4, 4)]
    public void Passes_of_ldmatrix(string count, bool swizzled, int passes, int least)
    {
        string registers = count switch { "x1" => "{%r8}", "x2" => "{%r8, %r9}", _ => "{%r8, %r9, %r10, %r11}" };
        string address = $"""
            and.b32 %r5, %r1, 7;
            shr.u32 %r6, %r1, 3;
            {(swizzled ? "xor.b32 %r6, %r6, %r5;" : "")}
            shl.b32 %r6, %r6, 4;
            shl.b32 %r5, %r5, 7;
            add.u32 %r5, %r5, %r6;
            add.u32 %r5, %r5, %r3;
            ldmatrix.sync.aligned.m8n8.{count}.shared.b16 {registers}, [%r5];
            """;
        MemoryTraffic shared = Run(address, 0).Shared;
        Assert.That((shared.Transactions, shared.MinimumTransactions), Is.EqualTo((passes, least)));
        Assert.That(shared.BytesRead, Is.EqualTo(least * 128));
    }

    [TestCase(16, "", 16, 16, 4)]
    [TestCase(128, "", 32, 16, 32)]
    [TestCase(16, ", %r6", 8, 8, 4, TestName = "Async_copy_with_zeros_for_half_the_lanes")]
    public void An_async_copy_counts_on_both_sides(int stride, string size, int sectors, int least, int passes)
    {
        string copy = $"""
            setp.lt.u32 %p1, %r1, 16;
            selp.b32 %r6, 16, 0, %p1;
            cp.async.cg.shared.global [%r4], [%rd3], 16{size};
            cp.async.wait_all;
            """;
        KernelProfile profile = Run(copy, stride);
        Assert.That((profile.Global.Transactions, profile.Global.MinimumTransactions), Is.EqualTo((sectors, least)));
        Assert.That((profile.Shared.Transactions, profile.Shared.MinimumTransactions), Is.EqualTo((passes, 4)));
        Assert.That((profile.Global.BytesRead, profile.Shared.BytesWritten), Is.EqualTo((least * 32, 512)));
    }

    // 512 bytes from one sector boundary, or from its middle; early and late arrival count the same.
    [TestCase(0, 16, 0)]
    [TestCase(0, 16, 1)]
    [TestCase(16, 17, 0)]
    public void A_bulk_copy_counts_whole_runs(int offset, int sectors, int seed)
    {
        string body = $$"""
            .shared .align 8 .b64 arrived;
            mov.u32 %r5, arrived; setp.eq.u32 %p1, %r1, 0;
            @%p1 mbarrier.init.shared::cta.b64 [%r5], 1; @%p1 fence.mbarrier_init.release.cluster; bar.sync 0;
            @%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r5], 512;
            @%p1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r4], [%rd1+{{offset}}], 512, [%r5];
            W: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r5], 0; @!%p1 bra W;
            """;
        KernelProfile profile = Run(body, 0, "sm_90", seed);
        Assert.That(profile.Global, Is.EqualTo(new MemoryTraffic(1, 512, 0, sectors, 16)));
        Assert.That(profile.Shared, Is.EqualTo(new MemoryTraffic(1, 0, 512, 4, 4)));
    }

    [Test]
    public void A_generic_access_counts_where_it_goes()
    {
        KernelProfile profile = Run("""
            cvt.u64.u32 %rd4, %r4;
            cvta.shared.u64 %rd4, %rd4;
            setp.lt.u32 %p1, %r1, 8;
            selp.b64 %rd4, %rd4, %rd3, %p1;
            ld.u32 %r5, [%rd4];
            """, 4);
        Assert.That(profile.Shared, Is.EqualTo(new MemoryTraffic(1, 32, 0, 1, 1)));
        Assert.That(profile.Global, Is.EqualTo(new MemoryTraffic(1, 96, 0, 3, 3)));
    }

    /// <summary>One warp: %rd3 and %r4 are a global and a shared address, `stride` bytes apart from lane to
    /// lane.</summary>
    private static KernelProfile Run(string body, int stride, string target = "sm_80", int seed = 0)
    {
        string ptx = $$"""
            .version 8.0
            .target {{target}}
            .address_size 64
            .visible .entry k(.param .u64 data)
            {
                .shared .align 128 .b8 buffer[8192];
                .reg .pred %p<2>; .reg .b16 %h<2>; .reg .b32 %r<20>; .reg .b64 %rd<8>;
                mov.u32 %r1, %tid.x;
                mul.lo.u32 %r2, %r1, {{stride}};
                mov.u32 %r3, buffer;
                add.u32 %r4, %r3, %r2;
                ld.param.u64 %rd1, [data];
                cvt.u64.u32 %rd2, %r2;
                add.u64 %rd3, %rd1, %rd2;
                {{body}}
                ret;
            }
            """;
        using EmulatedGpu gpu = new(EmulatorOptions.Default with
        {
            Target = target,
            Seed = seed,
            Profile = true,
            Checks = EmulatorChecks.None,
        });
        using EmulatedBuffer<byte> data = gpu.Upload<byte>(new byte[8192]);
        return gpu.Launch(gpu.Load(ptx).Kernel("k"), 1, 32, [data]).Profile!;
    }

    private static string Data(string type) => type switch
    {
        "u8" or "u16" => "%h1",
        "u64" => "%rd5",
        "v2.u32" => "{%r8, %r9}",
        "v4.u32" => "{%r8, %r9, %r10, %r11}",
        _ => "%r8",
    };

    private static int Bytes(string type) => type switch
    {
        "u8" => 1,
        "u16" => 2,
        "u64" or "v2.u32" => 8,
        "v4.u32" => 16,
        _ => 4,
    };
}
