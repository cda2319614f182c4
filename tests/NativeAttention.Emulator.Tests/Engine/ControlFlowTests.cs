namespace NativeAttention.Emulation.Tests;

/// <summary>Divergence and reconvergence, and what the scheduler does with warps and blocks.</summary>
internal sealed class ControlFlowTests
{
    private static string Kernel(string body)
    {
        return ".version 7.8\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 p)\n{\n"
            + ".reg .pred %p<8>; .reg .b32 %r<16>; .reg .b64 %rd<8>;\n.shared .align 16 .b8 s[4096];\n"
            + "mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mad.lo.u32 %r3, %r1, %r2, %r0;\n"
            + "ld.param.u64 %rd0, [p]; mul.wide.u32 %rd1, %r3, 4; add.u64 %rd1, %rd0, %rd1; and.b32 %r4, %r0, 31; mov.u32 %r5, 0;\n"
            + body + "\n}\n";
    }

    private static uint[] Run(string body, uint grid, uint block, EmulatorOptions? options = null)
    {
        using PtxMachine machine = new(Kernel(body), options);
        ulong p = machine.Upload<uint>(new uint[grid * block]);
        EmulatorFault? fault = machine.Launch(grid, block, 0, p);
        Assert.That(fault, Is.Null, fault?.ToString());
        return machine.Download<uint>(p, (int)(grid * block));
    }

    [Test]
    public void Both_sides_of_a_branch_run_and_meet_again()
    {
        // After the join the whole warp is there again: the ballot sees all lanes.
        uint[] got = Run("""
            setp.lt.u32 %p0, %r4, 10; @%p0 bra A;
            add.u32 %r5, %r0, 100; bra.uni J;
            A: add.u32 %r5, %r0, 200;
            J: vote.sync.ballot.b32 %r6, %p0, 0xffffffff; add.u32 %r5, %r5, %r6;
            st.global.u32 [%rd1], %r5; ret;
            """, 1, 64);
        Assert.That(got,
            Is.EqualTo(Enumerable.Range(0, 64).Select(i => (uint)(i + (i % 32 < 10 ? 200 : 100) + 1023))));
    }

    [TestCase("")]
    [TestCase(".uni")]
    public void A_branch_table_takes_each_lane_to_its_target(string uniform)
    {
        // Lanes meet again behind the table; a guard keeps some from branching.
        uint[] got = Run($"""
            T: .branchtargets A, B, C, B;
            and.b32 %r6, %r0, 3; setp.lt.u32 %p0, %r4, 28; mov.u32 %r5, 7;
            @%p0 brx.idx{uniform} %r6, T;
            bra J;
            A: add.u32 %r5, %r0, 100; bra J;
            B: add.u32 %r5, %r0, 200; bra J;
            C: add.u32 %r5, %r0, 300;
            J: activemask.b32 %r7; popc.b32 %r7, %r7; mad.lo.u32 %r5, %r7, 10000, %r5;
            st.global.u32 [%rd1], %r5; ret;
            """, 1, 64);
        int[] bases = [100, 200, 300, 200];
        Assert.That(got, Is.EqualTo(Enumerable.Range(0, 64)
            .Select(i => (uint)(320000 + (i % 32 < 28 ? bases[i & 3] + i : 7)))));
    }

    [Test]
    public void An_index_behind_the_branch_table_is_reported()
    {
        using PtxMachine machine = new(Kernel("T: .branchtargets A, A;\nbrx.idx %r4, T; A: ret;"));
        EmulatorFault? fault = machine.Launch(1, 32, 0, machine.Upload<uint>(new uint[32]));
        Assert.That(fault!.Message, Does.Contain("behind the end of .branchtargets"));
        Assert.That(fault.Lanes, Is.EqualTo(0xFFFF_FFFC));
    }

