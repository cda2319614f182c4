using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Emulation;

/// <summary>An operation on one vector of lanes.</summary>
internal interface IUnary<T>
    where T : unmanaged
{
    static abstract Vector512<T> Invoke(Vector512<T> a);
}

/// <summary>An operation on two vectors of lanes.</summary>
internal interface IBinary<T>
    where T : unmanaged
{
    static abstract Vector512<T> Invoke(Vector512<T> a, Vector512<T> b);
}

/// <summary>An operation on three vectors of lanes.</summary>
internal interface ITernary<T>
    where T : unmanaged
{
    static abstract Vector512<T> Invoke(Vector512<T> a, Vector512<T> b, Vector512<T> c);
}

/// <summary>A comparison; true lanes are all ones.</summary>
internal interface ICompare<T>
    where T : unmanaged
{
    static abstract Vector512<T> Invoke(Vector512<T> a, Vector512<T> b);
}

/// <summary>Masks, and loads and stores of register slots. A 32-bit slot is two vectors, a 64-bit slot
/// four.</summary>
internal static unsafe class Lanes
{
    public const uint All = uint.MaxValue;

    /// <summary>All ones in the 16 lanes of half <paramref name="half"/> whose bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Mask32(uint active, int half)
    {
        Vector512<uint> bits = Vector512.Create(
            1u, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);
        return Vector512.Equals(Vector512.Create(active >> (half * 16)) & bits, bits);
    }

    /// <summary>All ones in the 8 lanes of quarter <paramref name="quarter"/> whose bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Mask64(uint active, int quarter)
    {
        Vector512<ulong> bits = Vector512.Create(1ul, 2, 4, 8, 16, 32, 64, 128);
        return Vector512.Equals(Vector512.Create((ulong)(active >> (quarter * 8))) & bits, bits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Mask<T>(uint active, int part)
        where T : unmanaged
    {
        return sizeof(T) == 4 ? Mask32(active, part).As<uint, T>() : Mask64(active, part).As<ulong, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load<T>(byte* slot, int part)
        where T : unmanaged
    {
        return Vector512.Load((T*)(slot + (part * 64)));
    }

    /// <summary>Stores the active lanes of one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(byte* slot, int part, Vector512<T> value, uint active)
        where T : unmanaged
    {
        T* target = (T*)(slot + (part * 64));
        if (active != All)
        {
            value = Vector512.ConditionalSelect(Mask<T>(active, part), value, Vector512.Load(target));
        }
        value.Store(target);
    }

    /// <summary>Shift by an amount per lane; amounts beyond the width give 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> ShiftLeft(Vector512<uint> a, Vector512<uint> n)
    {
        return Avx512F.IsSupported ? Avx512F.ShiftLeftLogicalVariable(a, n)
            : PerLane(a, n, static (x, s) => s > 31 ? 0 : x << (int)s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> ShiftRight(Vector512<uint> a, Vector512<uint> n)
    {
        return Avx512F.IsSupported ? Avx512F.ShiftRightLogicalVariable(a, n)
            : PerLane(a, n, static (x, s) => s > 31 ? 0 : x >> (int)s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> ShiftRightSigned(Vector512<uint> a, Vector512<uint> n)
    {
        return Avx512F.IsSupported
            ? Avx512F.ShiftRightArithmeticVariable(a.AsInt32(), n).AsUInt32()
            : PerLane(a, n, static (x, s) => (uint)((int)x >> (int)Math.Min(s, 31)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> ShiftLeft(Vector512<ulong> a, Vector512<ulong> n)
    {
        return Avx512F.IsSupported ? Avx512F.ShiftLeftLogicalVariable(a, n)
            : PerLane(a, n, static (x, s) => s > 63 ? 0 : x << (int)s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> ShiftRight(Vector512<ulong> a, Vector512<ulong> n)
    {
        return Avx512F.IsSupported ? Avx512F.ShiftRightLogicalVariable(a, n)
            : PerLane(a, n, static (x, s) => s > 63 ? 0 : x >> (int)s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> ShiftRightSigned(Vector512<ulong> a, Vector512<ulong> n)
    {
        return Avx512F.IsSupported
            ? Avx512F.ShiftRightArithmeticVariable(a.AsInt64(), n).AsUInt64()
            : PerLane(a, n, static (x, s) => (ulong)((long)x >> (int)Math.Min(s, 63)));
    }

    private static Vector512<T> PerLane<T>(Vector512<T> a, Vector512<T> b, Func<T, T, T> operation)
        where T : unmanaged
    {
        T* result = stackalloc T[Vector512<T>.Count];
        for (int i = 0; i < Vector512<T>.Count; i++)
        {
            result[i] = operation(a[i], b[i]);
        }
        return Vector512.Load(result);
    }
}
