namespace NativeAttention.Emulation;

/// <summary>The bits of <see cref="Op.Aux"/> of a memory instruction.</summary>
internal static class Access
{
    /// <summary>Bytes of one element.</summary>
    public const int ElementMask = 0xF;

    /// <summary>Number of elements, shifted.</summary>
    public const int VectorShift = 4;
    public const int VectorMask = 0x7;

    /// <summary>Elements narrower than the register are extended by their sign.</summary>
    public const int Signed = 1 << 7;

    /// <summary>The data registers hold 64-bit lanes.</summary>
    public const int WideData = 1 << 8;

    /// <summary>The address register holds 32-bit lanes.</summary>
    public const int NarrowAddress = 1 << 9;

    /// <summary>volatile, relaxed, acquire, release: such accesses do not race with each other.</summary>
    public const int Strong = 1 << 10;

    /// <summary>Loads into 16-bit registers keep 16 bits.</summary>
    public const int Data16 = 1 << 11;

    /// <summary>The <see cref="MemoryOrder"/> of the access, shifted.</summary>
    public const int OrderShift = 12;

    /// <summary>Its <see cref="MemoryScope"/>, shifted; that of a weak access means nothing.</summary>
    public const int ScopeShift = 15;

    public static MemoryOrder Order(int aux) => (MemoryOrder)(aux >> OrderShift & 7);

    public static MemoryScope Scope(int aux) => (MemoryScope)(aux >> ScopeShift & 3);

    /// <summary>ld.global.nc: of memory that nothing writes during the launch.</summary>
    public const int NonCoherent = 1 << 17;

    /// <summary>True for accesses and fences whose scope is wider than the block. Clusters have one block, so theirs is
    /// the scope of the block.</summary>
    public static bool IsDeviceScope(int aux) => Scope(aux) >= MemoryScope.Gpu;

    /// <summary>What the access does to the flag it is on.</summary>
    public static FlagOrder FlagOrder(int aux)
    {
        FlagOrder order = Order(aux) switch
        {
            MemoryOrder.Acquire => Emulation.FlagOrder.Acquire,
            MemoryOrder.Release => Emulation.FlagOrder.Release,
            MemoryOrder.AcquireRelease or MemoryOrder.Sequential =>
                Emulation.FlagOrder.Acquire | Emulation.FlagOrder.Release,
            _ => Emulation.FlagOrder.Relaxed,
        };
        return IsDeviceScope(aux) ? order | Emulation.FlagOrder.Device : order;
    }

    public static int ElementBytes(int aux) => aux & ElementMask;

    public static int Count(int aux) => aux >> VectorShift & VectorMask;

    public static int Bytes(int aux) => (aux & ElementMask) * (aux >> VectorShift & VectorMask);
}

/// <summary>How an access or a fence orders others.</summary>
internal enum MemoryOrder
{
    Weak,
    Volatile,
    Relaxed,
    Acquire,
    Release,
    AcquireRelease,
    Sequential,
}

/// <summary>The threads that an order concerns.</summary>
internal enum MemoryScope
{
    Cta,
    Cluster,
    Gpu,
    System,
}
