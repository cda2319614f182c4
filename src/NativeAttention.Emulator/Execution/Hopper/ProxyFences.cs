namespace NativeAttention.Emulation;

/// <summary>Fences between ordinary accesses and the asynchronous proxy, which bulk copies and wgmma
/// use.</summary>
internal static unsafe class ProxyFences
{
    /// <summary>fence.proxy.async; Aux 1: of global memory only.</summary>
    public static void Async(Warp w, Op* op)
    {
        Thread.MemoryBarrier();
        if (op->Aux == 0)
        {
            w.Clock.ProxyFence();
            FenceMbarriers(w);
        }
    }

    /// <summary>fence.mbarrier_init: asynchronous copies may use what the warp has initialised.</summary>
    public static void MbarrierInit(Warp w, Op* op) => FenceMbarriers(w);

    private static void FenceMbarriers(Warp w)
    {
        foreach (Mbarrier mbarrier in w.Cta.Mbarriers.Live)
        {
            mbarrier.IsFenced |= mbarrier.Owner == w.Index;
        }
    }
}
