namespace NativeAttention.Emulation.Tests;

/// <summary>cp.async.bulk without tensors.</summary>
internal sealed class BulkCopyTests
{
    private static IEnumerable<TestCaseData> Ways => HopperKernel.WayCases;

    private const string Load = """
        @%p0 mbarrier.init.shared::cta.b64 [%r1], 1; @%p0 fence.mbarrier_init.release.cluster; bar.sync 0;
        @%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 1024;
        @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1+1024], [%rd1], 512, [%r1];
        @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1+1536], [%rd1+512], 512, [%r1];
        W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W;

        """;

    private static T[] Run<T>(string body, EmulatorOptions options, T[] before, T[] source)
        where T : unmanaged
    {
        using PtxMachine machine = new(HopperKernel.Wrap(body), options);
        ulong p = machine.Upload<T>(before);
        EmulatorFault? fault = machine.Launch(1, 64, 8192, p, machine.Upload<T>(source));
        Assert.That(fault, Is.Null, fault?.ToString());
        return machine.Download<T>(p, before.Length);
    }

    [TestCaseSource(nameof(Ways))]
    public void Bytes_go_in_and_out(EmulatorOptions options)
    {
        int[] source = [.. Enumerable.Range(0, 256).Select(i => i * 31)];
        int[] got = Run(Load + """
            shl.b32 %r4, %r0, 4; add.u32 %r5, %r4, %r1; ld.shared.v4.u32 {%r6,%r7,%r8,%r9}, [%r5+1024];
            add.u32 %r6, %r6, 1; add.u32 %r9, %r9, 1; st.shared.v4.u32 [%r5+4096], {%r6,%r7,%r8,%r9};
            fence.proxy.async.shared::cta; bar.sync 0; @!%p0 bra END;
            cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%r1+4096], 1024; cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;
            END:
            """, options, new int[256], source);
        Assert.That(got, Is.EqualTo(source.Select((x, i) => x + (i % 4 is 0 or 3 ? 1 : 0))));
    }

    [TestCaseSource(nameof(Ways))]
    public void Groups_end_in_order_and_leave_the_newest(EmulatorOptions options)
    {
        int[] source = [.. Enumerable.Range(0, 256).Select(i => i * 31)];
        int[] got = Run(Load + """
            @!%p0 bra END;
            cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%r1+1024], 512; cp.async.bulk.commit_group;
            cp.async.bulk.global.shared::cta.bulk_group [%rd0+512], [%r1+1536], 512; cp.async.bulk.commit_group;
            cp.async.bulk.wait_group.read 1; st.shared.u32 [%r1+1024], %r1;
            cp.async.bulk.wait_group 0; st.shared.u32 [%r1+1536], %r1;
            END:
            """, options, new int[256], source);
        Assert.That(got, Is.EqualTo(source));
    }

    [TestCaseSource(nameof(Ways))]
    public void Reductions_add_to_global_memory(EmulatorOptions options)
    {
        float[] before = [.. Enumerable.Range(0, 256).Select(i => i * 0.5f)];
        float[] source = [.. Enumerable.Range(0, 256).Select(i => 1000f - i)];
        float[] got = Run(Load + """
            @!%p0 bra END;
            cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%rd0], [%r1+1024], 1024; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;
            END:
            """, options, before, source);
        Assert.That(got, Is.EqualTo(before.Zip(source, (a, b) => a + b)));
    }

    [TestCase("min.s32", 5, -7, -7)]
    [TestCase("max.s32", 5, -7, 5)]
    [TestCase("max.u32", 5, -7, -7)]
    [TestCase("add.u32", 5, -7, -2)]
    [TestCase("and.b32", 12, 10, 8)]
    [TestCase("or.b32", 12, 10, 14)]
    [TestCase("xor.b32", 12, 10, 6)]
    [TestCase("inc.u32", 4, 4, 0)]
    [TestCase("dec.u32", 0, 9, 9)]
    public void Reductions_of_integers(string operation, int before, int value, int after)
    {
        int[] got = Run(Load + $"@!%p0 bra END; cp.reduce.async.bulk.global.shared::cta.bulk_group.{operation} [%rd0], [%r1+1024], 1024; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0; END:",
            HopperKernel.Options, Enumerable.Repeat(before, 256).ToArray(),
            Enumerable.Repeat(value, 256).ToArray());
        Assert.That(got, Is.All.EqualTo(after));
    }

    [TestCase("f16")]
    [TestCase("bf16")]
    public void Reductions_of_halves(string type)
    {
        ushort Narrow(double x) => SmallFloats.Narrow(x, type == "bf16");
        ushort[] got = Run(Load + $"@!%p0 bra END; cp.reduce.async.bulk.global.shared::cta.bulk_group.add.noftz.{type} [%rd0], [%r1+1024], 1024; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0; END:",
            HopperKernel.Options, Enumerable.Repeat(Narrow(1.5), 512).ToArray(),
            Enumerable.Repeat(Narrow(2.25), 512).ToArray());
        Assert.That(got, Is.All.EqualTo(Narrow(3.75)));
    }

    [TestCaseSource(nameof(Ways))]
    public void A_copy_within_the_block_completes_at_an_mbarrier(EmulatorOptions options)
    {
        int[] source = [.. Enumerable.Range(0, 256).Select(i => i * 31)];
        int[] got = Run(Load + """
            bar.sync 0; @!%p0 bra END;
            mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 1024;
            cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r1+4096], [%r1+1024], 1024, [%r1];
            X: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 1; @!%p2 bra X;
            cp.async.bulk.prefetch.L2.global [%rd1], 1024;
            cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%r1+4096], 1024; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;
            END:
            """, options, new int[256], source);
        Assert.That(got, Is.EqualTo(source));
    }
}
