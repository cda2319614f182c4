namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Planted bugs with mbarriers, bulk copies and wgmma: the broken form must be reported with its kind and PTX
/// line in every order of warps and with asynchronous work early and late, the correct one must pass.
/// </summary>
internal sealed class HopperFaultTests
{
    private const string Start = "@%p0 mbarrier.init.shared::cta.b64 [%r1], 1; @%p0 fence.mbarrier_init.release.cluster; bar.sync 0;\n";
    private const string Wait = "W%: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W%;\n";
    private const string Load = "@%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 512;\n@%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1+1024], [%rd1], 512, [%r1];\n";
    private const string Read = "shl.b32 %r4, %r0, 2; add.u32 %r5, %r4, %r1; ld.shared.u32 %r6, [%r5+1024];\n";
    private const string Fill = "shl.b32 %r4, %r0, 4; add.u32 %r5, %r4, %r1; st.shared.v4.u32 [%r5+1024], {%r0,%r0,%r0,%r0};\n";
    private const string Store = "cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%r1+1024], 1024;\n";

    public sealed record Plant(string Name, EmulatorFaultKind Kind, string Correct, string Broken,
        string Message = "")
    {
        public override string ToString() => Name;
    }

    private static string WaitAt(string label) => Wait.Replace("%:", label + ":", StringComparison.Ordinal)
        .Replace("bra W%", "bra W" + label, StringComparison.Ordinal);

    private static IEnumerable<Plant> Plants() => [.. MbarrierPlants(), .. BulkPlants(), .. WgmmaPlants()];

    private static IEnumerable<Plant> MbarrierPlants()
    {
        string arrive = "@%p0 mbarrier.arrive.shared::cta.b64 _, [%r1];\n";
        yield return new("an arrival where no mbarrier is", EmulatorFaultKind.MbarrierMisuse,
            Start + arrive,
            Start + "/*!*/ @%p0 mbarrier.arrive.shared::cta.b64 _, [%r1+8];", "no initialised mbarrier");
        yield return new("a wait on an mbarrier made invalid", EmulatorFaultKind.MbarrierMisuse,
            Start + arrive + "bar.sync 0; @%p0 mbarrier.inval.shared::cta.b64 [%r1];",
            Start + arrive + "bar.sync 0; @%p0 mbarrier.inval.shared::cta.b64 [%r1]; bar.sync 0;\n"
            + "W: /*!*/ mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W;", "no initialised mbarrier");
        yield return new("a load from a live mbarrier", EmulatorFaultKind.MbarrierMisuse,
            Start + "st.shared.u32 [%r1+8], %r1; ld.shared.u32 %r4, [%r1+8];".Replace("st.shared", "@%p0 st.shared", StringComparison.Ordinal).Replace("ld.shared", "@%p0 ld.shared", StringComparison.Ordinal),
            Start + "/*!*/ @%p0 ld.shared.u32 %r4, [%r1+4];", "while it holds an mbarrier");
        yield return new("a store to a live mbarrier", EmulatorFaultKind.MbarrierMisuse,
            Start + "@%p0 mbarrier.inval.shared::cta.b64 [%r1]; @%p0 st.shared.u64 [%r1], %rd0;",
            Start + "/*!*/ @%p0 st.shared.u64 [%r1], %rd0;", "while it holds an mbarrier");
        yield return new("one arrival too many", EmulatorFaultKind.MbarrierMisuse,
            "@%p0 mbarrier.init.shared::cta.b64 [%r1], 64; bar.sync 0; mbarrier.arrive.shared::cta.b64 _, [%r1];",
            "@%p0 mbarrier.init.shared::cta.b64 [%r1], 40; bar.sync 0;\n"
            + "/*!*/ mbarrier.arrive.shared::cta.b64 _, [%r1], 3;", "are too many for the mbarrier");
        yield return new("an mbarrier for no arrivals", EmulatorFaultKind.MbarrierMisuse,
            Start, "/*!*/ @%p0 mbarrier.init.shared::cta.b64 [%r1], 0;", "for 0 arrivals");
        yield return new("a second init", EmulatorFaultKind.MbarrierMisuse,
            Start + "@%p0 mbarrier.inval.shared::cta.b64 [%r1]; @%p0 mbarrier.init.shared::cta.b64 [%r1], 1;",
            Start + "/*!*/ @%p0 mbarrier.init.shared::cta.b64 [%r1], 1;", "initialised again");
        yield return new("more bytes than a count holds", EmulatorFaultKind.MbarrierMisuse,
            Start + "@%p0 mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], 1048575; @%p0 mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [%r1], 1048575;",
            Start + "@%p0 mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], 1048575;\n"
            + "/*!*/ @%p0 mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], 1;", "may be outstanding");
        string twice = arrive + "@%p0 mbarrier.arrive.shared::cta.b64 _, [%r1];\n";
        yield return new("a wait two phases behind", EmulatorFaultKind.MbarrierMisuse,
            Start + arrive + WaitAt("A") + "bar.sync 0; " + arrive
            + "X: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 1; @!%p2 bra X;",
            Start + "setp.lt.u32 %p3, %r0, 32; @!%p3 bra OTHERS;\n" + twice + "OTHERS: nanosleep.u32 20; @%p3 bra E;\n"
            + "W: /*!*/ mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W; E:", "ambiguous");
        yield return new("a parity that is none", EmulatorFaultKind.MbarrierMisuse,
            Start + arrive + WaitAt("A"),
            Start + arrive + "W: /*!*/ mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 2; @!%p2 bra W;",
            "a parity of 2");
        yield return new("a misaligned mbarrier", EmulatorFaultKind.MisalignedAddress,
            Start, "/*!*/ @%p0 mbarrier.init.shared::cta.b64 [%r1+4], 1;");
        yield return new("an arrival that never comes", EmulatorFaultKind.Deadlock,
            Start + arrive + WaitAt("A"),
            Start + "W: /*!*/ mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W;",
            "waits for parity 0 of the mbarrier at 0x400 (phase 0, 1 of 1 arrivals missing, all announced bytes have come)");
    }