    /// <summary>Functions: results, arguments in registers and as a struct, early returns of some lanes, calls in
    /// calls, two calls of one function, and a call under a guard.</summary>
    [Test]
    public void Functions_are_called_and_return()
    {
        const string functions = """
            .version 7.8
            .target sm_80
            .address_size 64
            .func (.param .b32 func_retval0) collatz(.param .b32 collatz_param_0);
            .func (.param .b64 r) weigh(.param .align 8 .b8 s[16])
            {
                .reg .b64 %rd<4>; .local .align 8 .b8 depot[8];
                ld.param.u64 %rd0, [s]; ld.param.u64 %rd1, [s+8];
                st.local.u64 [depot], %rd0; ld.local.u64 %rd2, [depot];
                mad.lo.u64 %rd3, %rd2, 1000, %rd1; st.param.b64 [r], %rd3; ret;
            }
            .func (.param .b32 func_retval0) collatz(.param .b32 collatz_param_0)
            {
                .reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<4>;
                ld.param.u32 %r0, [collatz_param_0]; mov.u32 %r1, 0;
                LOOP:
                setp.gt.u32 %p0, %r0, 1; @%p0 bra GO; st.param.b32 [func_retval0+0], %r1; ret;
                GO:
                and.b32 %r2, %r0, 1; setp.ne.u32 %p1, %r2, 0; add.u32 %r1, %r1, 1;
                @%p1 mad.lo.u32 %r0, %r0, 3, 1;
                @!%p1 shr.u32 %r0, %r0, 1;
                bra LOOP;
            }
            .visible .entry k(.param .u64 p)
            {
                .reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<8>;
                ld.param.u64 %rd0, [p]; mov.u32 %r0, %tid.x; mul.wide.u32 %rd1, %r0, 8; add.u64 %rd0, %rd0, %rd1;
                { .param .b32 param0; st.param.b32 [param0+0], %r0; .param .b32 retval0;
                  call.uni (retval0), collatz, (param0); ld.param.b32 %r1, [retval0+0]; }
                add.u32 %r2, %r1, 1; mov.u32 %r3, 5; setp.lt.u32 %p0, %r0, 20;
                { .param .b32 param0; .param .b32 retval0; st.param.b32 [param0], %r2; st.param.b32 [retval0], %r3;
                  @%p0 call (retval0), collatz, (param0); ld.param.b32 %r3, [retval0]; }
                { .param .align 8 .b8 param0[16]; .param .b64 retval0;
                  cvt.u64.u32 %rd2, %r1; cvt.u64.u32 %rd3, %r3;
                  st.param.b64 [param0], %rd2; st.param.b64 [param0+8], %rd3;
                  call.uni (retval0), weigh, (param0); ld.param.b64 %rd4, [retval0]; }
                activemask.b32 %r4; popc.b32 %r4, %r4; mul.wide.u32 %rd5, %r4, 1000000; add.u64 %rd4, %rd4, %rd5;
                st.global.u64 [%rd0], %rd4; ret;
            }
            """;
        using PtxMachine machine = new(functions);
        ulong p = machine.Upload<ulong>(new ulong[32]);
        EmulatorFault? fault = machine.Launch(1, 32, 0, p);
        Assert.That(fault, Is.Null, fault?.ToString());
        static int Steps(int n)
        {
            int steps = 0;
            for (; n > 1; steps++)
            {
                n = n % 2 == 0 ? n / 2 : (3 * n) + 1;
            }
            return steps;
        }
        Assert.That(machine.Download<ulong>(p, 32), Is.EqualTo(Enumerable.Range(0, 32).Select(i =>
            (ulong)((32 * 1000000) + (Steps(i) * 1000) + (i < 20 ? Steps(Steps(i) + 1) : 5)))));
    }

    [Test]
    public void Nested_branches()
    {
        uint[] got = Run("""
            and.b32 %r6, %r0, 1; setp.eq.u32 %p0, %r6, 0; and.b32 %r7, %r0, 2; setp.eq.u32 %p1, %r7, 0;
            @%p0 bra E;
            @%p1 bra OE; add.u32 %r5, %r5, 3; bra OJ; OE: add.u32 %r5, %r5, 2; OJ: activemask.b32 %r8; bra J;
            E: @%p1 bra EE; add.u32 %r5, %r5, 1; bra EJ; EE: add.u32 %r5, %r5, 0; EJ: activemask.b32 %r8;
            J: activemask.b32 %r9; popc.b32 %r8, %r8; popc.b32 %r9, %r9; mad.lo.u32 %r5, %r8, 100, %r5; mad.lo.u32 %r5, %r9, 10000, %r5;
            st.global.u32 [%rd1], %r5; ret;
            """, 1, 32);
        Assert.That(got,
            Is.EqualTo(Enumerable.Range(0,
                32).Select(i => (uint)((((i & 1) << 1) | (i >> 1 & 1)) + 1600 + 320000))));
    }

