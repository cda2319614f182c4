using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// How the decode kernel reads elements. Those of 16 bits come two in a lane, and a span of them becomes the
/// vector of its even elements and that of its odd ones, which takes half the work of widening them in their
/// order. Rows of the kernel's own memory (queries, strips, outputs) keep that order until the very end.
/// </summary>
/// <remarks>
/// A Half comes out divided by <see cref="Unit"/>, which rows of scores and of weights make up for, and
/// infinity and NaN as numbers larger than all others; only <see cref="WidenRow"/> makes them infinity and
/// NaN. So each read also takes note of the largest element.
/// </remarks>
internal static unsafe class PairedElements<T, TWidth, TVector>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Whether elements are read in pairs.</summary>
    public static bool Paired
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => sizeof(T) < sizeof(float) && TWidth.Count > 1;
    }

    /// <summary>Elements that are read at once.</summary>
    public static int Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => sizeof(T) < sizeof(float) && TWidth.Count > 1 ? 2 * TWidth.Count : TWidth.Count;
    }

    /// <summary>What elements have been divided by.</summary>
    public static float Unit => MayBeLarger ? HalfBits.Rebias : 1;

    /// <summary>Whether infinity and NaN are not read as such.</summary>
    public static bool MayBeLarger
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(T) == typeof(Half) && TWidth.Count > 1;
    }

    /// <summary>Reads a span of pairs.</summary>
    /// <param name="source">The span.</param>
    /// <param name="largest">The largest elements so far.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(T* source, ref TVector largest)
    {
        TVector pairs = TWidth.Load((float*)source);
        if (MayBeLarger)
        {
            largest = TWidth.LargerHalves(largest, pairs);
        }

        return pairs;
    }

    /// <summary>Whether all elements that were read are finite, or read as they are anyway.</summary>
    /// <param name="largest">The largest of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreFinite(TVector largest) => !MayBeLarger || TWidth.AreFiniteHalves(largest);

    /// <summary>Lanes that a span shares with the one before become zero.</summary>
    /// <param name="x">Even or odd elements.</param>
    /// <param name="shared">Elements that both spans have.</param>
    /// <param name="odd">1 for the odd elements.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Unshared(TVector x, nint shared, int odd)
    {
        if (shared == 0)
        {
            return x;
        }

        float first = Paired ? (shared - odd) * 0.5f : shared;
        return TWidth.SelectBetween(TWidth.Indices, TWidth.Broadcast(first), TWidth.Broadcast(TWidth.Count), x, TWidth.Zero);
    }

    /// <summary>Widens a row, divided by the unit, infinity and NaN as such.</summary>
    /// <param name="source">The row.</param>
    /// <param name="dim">Its length, at least a span; a last span that is not whole overlaps the one before.</param>
    /// <param name="once">Whether what both have is zero in the last.</param>
    /// <param name="destination">Receives the vectors of all spans.</param>
    /// <param name="stride">Floats from a vector to the next.</param>
    /// <param name="ahead">Elements to what is to be prefetched.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenRow(T* source, nint dim, bool once, float* destination, nint stride, nint ahead)
    {
        nint d = 0;
        for (; d <= dim - Span; d += Span)
        {
            CachePrefetch.Far(source + d + ahead);
            WidenSpan(source + d, 0, destination, stride);
            destination += stride * (Span / TWidth.Count);
        }

        if (d < dim)
        {
            WidenSpan(source + dim - Span, once ? Span - (dim - d) : 0, destination, stride);
        }
    }

    /// <summary>Puts the vectors of a span back into their order.</summary>
    /// <param name="even">Its first vector.</param>
    /// <param name="odd">Its second vector, where there is one.</param>
    /// <param name="destination">Receives the span.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInOrder(TVector even, TVector odd, float* destination)
    {
        if (Paired)
        {
            TWidth.StoreInterleaved(even, odd, destination);
        }
        else
        {
            TWidth.Store(even, destination);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WidenSpan(T* source, nint shared, float* destination, nint stride)
    {
        if (!Paired)
        {
            TWidth.Store(Unshared(TWidth.Widen(source), shared, 0), destination);
            return;
        }

        TVector pairs = TWidth.Load((float*)source);
        TVector even = TWidth.EvenHalves<T>(pairs), odd = TWidth.OddHalves<T>(pairs);
        if (MayBeLarger)
        {
            (even, odd) = (TWidth.RestoreInfinity(even), TWidth.RestoreInfinity(odd));
        }

        TWidth.Store(Unshared(even, shared, 0), destination);
        TWidth.Store(Unshared(odd, shared, 1), destination + stride);
    }
}
