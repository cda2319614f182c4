namespace NativeAttention.Emulation;

internal static partial class InstructionForms
{
    /// <summary>Asynchronous copies, mbarriers, and what else came with sm_90; read after the table
    /// proper.</summary>
    private const string HopperTable = """

        # Mbarriers.
        <here>   = [.{shared,shared::cta}]
        <there>  = [.{shared,shared::cta,shared::cluster}]
        <near>   = {cta,cluster}
        mbarrier.{init,inval}<here>.b64                     | *         | 7.0 80
        mbarrier.pending_count.b64                          | *         | 7.0 80
        mbarrier.{arrive,arrive_drop}<here>.b64             | *         | 7.0 80
        mbarrier.{arrive,arrive_drop}.noComplete<here>.b64  | *         | 7.0 80
        mbarrier.{arrive,arrive_drop}.noComplete.release.cta<here>.b64 | * | 8.0 80
        mbarrier.{arrive,arrive_drop}[.release.<near>]<there>.b64 | *   | 8.0 90
        mbarrier.{arrive,arrive_drop}.expect_tx[.release.<near>]<there>.b64 | * | 8.0 90
        mbarrier.{arrive,arrive_drop}[.expect_tx].relaxed.<near><there>.b64 | * | 8.6 90
        mbarrier.{expect_tx,complete_tx}[.relaxed.<near>]<there>.b64 | * | 8.0 90
        mbarrier.test_wait<here>.b64                        | *         | 7.0 80
        mbarrier.test_wait.parity<here>.b64                 | *         | 7.1 80
        mbarrier.test_wait[.parity].acquire.<near><here>.b64 | *        | 8.0 80
        mbarrier.try_wait[.parity]<here>.b64                | *         | 7.8 90
        mbarrier.try_wait[.parity].acquire.<near><here>.b64 | *         | 8.0 90
        mbarrier.{test_wait,try_wait}[.parity].relaxed.<near><here>.b64 | * | 8.6 90

        # Asynchronous copies.
        cp.async.{ca,cg}.{shared,shared::cta}.global[.L2::cache_hint][.{L2::64B,L2::128B,L2::256B}] | * | 7.0 80
        cp.async.{commit_group,wait_group,wait_all}         | *         | 7.0 80
        cp.async.mbarrier.arrive[.noinc]<here>.b64          | *         | 7.0 80
        <bytes>  = mbarrier::complete_tx::bytes
        <rank>   = {1d,2d,3d,4d,5d}
        cp.async.bulk.{commit_group,wait_group[.read]}      | *         | 8.0 90
        cp.async.bulk.shared::cluster.{global,shared::cta}.<bytes>[.L2::cache_hint] | * | 8.0 90
        cp.async.bulk.shared::cta.global.<bytes>[.L2::cache_hint] | *   | 8.6 90
        cp.async.bulk.global.shared::cta.bulk_group[.L2::cache_hint] | * | 8.0 90
        cp.async.bulk.prefetch.L2.global[.L2::cache_hint]   | *         | 8.0 90
        cp.reduce.async.bulk.global.shared::cta.bulk_group[.L2::cache_hint].{{and,or,xor}.{b32,b64},add.{u32,s32,u64,f32,f64},{min,max}.{u32,s32,u64,s64},{inc,dec}.u32,add.noftz.{f16,bf16}} | * | 8.0 90
        cp.async.bulk.tensor.<rank>.shared::cluster.global[.tile].<bytes>[.L2::cache_hint] | * | 8.0 90
        cp.async.bulk.tensor.<rank>.shared::cta.global[.tile].<bytes>[.L2::cache_hint] | * | 8.6 90
        cp.async.bulk.tensor.<rank>.global.shared::cta[.tile].bulk_group[.L2::cache_hint] | * | 8.0 90
        cp.reduce.async.bulk.tensor.<rank>.global.shared::cta.{add,min,max,inc,dec,and,or,xor}[.tile].bulk_group[.L2::cache_hint] | * | 8.0 90
        cp.async.bulk.prefetch.tensor.<rank>.L2.global[.tile][.L2::cache_hint] | * | 8.0 90
        prefetch[.{param,const}].tensormap                  | *         | 8.0 90

        # Products of warpgroups.
        <n16>    = {8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128,136,144,152,160,168,176,184,192,200,208,216,224,232,240,248,256}
        <n8>     = {8,16,24,32,48,64,80,96,112,128,144,160,176,192,208,224}
        <f8>     = {e4m3,e5m2}
        wgmma.{fence,commit_group,wait_group}.sync.aligned  | *         | 8.0 90a
        wgmma.mma_async.sync.aligned.m64n<n16>k16.{f16.f16.f16,f32.f16.f16,f32.bf16.bf16} | * | 8.0 90a
        wgmma.mma_async.sync.aligned.m64n<n16>k8.f32.tf32.tf32 | *      | 8.0 90a
        wgmma.mma_async.sync.aligned.m64n<n16>k32.{f16,f32}.<f8>.<f8> | * | 8.0 90a
        wgmma.mma_async.sync.aligned.m64n<n8>k32[.satfinite].s32.{s8,u8}.{s8,u8} | * | 8.0 90a

        # Fences, clusters and registers.
        fence.proxy.{alias,async[.{global,shared::cta,shared::cluster}]} | * | 8.0 90
        fence.mbarrier_init.release.cluster                 | *         | 8.0 90
        barrier[.cta].{sync,arrive}[.aligned]               | *         | 6.0 30
        barrier[.cta].red.{popc[.aligned].u32,{and,or}[.aligned].pred} | * | 6.0 30
        barrier.cluster.arrive[.{release,relaxed}][.aligned] | *        | 7.8 90
        barrier.cluster.wait[.acquire][.aligned]            | *         | 7.8 90
        mapa[.shared::cluster].{u32,u64}                    | *         | 7.8 90
        getctarank[.shared::cluster].{u32,u64}              | *         | 7.8 90
        elect.sync                                          | *         | 8.0 90
        setmaxnreg.{inc,dec}.sync.aligned.u32               | *         | 8.0 90a
        griddepcontrol.{launch_dependents,wait}             | *         | 7.8 90
        """;
}