    [Test]
    public void A_loop_with_a_different_count_in_each_lane_whose_latch_stands_before_its_header()
    {
        uint[] got = Run("""
            mov.u32 %r6, 0; bra.uni HEAD;
            LATCH: add.u32 %r6, %r6, 1; add.u32 %r5, %r5, %r6;
            HEAD: setp.lt.u32 %p0, %r6, %r4; @%p0 bra LATCH;
            bar.sync 0;
            activemask.b32 %r7; popc.b32 %r7, %r7; mad.lo.u32 %r5, %r7, 1000, %r5;
            st.global.u32 [%rd1], %r5; ret;
            """, 2, 64);
        Assert.That(got,
            Is.EqualTo(Enumerable.Range(0, 128).Select(i => (uint)((i % 32 * ((i % 32) + 1) / 2) + 32000))));
    }

    [Test]
    public void A_break_out_of_two_loops()
    {
        uint[] got = Run("""
            mov.u32 %r6, 0;
            OUTER: mov.u32 %r7, 0;
            INNER: add.u32 %r5, %r5, 1; setp.eq.u32 %p0, %r5, %r4; @%p0 bra DONE;
            add.u32 %r7, %r7, 1; setp.lt.u32 %p1, %r7, 3; @%p1 bra INNER;
            add.u32 %r6, %r6, 1; setp.lt.u32 %p2, %r6, 5; @%p2 bra OUTER;
            DONE: activemask.b32 %r8; popc.b32 %r8, %r8; mad.lo.u32 %r5, %r8, 100, %r5;
            st.global.u32 [%rd1], %r5; ret;
            """, 1, 32);
        Assert.That(got,
            Is.EqualTo(Enumerable.Range(0, 32).Select(i => (uint)((i is > 0 and <= 15 ? i : 15) + 3200))));
    }

    [Test]
    public void Lanes_that_return_early_are_not_waited_for()
    {
        // The others go on to a barrier of the block.
        uint[] got = Run("""
            setp.gt.u32 %p0, %r4, 20; @%p0 bra END;
            bar.sync 0; activemask.b32 %r5; st.global.u32 [%rd1], %r5;
            END: ret;
            """, 1, 64);
        Assert.That(got, Is.EqualTo(Enumerable.Range(0, 64).Select(i => i % 32 > 20 ? 0u : (1u << 21) - 1)));
    }

    [Test]
    public void A_guarded_return_in_a_loop()
    {
        uint[] got = Run("""
            L: add.u32 %r5, %r5, 1; st.global.u32 [%rd1], %r5; setp.gt.u32 %p0, %r5, %r4; @%p0 ret; bra L;
            """, 1, 40);
        Assert.That(got, Is.EqualTo(Enumerable.Range(0, 40).Select(i => (uint)((i % 32) + 1))));
    }

