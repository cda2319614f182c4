using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Cpu;

/// <summary>
/// Asks for memory that will soon be read. Any address will do, also one that is nobody's: it is only a hint.
/// </summary>
internal static unsafe class CachePrefetch
{
    /// <summary>Bytes of a cache line.</summary>
    public const int LineBytes = 64;

    /// <summary>Asks for the cache line of an address; does nothing where there is no such hint.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }
}
