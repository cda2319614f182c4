namespace NativeAttention.Emulation.Tests;

/// <summary>The protocol of mbarriers, in every order of warps and with copies early and late.</summary>
internal sealed class MbarrierTests
{
    private static IEnumerable<TestCaseData> Ways => HopperKernel.WayCases;

    private const string Init = "@%p0 mbarrier.init.shared::cta.b64 [%r1], {0}; @%p0 fence.mbarrier_init.release.cluster; bar.sync 0;\n";

    private static string InitFor(int count) => Init.Replace("{0}", $"{count}", StringComparison.Ordinal);

    private static uint[] Run(string body, EmulatorOptions options, uint threads, int results)
    {
        using PtxMachine machine = new(HopperKernel.Wrap(body), options);
        ulong p = machine.Upload<uint>(new uint[results]);
        EmulatorFault? fault = machine.Launch(1, threads, 4096, p, p);
        Assert.That(fault, Is.Null, fault?.ToString());
        return machine.Download<uint>(p, results);
    }

    [TestCaseSource(nameof(Ways))]
    public void Parity_of_a_fresh_barrier_is_that_of_the_phase_before(EmulatorOptions options)
    {
        uint[] got = Run(InitFor(1) + """
            @!%p0 bra END;
            mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r1], 1; selp.u32 %r4, 1, 0, %p1; st.global.u32 [%rd0], %r4;
            mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r1], 0; selp.u32 %r4, 1, 0, %p1; st.global.u32 [%rd0+4], %r4;
            mbarrier.arrive.shared::cta.b64 %rd2, [%r1];
            mbarrier.test_wait.shared::cta.b64 %p1, [%r1], %rd2; selp.u32 %r4, 1, 0, %p1; st.global.u32 [%rd0+8], %r4;
            mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r1], 0; selp.u32 %r4, 1, 0, %p1; st.global.u32 [%rd0+12], %r4;
            mbarrier.pending_count.b64 %r5, %rd2; st.global.u32 [%rd0+16], %r5;
            END:
            """, options, 64, 5);
        Assert.That(got, Is.EqualTo((uint[])[1, 0, 1, 1, 1]));
    }

    [TestCaseSource(nameof(Ways))]
    public void Threads_hand_data_over_by_arrivals(EmulatorOptions options)
    {
        // Warps 1 to 3 write, warp 0 waits for their 96 arrivals and reads.
        uint[] got = Run(InitFor(96) + """
            shl.b32 %r4, %r0, 2; add.u32 %r4, %r4, %r1;
            setp.ge.u32 %p1, %r0, 32; @%p1 st.shared.u32 [%r4+1024], %r0; @%p1 mbarrier.arrive.shared::cta.b64 %rd2, [%r1]; @%p1 bra END;
            W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W;
            ld.shared.u32 %r5, [%r4+1152]; ld.shared.u32 %r6, [%r4+1280]; add.u32 %r5, %r5, %r6; ld.shared.u32 %r6, [%r4+1408]; add.u32 %r5, %r5, %r6;
            mul.wide.u32 %rd3, %r0, 4; add.u64 %rd3, %rd3, %rd0; st.global.u32 [%rd3], %r5;
            END:
            """, options, 128, 32);
        Assert.That(got, Is.EqualTo(Enumerable.Range(0, 32).Select(i => (uint)((3 * i) + 192))));
    }

    [TestCaseSource(nameof(Ways))]
    public void Phases_go_round_between_a_producer_and_a_consumer(EmulatorOptions options)
    {
        // Full barrier at 0, empty barrier at 8; one cell at 1024 carries 20 numbers.
        uint[] got = Run("""
            @%p0 mbarrier.init.shared::cta.b64 [%r1], 1; @%p0 mbarrier.init.shared::cta.b64 [%r1+8], 32; bar.sync 0;
            mov.u32 %r4, 0; mov.u32 %r5, 0; setp.ge.u32 %p1, %r0, 32; @%p1 bra CONSUMER;
            PRODUCER: and.b32 %r6, %r4, 1; xor.b32 %r7, %r6, 1;
            WE: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1+8], %r7, 1000; @!%p2 bra WE;
            mad.lo.u32 %r8, %r4, %r4, 5; @%p0 st.shared.u32 [%r1+1024], %r8;
            @%p0 mbarrier.arrive.release.cta.shared::cta.b64 _, [%r1];
            add.u32 %r4, %r4, 1; setp.lt.u32 %p3, %r4, 20; @%p3 bra PRODUCER; bra END;
            CONSUMER: and.b32 %r6, %r4, 1;
            WF: mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 %p2, [%r1], %r6; @!%p2 bra WF;
            ld.shared.u32 %r8, [%r1+1024]; add.u32 %r5, %r5, %r8;
            mbarrier.arrive.shared::cta.b64 _, [%r1+8];
            add.u32 %r4, %r4, 1; setp.lt.u32 %p3, %r4, 20; @%p3 bra CONSUMER;
            setp.eq.u32 %p4, %r2, 0; @%p4 st.global.u32 [%rd0], %r5;
            END:
            """, options, 64, 1);
        Assert.That(got[0], Is.EqualTo((uint)Enumerable.Range(0, 20).Sum(i => (i * i) + 5)));
    }

