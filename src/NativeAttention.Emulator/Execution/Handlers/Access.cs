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

    /// <summary>A strong access that acquires, releases, and orders beyond its block.</summary>
    public const int Acquire = 1 << 12;
    public const int Release = 1 << 13;
    public const int DeviceScope = 1 << 14;

    /// <summary>ld.global.nc: of memory that nothing writes during the launch.</summary>
    public const int NonCoherent = 1 << 15;

    /// <summary>Loads into 16-bit registers keep 16 bits.</summary>
    public const int Data16 = 1 << 11;

    public static MemoryOrder Order(int aux) =>
        ((aux & Acquire) != 0 ? MemoryOrder.Acquire : 0) | ((aux & Release) != 0 ? MemoryOrder.Release : 0)
            | ((aux & DeviceScope) != 0 ? MemoryOrder.Device : 0);

    public static int ElementBytes(int aux) => aux & ElementMask;

    public static int Count(int aux) => aux >> VectorShift & VectorMask;

    public static int Bytes(int aux) => (aux & ElementMask) * (aux >> VectorShift & VectorMask);
}