    private static IEnumerable<Plant> BulkPlants()
    {
        yield return new("fewer bytes announced than copied", EmulatorFaultKind.Deadlock,
            Start + Load + WaitAt("A"),
            Start + Load.Replace("_, [%r1], 512", "_, [%r1], 256", StringComparison.Ordinal)
            + "W: /*!*/ mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W;",
            "256 bytes more than announced have come");
        yield return new("more bytes announced than copied", EmulatorFaultKind.Deadlock,
            Start + Load + WaitAt("A"),
            Start + Load.Replace("_, [%r1], 512", "_, [%r1], 528", StringComparison.Ordinal)
            + "W: /*!*/ mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0; @!%p2 bra W;",
            "16 announced bytes have not come");
        yield return new("a load read before its phase", EmulatorFaultKind.AsyncCopyInFlight,
            Start + Load + WaitAt("A") + Read,
            Start + Load + "bar.sync 0; " + Read.Replace("ld.shared", "\n/*!*/ ld.shared", StringComparison.Ordinal) + WaitAt("A"));
        yield return new("a load whose bytes a phase does not count", EmulatorFaultKind.AsyncCopyInFlight,
            Start + Load + WaitAt("A") + Read,
            Start + Load + Load.Replace("@%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 512;\n", "", StringComparison.Ordinal).Replace("+1024]", "+2048]", StringComparison.Ordinal)
            + WaitAt("A") + Read.Replace("ld.shared.u32 %r6, [%r5+1024]", "\n/*!*/ ld.shared.u32 %r6, [%r5+2048]", StringComparison.Ordinal));
        yield return new("a load that nobody waits for", EmulatorFaultKind.AsyncCopyNotWaited,
            Start + Load + WaitAt("A"),
            Start + Load.Replace("@%p0 cp.async", "/*!*/ @%p0 cp.async", StringComparison.Ordinal));
        yield return new("a load into the destination of another", EmulatorFaultKind.AsyncCopyInFlight,
            Start + Load + WaitAt("A"),
            Start + "@%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 1024;\n@%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1+1024], [%rd1], 512, [%r1];\n"
            + "/*!*/ @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1+1520], [%rd1], 512, [%r1];\n" + WaitAt("A"));
        yield return new("a load past the end of an allocation", EmulatorFaultKind.GlobalOutOfBounds,
            Start + Load.Replace("[%rd1]", "[%rd1+3584]", StringComparison.Ordinal) + WaitAt("A"),
            Start + Load.Replace("[%rd1]", "[%rd1+3600]", StringComparison.Ordinal).Replace("@%p0 cp.async", "/*!*/ @%p0 cp.async", StringComparison.Ordinal) + WaitAt("A"));
        yield return new("a misaligned source", EmulatorFaultKind.MisalignedAddress,
            Start + Load + WaitAt("A"),
            Start + Load.Replace("[%rd1]", "[%rd1+8]", StringComparison.Ordinal).Replace("@%p0 cp.async", "/*!*/ @%p0 cp.async", StringComparison.Ordinal) + WaitAt("A"));
        yield return new("a size that is no multiple of 16", EmulatorFaultKind.BulkCopyMisuse,
            Start + Load + WaitAt("A"),
            Start + Load.Replace("512", "504", StringComparison.Ordinal).Replace("@%p0 cp.async", "/*!*/ @%p0 cp.async", StringComparison.Ordinal) + WaitAt("A"));
        yield return new("an mbarrier that copies cannot see yet", EmulatorFaultKind.MissingProxyFence,
            Start + Load + WaitAt("A"),
            Start.Replace("@%p0 fence.mbarrier_init.release.cluster; ", "", StringComparison.Ordinal)
            + Load.Replace("@%p0 cp.async", "/*!*/ @%p0 cp.async", StringComparison.Ordinal) + WaitAt("A"));
        string fenced = Fill + "fence.proxy.async.shared::cta; bar.sync 0; @!%p0 bra E;\n";
        yield return new("a store that is not committed", EmulatorFaultKind.AsyncCopyNotWaited,
            fenced + Store + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; E:",
            fenced + "/*!*/ " + Store + "cp.async.bulk.wait_group.read 0; E:", "never committed");
        yield return new("a store that is not waited for", EmulatorFaultKind.AsyncCopyNotWaited,
            fenced + Store + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; E:",
            fenced + "/*!*/ " + Store + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 1; E:",
            "has not been waited for");
        yield return new("a source overwritten before the wait", EmulatorFaultKind.AsyncSourceOverwritten,
            fenced + Store + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; st.shared.u64 [%r1+1032], %rd0; E:",
            fenced + Store + "cp.async.bulk.commit_group;\n/*!*/ st.shared.u64 [%r1+1032], %rd0; cp.async.bulk.wait_group.read 0; E:");
        yield return new("a source written without a proxy fence", EmulatorFaultKind.MissingProxyFence,
            fenced + Store + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; E:",
            fenced.Replace("fence.proxy.async.shared::cta; ", "", StringComparison.Ordinal) + "/*!*/ " + Store
            + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; E:");
        yield return new("a source fenced only by the thread that stores", EmulatorFaultKind.MissingProxyFence,
            fenced + Store + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; E:",
            Fill + "bar.sync 0; @!%p0 bra E; fence.proxy.async.shared::cta;\n/*!*/ " + Store
            + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; E:");
        // An arrival that is relaxed lets the waiting thread go on, and orders nothing.
        string meet = "mbarrier.arrive.shared::cta.b64 _, [%r1]; @!%p0 bra E;\n" + WaitAt("M");
        string meetRelaxed = meet.Replace("arrive.", "arrive.relaxed.cta.", StringComparison.Ordinal);
        string all = Start.Replace("[%r1], 1;", "[%r1], 128;", StringComparison.Ordinal);
        string end = Store + "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; E:";
        yield return new("a source that nothing orders", EmulatorFaultKind.SharedRace,
            all + Fill + "fence.proxy.async.shared::cta; " + meet + end,
            all + Fill + "fence.proxy.async.shared::cta; " + meetRelaxed + "/*!*/ " + end);
        string refill = Load.Replace("[%r1]", "[%r1+8]", StringComparison.Ordinal);
        string second = "@%p0 mbarrier.init.shared::cta.b64 [%r1+8], 1; @%p0 mbarrier.init.shared::cta.b64 [%r1+16], 128; @%p0 fence.mbarrier_init.release.cluster;\n"
            + Start + Load + WaitAt("A") + Read;
        string empty = meet.Replace("[%r1]", "[%r1+16]", StringComparison.Ordinal);
        string full = refill + WaitAt("B").Replace("[%r1]", "[%r1+8]", StringComparison.Ordinal) + "E:";
        yield return new("a stage refilled while others read it", EmulatorFaultKind.SharedRace,
            second + empty + full,
            second + empty.Replace("arrive.", "arrive.relaxed.cta.", StringComparison.Ordinal)
            + full.Replace("@%p0 cp.async", "/*!*/ @%p0 cp.async", StringComparison.Ordinal));
        yield return new("more registers than the block has", EmulatorFaultKind.Deadlock,
            "setmaxnreg.dec.sync.aligned.u32 40; bar.sync 0; setmaxnreg.inc.sync.aligned.u32 64;",
            "setmaxnreg.dec.sync.aligned.u32 40; bar.sync 0;\n/*!*/ setmaxnreg.inc.sync.aligned.u32 256;",
            "more registers a thread while");
        yield return new("a cluster barrier waited for without arriving", EmulatorFaultKind.BarrierMisuse,
            "barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;",
            "/*!*/ barrier.cluster.wait.acquire.aligned;");
        yield return new("a block outside the cluster", EmulatorFaultKind.SharedOutOfBounds,
            "mapa.shared::cluster.u32 %r4, %r1, 0; getctarank.shared::cluster.u32 %r5, %r4;",
            "/*!*/ mapa.shared::cluster.u32 %r4, %r1, 1;");
    }

    private static IEnumerable<Plant> WgmmaPlants()
    {
        // Both operands are the 8 KiB at s + 1024, with rows of 128 bytes; A comes from registers where it says so.
        const string fill = "shl.b32 %r4, %r0, 4; add.u32 %r5, %r4, %r1; mov.u32 %r6, 0;\nF: st.shared.v4.u32 [%r5+1024], {%r6,%r6,%r6,%r6}; add.u32 %r5, %r5, 2048; add.u32 %r6, %r6, 1; setp.lt.u32 %p3, %r6, 5; @%p3 bra F; mov.b64 %rd4, 0x4000004000010080; setp.eq.u32 %p4, 0, 0;\n";
        const string fenced = fill + "fence.proxy.async.shared::cta; bar.sync 0;\n";
        const string zero = "mov.f32 %f0, 0f00000000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0; mov.u32 %r10, 0; mov.u32 %r11, 0; mov.u32 %r12, 0; mov.u32 %r13, 0;\n";
        const string fence = "wgmma.fence.sync.aligned;\n";
        const string shape = "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0,%f1,%f2,%f3}, ";
        const string product = shape + "%rd4, %rd4, %p4, 1, 1, 0, 0;\n";
        const string fromRegisters = shape + "{%r10,%r11,%r12,%r13}, %rd4, %p4, 1, 1, 0;\n";
        const string commit = "wgmma.commit_group.sync.aligned;\n";
        const string wait = "wgmma.wait_group.sync.aligned 0;\n";
        const string good = fenced + zero + fence + product + commit + wait;
        yield return new("a product without a fence", EmulatorFaultKind.WgmmaMisuse,
            good, fenced + zero + "/*!*/ " + product + commit + wait, "no wgmma.fence between");
        yield return new("accumulators changed behind the fence", EmulatorFaultKind.WgmmaMisuse,
            good, fenced + zero + fence + "mov.f32 %f2, 0f3F800000;\n/*!*/ " + product + commit + wait);
        yield return new("accumulators changed in a loop without a fence in it", EmulatorFaultKind.WgmmaMisuse,
            fenced + zero + "mov.u32 %r7, 0;\nL: " + fence + product + commit + wait + "add.f32 %f1, %f1, %f1; add.u32 %r7, %r7, 1; setp.lt.u32 %p3, %r7, 3; @%p3 bra L;",
            fenced + zero + "mov.u32 %r7, 0;\n" + fence + "L: /*!*/ " + product + commit + wait + "add.f32 %f1, %f1, %f1; add.u32 %r7, %r7, 1; setp.lt.u32 %p3, %r7, 3; @%p3 bra L;");
        yield return new("registers of A changed behind the fence", EmulatorFaultKind.WgmmaMisuse,
            fenced + zero + fence + fromRegisters + commit + wait,
            fenced + zero + fence + "mov.u32 %r12, 7;\n/*!*/ " + fromRegisters + commit + wait);
        yield return new("accumulators read before the wait", EmulatorFaultKind.WgmmaInFlight,
            good + "add.f32 %f4, %f0, %f1;",
            fenced + zero + fence + product + commit + "/*!*/ add.f32 %f4, %f0, %f1;\n" + wait);
        yield return new("accumulators read with a group too many in flight", EmulatorFaultKind.WgmmaInFlight,
            fenced + zero + fence + product + commit + product + commit + wait + "add.f32 %f4, %f0, %f1;",
            fenced + zero + fence + product + commit + product + commit
            + "wgmma.wait_group.sync.aligned 1;\n/*!*/ add.f32 %f4, %f0, %f1;\n" + wait);
        yield return new("registers of A changed before the wait", EmulatorFaultKind.WgmmaInFlight,
            fenced + zero + fence + fromRegisters + commit + wait + "mov.u32 %r13, 5;",
            fenced + zero + fence + fromRegisters + commit + "/*!*/ mov.u32 %r13, 5;\n" + wait);
        yield return new("registers of A changed in another block before the wait", EmulatorFaultKind.WgmmaInFlight,
            fenced + zero + fence + fromRegisters + commit + wait + "bra.uni N;\nN: mov.u32 %r13, 5;",
            fenced + zero + fence + "/*!*/ " + fromRegisters + commit + "bra.uni N;\nN: mov.u32 %r13, 5;\n" + wait);
        yield return new("a product nobody waits for", EmulatorFaultKind.AsyncCopyNotWaited,
            good, fenced + zero + fence + "/*!*/ " + product + commit);
        yield return new("a product that is not committed", EmulatorFaultKind.AsyncCopyNotWaited,
            good, fenced + zero + fence + "/*!*/ " + product + wait);
        yield return new("operands written without a proxy fence", EmulatorFaultKind.MissingProxyFence,
            good, fill + "bar.sync 0;\n" + zero + fence + "/*!*/ " + product + commit + wait);
        yield return new("an operand overwritten before the wait", EmulatorFaultKind.AsyncSourceOverwritten,
            good + "bar.sync 0; @%p0 st.shared.u32 [%r1+1024], %r0;",
            fenced + zero + fence + product + commit + "/*!*/ @%p0 st.shared.u32 [%r1+1024], %r0;\n" + wait);
        yield return new("an operand overwritten by another warp", EmulatorFaultKind.AsyncSourceOverwritten,
            good + "bar.sync 0; setp.eq.u32 %p5, %r0, 96; @%p5 st.shared.u32 [%r1+1024], %r0;",
            fenced + zero + fence + product + commit + "bar.sync 0; setp.eq.u32 %p5, %r0, 96;\n/*!*/ @%p5 st.shared.u32 [%r1+1024], %r0;\n" + wait);
        yield return new("descriptors that differ in a warpgroup", EmulatorFaultKind.WgmmaMisuse,
            good, fenced + zero + "cvt.u64.u32 %rd5, %r3; shl.b64 %rd5, %rd5, 1; add.u64 %rd4, %rd4, %rd5;\n" + fence
            + "/*!*/ " + product + commit + wait, "another warp");
        yield return new("a base offset", EmulatorFaultKind.WgmmaMisuse,
            good, fenced + zero + "or.b64 %rd4, %rd4, 0x2000000000000;\n" + fence + "/*!*/ " + product + commit + wait,
            "base offset");
        yield return new("an operand outside shared memory", EmulatorFaultKind.SharedOutOfBounds,
            good, fenced + zero + "mov.b64 %rd4, 0x40003fff00010080;\n" + fence + "/*!*/ " + product + commit + wait);
        yield return new("a product by a part of a warp", EmulatorFaultKind.DivergentInstruction,
            good, fenced + zero + fence + "setp.lt.u32 %p5, %r2, 16; @!%p5 bra N;\n/*!*/ " + product + "N: " + commit + wait);
    }

    private static string Kernel(string body)
    {
        // The relaxed forms of arrivals are younger than what the other kernels declare.
        string version = body.Contains("arrive.relaxed", StringComparison.Ordinal) ? "8.6" : "8.4";
        return HopperKernel.Wrap(body).Replace(".version 8.4", $".version {version}", StringComparison.Ordinal)
            .Replace("\n{\n", "\n.maxntid 128, 1, 1\n.maxnreg 64\n{\n", StringComparison.Ordinal);
    }

    private static EmulatorFault? Run(string ptx, EmulatorOptions options)
    {
        using PtxMachine machine = new(ptx, options);
        ulong p = machine.Upload<byte>(new byte[4096]);
        // Two blocks that store to the one buffer would race.
        uint grid = ptx.Contains("bulk_group", StringComparison.Ordinal) ? 1u : 2u;
        return machine.Launch(grid, 128, 16384, p, machine.Upload<byte>(new byte[4096]));
    }

    [TestCaseSource(nameof(Plants))]
    public void The_broken_form_is_reported(Plant plant)
    {
        string ptx = Kernel(plant.Broken);
        foreach (EmulatorOptions way in HopperKernel.Ways)
        {
            EmulatorFault? fault = Run(ptx, way);
            string name = $"{way.Order} {way.AsyncCopies} {way.Seed}: {fault}";
            Assert.That(fault?.Kind, Is.EqualTo(plant.Kind), name);
            if (ptx.Contains(HopperKernel.Mark, StringComparison.Ordinal))
            {
                Assert.That(fault!.Line, Is.EqualTo(HopperKernel.LineOfMark(ptx)), name);
            }

            Assert.That(fault!.Message, Does.Contain(plant.Message), name);
        }
    }

    [TestCaseSource(nameof(Plants))]
    public void The_correct_form_passes(Plant plant)
    {
        string ptx = Kernel(plant.Correct);
        foreach (EmulatorOptions way in HopperKernel.Ways)
        {
            EmulatorFault? fault = Run(ptx, way);
            Assert.That(fault, Is.Null, $"{way.Order} {way.AsyncCopies} {way.Seed}: {fault}");
        }
    }
}
