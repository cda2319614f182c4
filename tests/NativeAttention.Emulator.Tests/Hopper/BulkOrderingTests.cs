namespace NativeAttention.Emulation.Tests;

/// <summary>Races of bulk copies in global memory, ordered and not, in every schedule.</summary>
internal sealed class BulkOrderingTests
{
    private const string Fill =
        "st.shared.v4.u32 [%r1], {%r0,%r0,%r0,%r0}; fence.proxy.async.shared::cta; mov.u32 %r8, %ctaid.x; mul.wide.u32 %rd4, %r8, 16; add.u64 %rd4, %rd4, %rd0; ";

    private const string Store = "cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%r1], 16; cp.async.bulk.commit_group; ";

    [TestCase("the own store is read back", 1u,
        Fill + Store + "cp.async.bulk.wait_group 0; ld.global.u32 %r9, [%rd0];",
        Fill + Store + "cp.async.bulk.wait_group.read 0; ld.global.u32 %r9, [%rd0];")]
    [TestCase("blocks store to one place", 2u,
        Fill + "cp.async.bulk.global.shared::cta.bulk_group [%rd4], [%r1], 16; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;",
        Fill + Store + "cp.async.bulk.wait_group 0;")]
    [TestCase("additions do not race, a plain store beside them does", 2u,
        Fill + "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%rd0], [%r1], 16; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;",
        Fill + "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%rd0], [%r1], 16; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0; st.global.u32 [%rd0+4], %r0;")]
    public void A_race_in_global_memory_is_reported(string name, uint grid, string ordered, string racy)
    {
        foreach (EmulatorOptions way in HopperKernel.Ways)
        {
            string schedule = $"{name}: {way.Order} {way.AsyncCopies} {way.Seed} {way.Threads}";
            Assert.That(Run(ordered, grid, way), Is.Null, schedule);
            Assert.That(Run(racy, grid, way)?.Kind, Is.EqualTo(EmulatorFaultKind.GlobalRace), schedule);
        }
    }

    private static EmulatorFault? Run(string body, uint grid, EmulatorOptions options)
    {
        using PtxMachine machine = new(HopperKernel.Wrap("@!%p0 bra E; " + body + " E:"), options);
        ulong p = machine.Upload<byte>(new byte[4096]);
        return machine.Launch(grid, 32, 4096, p, p);
    }
}