    [TestCase(WarpOrder.RoundRobin)]
    [TestCase(WarpOrder.Reverse)]
    [TestCase(WarpOrder.Random)]
    public void Blocks_larger_and_grids_wider_than_the_machine(WarpOrder order)
    {
        string body = """
            mov.u32 %r6, s; shl.b32 %r7, %r0, 2; add.u32 %r7, %r7, %r6; st.shared.u32 [%r7], %r3; bar.sync 0;
            not.b32 %r8, %r0; add.u32 %r8, %r8, %r2; shl.b32 %r8, %r8, 2; add.u32 %r8, %r8, %r6; ld.shared.u32 %r5, [%r8];
            st.global.u32 [%rd1], %r5; ret;
            """;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            EmulatorOptions options =
                EmulatorOptions.Default with { Order = order, Threads = threads, CtasPerSm = 2, Seed = 5 };
            uint[] got = Run(body, 37, 1024, options);
            Assert.That(got,
                Is.EqualTo(Enumerable.Range(0,
                    37 * 1024).Select(i => (uint)((i / 1024 * 1024) + 1023 - (i % 1024)))));
        }
    }

    [Test]
    public void Resident_blocks_can_wait_for_each_other()
    {
        // Every block adds one and waits until all four have.
        string body = """
            setp.ne.u32 %p0, %r0, 0; @%p0 bra JOIN;
            atom.global.add.u32 %r6, [%rd0], 1;
            WAIT: ld.acquire.gpu.global.u32 %r7, [%rd0]; setp.lt.u32 %p1, %r7, 4; @%p1 bra WAIT;
            JOIN: bar.sync 0; ld.relaxed.gpu.global.u32 %r8, [%rd0]; st.global.u32 [%rd1+4], %r8; ret;
            """;
        foreach (int threads in new[] { 1, 2, 4 })
        {
            using PtxMachine machine = new(Kernel(body), EmulatorOptions.Default with { Threads = threads });
            ulong p = machine.Upload<uint>(new uint[257]);
            EmulatorFault? fault = machine.Launch(4, 64, 0, p);
            Assert.That(fault, Is.Null, fault?.ToString());
            Assert.That(machine.Download<uint>(p, 257), Is.All.EqualTo(4u));
        }
    }

    [Test]
    public void A_block_that_waits_for_one_that_is_not_resident_is_a_livelock()
    {
        string body = """
            atom.global.add.u32 %r6, [%rd0], 1;
            WAIT: ld.acquire.gpu.global.u32 %r7, [%rd0]; setp.lt.u32 %p1, %r7, 5; @%p1 bra WAIT; ret;
            """;
        using PtxMachine machine =
            new(Kernel(body), EmulatorOptions.Default with { Threads = 1, LivelockLimit = 300_000 });
        EmulatorFault? fault = machine.Launch(5, 1, 0, machine.Upload<uint>(new uint[8]));
        Assert.That(fault?.Kind, Is.EqualTo(EmulatorFaultKind.Livelock));
    }

    [Test]
    public void Named_barriers_hand_over_between_two_halves_of_a_block()
    {
        uint[] got = Run("""
            mov.u32 %r6, s; shl.b32 %r7, %r4, 2; add.u32 %r7, %r7, %r6; setp.lt.u32 %p0, %r0, 32; mov.u32 %r8, 0;
            @!%p0 bra CONSUMER;
            P: st.shared.u32 [%r7], %r8; bar.arrive 1, 64; bar.sync 2, 64; add.u32 %r8, %r8, 1; setp.lt.u32 %p1, %r8, 10; @%p1 bra P; bra END;
            CONSUMER: bar.sync 1, 64; ld.shared.u32 %r9, [%r7]; add.u32 %r5, %r5, %r9; bar.arrive 2, 64;
            add.u32 %r8, %r8, 1; setp.lt.u32 %p1, %r8, 10; @%p1 bra CONSUMER;
            END: st.global.u32 [%rd1], %r5; ret;
            """, 1, 64);
        Assert.That(got, Is.EqualTo(Enumerable.Range(0, 64).Select(i => i < 32 ? 0u : 45)));
    }

    [Test]
    public void Barrier_reductions()
    {
        uint[] got = Run("""
            setp.lt.u32 %p0, %r0, 33; bar.red.popc.u32 %r5, 0, %p0; bar.red.and.pred %p1, 0, %p0; bar.red.or.pred %p2, 0, !%p0;
            selp.u32 %r6, 100, 0, %p1; selp.u32 %r7, 200, 0, %p2; add.u32 %r5, %r5, %r6; add.u32 %r5, %r5, %r7;
            st.global.u32 [%rd1], %r5; ret;
            """, 1, 96);
        Assert.That(got, Is.All.EqualTo(233u));
    }

    [TestCase("atom.global.add.u32 %r6, [%rd0], 3;", 3u * 128)]
    [TestCase("red.global.max.s32 [%rd0], %r3;", 127u)]
    [TestCase("red.global.inc.u32 [%rd0], 99;", 28u)]
    [TestCase("atom.global.or.b32 %r6, [%rd0], %r3;", 127u)]
    [TestCase("mov.b32 %r6, 0f3F800000; red.global.add.f32 [%rd0], %r6;", 0x4300_0000u)]
    public void Atomics_count_every_lane(string atomic, uint expected)
    {
        foreach (int threads in new[] { 1, 4 })
        {
            string text = atomic.Replace("[%rd0], %r6;", "[%rd0], %f0;", StringComparison.Ordinal)
                .Replace("mov.b32 %r6, 0f3F800000;", ".reg .f32 %f0; mov.b32 %f0, 0f3F800000;",
                    StringComparison.Ordinal);
            uint[] got = Run(text + " ret;", 4, 32, EmulatorOptions.Default with { Threads = threads });
            Assert.That(got[0], Is.EqualTo(expected));
        }
    }

    [Test]
    public void Compare_and_swap_makes_a_lock()
    {
        uint[] got = Run("""
            setp.ne.u32 %p0, %r4, 0; @%p0 bra END;
            TRY: atom.acquire.gpu.global.cas.b32 %r6, [%rd0+4], 0, 1; setp.ne.u32 %p1, %r6, 0; @%p1 bra TRY;
            ld.volatile.global.u32 %r7, [%rd0]; add.u32 %r7, %r7, 1; st.volatile.global.u32 [%rd0], %r7;
            membar.gl; atom.release.gpu.global.exch.b32 %r6, [%rd0+4], 0;
            END: ret;
            """, 8, 128, EmulatorOptions.Default with { Threads = 2, CtasPerSm = 2 });
        Assert.That((got[0], got[1]), Is.EqualTo((32u, 0u)));
    }

    [Test]
    public void The_same_seed_replays_the_same_order()
    {
        // The order in which warps take tickets shows the schedule.
        const string body = """
            mov.u32 %r8, 0;
            L: setp.ne.u32 %p0, %r4, 0; @%p0 bra NEXT; atom.global.add.u32 %r6, [%rd0], 1; mad.lo.u32 %r5, %r5, 31, %r6; st.global.u32 [%rd1+4], %r5;
            NEXT: add.u32 %r8, %r8, 1; setp.lt.u32 %p1, %r8, 50; @%p1 bra L; ret;
            """;
        uint[] Order(int seed)
        {
            using PtxMachine machine =
                new(Kernel(body),
                    EmulatorOptions.Default with { Threads = 1, Order = WarpOrder.Random, Seed = seed });
            ulong p = machine.Upload<uint>(new uint[1025]);
            Assert.That(machine.Launch(4, 256, 0, p), Is.Null);
            return machine.Download<uint>(p, 1025);
        }
        uint[] first = Order(1);
        uint[] again = Order(1);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(Order(2), Is.Not.EqualTo(first));
    }

    [Test]
    public void Special_registers()
    {
        using PtxMachine machine = new(Kernel("""
            mov.u32 %r6, %tid.y; mov.u32 %r7, %tid.z; mov.u32 %r8, %ctaid.y; mov.u32 %r9, %laneid; mov.u32 %r10, %warpid; mov.u32 %r11, %nctaid.y;
            mad.lo.u32 %r12, %r7, 3, %r6; mad.lo.u32 %r12, %r12, 4, %r0; mov.u32 %r13, %nctaid.x; mad.lo.u32 %r14, %r8, %r13, %r1;
            mad.lo.u32 %r12, %r14, 24, %r12; mul.wide.u32 %rd1, %r12, 16; add.u64 %rd1, %rd0, %rd1;
            st.global.v4.u32 [%rd1], {%r9, %r10, %r11, %r14}; ret;
            """));
        ulong p = machine.Allocate(6 * 24 * 16);
        EmulatorFault? fault = machine.Launch((3, 2, 1), (4, 3, 2), 0, null, p);
        Assert.That(fault, Is.Null, fault?.ToString());
        uint[] got = machine.Download<uint>(p, 6 * 24 * 4);
        for (int i = 0; i < 6 * 24; i++)
        {
            Assert.That(got[(i * 4)..((i * 4) + 4)],
                Is.EqualTo(new[] { (uint)(i % 24), 0u, 2u, (uint)(i / 24) }));
        }
    }

    [Test]
    public void Counters_tell_what_ran()
    {
        using PtxMachine machine =
            new(Kernel("ld.global.u32 %r5, [%rd1]; bar.sync 0; st.global.u32 [%rd1], %r5; ret;"));
        Assert.That(machine.Launch(3, 64, 0, machine.Upload<uint>(new uint[192])), Is.Null);
        LaunchCounters counters = machine.Counters;
        Assert.That((counters.Blocks, counters.Barriers, counters.GlobalBytesRead,
            counters.GlobalBytesWritten),
            Is.EqualTo((3L, 6L, 768L, 768L)));
        Assert.That(counters.WarpInstructionsByOpcode["st.global.u32"], Is.EqualTo(6));
        Assert.That(counters.WarpInstructions, Is.EqualTo(counters.WarpInstructionsByOpcode.Values.Sum()));
    }
}
