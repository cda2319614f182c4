using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>What is written must lie apart from what is read, counting gaps between elements as
/// used.</summary>
internal static class OverlapRule
{
    /// <summary>Demands that two spans have no byte in common.</summary>
    public static void RequireApart<TWritten, TOther>(string written, ReadOnlySpan<TWritten> a, string other,
        ReadOnlySpan<TOther> b)
        where TWritten : unmanaged
        where TOther : unmanaged
    {
        // Distances of references, not spans of bytes: those end at 2^31 - 1 bytes.
        nint apart = Unsafe.ByteOffset(ref Unsafe.As<TWritten, byte>(ref MemoryMarshal.GetReference(a)),
            ref Unsafe.As<TOther, byte>(ref MemoryMarshal.GetReference(b)));
        if (!a.IsEmpty && !b.IsEmpty && ((nuint)apart < (nuint)a.Length * (nuint)Unsafe.SizeOf<TWritten>()
            || (nuint)(-apart) < (nuint)b.Length * (nuint)Unsafe.SizeOf<TOther>()))
        {
            Throw(written, other);
        }
    }

    /// <summary>Demands that two ranges of addresses have no byte in common.</summary>
    public static void RequireApart(string written, ulong a, ulong aBytes, string other, ulong b,
        ulong bBytes)
    {
        if (aBytes > 0 && bBytes > 0 && a < b + bBytes && b < a + aBytes)
        {
            Throw(written, other);
        }
    }

    /// <summary>Demands that a tensor that is written has an address for every element.</summary>
    public static void RequireOwnAddresses(string written, TensorExtents extents)
    {
        if (StrideAliasing.Find(extents) is string collision)
        {
            throw new ArgumentException($"The {written} has strides {extents.Strides} that let two elements "
                + $"share an address: {collision} Every element must have an address of its own.", written);
        }
    }

    [DoesNotReturn]
    private static void Throw(string written, string other) => throw new ArgumentException(
        $"The {written} overlaps the {other}: what is written must have memory of its own.", written);
}