    [TestCaseSource(nameof(Ways))]
    public void Dropped_arrivals_are_not_expected_again(EmulatorOptions options)
    {
        uint[] got = Run(InitFor(2) + """
            @!%p0 bra END;
            mbarrier.arrive_drop.shared::cta.b64 %rd2, [%r1]; mbarrier.arrive.noComplete.shared::cta.b64 %rd3, [%r1+0], 1; END:
            """.Replace("mbarrier.arrive.noComplete.shared::cta.b64 %rd3, [%r1+0], 1;",
            "mbarrier.arrive.shared::cta.b64 %rd3, [%r1], 1; mbarrier.arrive.shared::cta.b64 %rd4, [%r1]; mbarrier.test_wait.shared::cta.b64 %p1, [%r1], %rd4; selp.u32 %r4, 7, 0, %p1; mbarrier.pending_count.b64 %r5, %rd4; add.u32 %r4, %r4, %r5; st.global.u32 [%rd0], %r4; mbarrier.inval.shared::cta.b64 [%r1]; st.shared.u32 [%r1], %r4;",
            StringComparison.Ordinal), options, 32, 1);
        Assert.That(got[0], Is.EqualTo(8));
    }

    [TestCaseSource(nameof(Ways))]
    public void Announced_bytes_hold_a_phase_back(EmulatorOptions options)
    {
        uint[] got = Run(InitFor(1) + """
            @!%p0 bra END;
            mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], 64;
            mbarrier.arrive.expect_tx.shared::cta.b64 %rd2, [%r1], 36;
            mbarrier.test_wait.shared::cta.b64 %p1, [%r1], %rd2; selp.u32 %r4, 1, 0, %p1; st.global.u32 [%rd0], %r4;
            mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [%r1], 100;
            mbarrier.test_wait.shared::cta.b64 %p1, [%r1], %rd2; selp.u32 %r4, 1, 0, %p1; st.global.u32 [%rd0+4], %r4;
            mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [%r1], 16;
            mbarrier.arrive.expect_tx.shared::cta.b64 %rd2, [%r1], 16;
            mbarrier.test_wait.shared::cta.b64 %p1, [%r1], %rd2; selp.u32 %r4, 1, 0, %p1; st.global.u32 [%rd0+8], %r4;
            END:
            """, options, 32, 3);
        Assert.That(got, Is.EqualTo((uint[])[0, 1, 1]));
    }

    [TestCaseSource(nameof(Ways))]
    public void Copies_of_threads_arrive_at_a_barrier(EmulatorOptions options)
    {
        using PtxMachine machine = new(HopperKernel.Wrap(InitFor(64) + """
            shl.b32 %r4, %r0, 4; add.u32 %r5, %r4, %r1; cvt.u64.u32 %rd2, %r4; add.u64 %rd3, %rd2, %rd1;
            setp.ge.u32 %p1, %r0, 64; @%p1 bra CONSUMER;
            cp.async.cg.shared.global [%r5+1024], [%rd3], 16; cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%r1]; cp.async.wait_all; bra END;
            CONSUMER: W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W;
            ld.shared.v4.u32 {%r6,%r7,%r8,%r9}, [%r5]; add.u64 %rd3, %rd2, %rd0; st.global.v4.u32 [%rd3+-1024], {%r6,%r7,%r8,%r9};
            END:
            """), options);
        uint[] values = [.. Enumerable.Range(0, 256).Select(i => (uint)(i * 77))];
        ulong p = machine.Allocate(1024);
        EmulatorFault? fault = machine.Launch(1, 128, 4096, p, machine.Upload<uint>(values));
        Assert.That(fault, Is.Null, fault?.ToString());
        Assert.That(machine.Download<uint>(p, 256), Is.EqualTo(values));
    }

    [TestCaseSource(nameof(Ways))]
    public void Lanes_of_one_warp_may_wait_for_each_other(EmulatorOptions options)
    {
        uint[] got = Run(InitFor(1) + """
            @%p0 bra WAIT;
            setp.eq.u32 %p1, %r2, 5; @%p1 mbarrier.arrive.shared::cta.b64 _, [%r1]; bra END;
            WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra WAIT;
            st.global.u32 [%rd0], 9;
            END:
            """, options, 32, 1);
        Assert.That(got[0], Is.EqualTo(9));
    }
}
