namespace NativeAttention.Emulation;

/// <summary>Instructions that order memory between threads; after them other warps and blocks should get a
/// turn soon.</summary>
internal static unsafe class YieldHandlers
{
    public static void Fence(Warp w, Op* op)
    {
        Thread.MemoryBarrier();
        w.Clock.Fence(isDevice: Access.IsDeviceScope(op->Aux));
    }

    /// <summary>A volatile, relaxed or acquiring load.</summary>
    public static void Strong(Warp w, Op* op)
    {
        Thread.MemoryBarrier();
        op->Inner(w, op);
        w.YieldRequested = true;
    }
}
