using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// A row of one to four vectors side by side that stays in registers: the accumulators of the
/// micro-kernel. (The compiler keeps the fields of a struct in registers up to four fields; arrays of any
/// kind go to memory.)
/// </summary>
internal unsafe interface IRowBlock<TSelf, TVector>
    where TSelf : struct, IRowBlock<TSelf, TVector>
    where TVector : struct
{
    /// <summary>Number of vectors.</summary>
    static abstract int Vectors { get; }

    /// <summary>Loads neighbouring vectors.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>
    /// Reads neighbouring spans of elements, in the order of <see cref="PairedElements{T, TWidth, TVector}"/>,
    /// and asks for those that are read later. Only blocks of an even number of vectors can take pairs.
    /// </summary>
    static abstract TSelf Read<T>(T* source, nint ahead, ref TVector largest)
        where T : unmanaged;

    /// <summary>Stores neighbouring vectors.</summary>
    void Store(float* destination);

    /// <summary>this *= factor</summary>
    void Scale(in TSelf factor);

    /// <summary>this = x * row</summary>
    void Set(TVector x, in TSelf row);

    /// <summary>this += x * row</summary>
    void Add(TVector x, in TSelf row);
}

/// <summary>One vector.</summary>
internal unsafe struct RowBlock1<TWidth, TVector> : IRowBlock<RowBlock1<TWidth, TVector>, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private TVector v0;

    public static int Vectors => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowBlock1<TWidth, TVector> Load(float* source) => new() { v0 = TWidth.Load(source) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowBlock1<TWidth, TVector> Read<T>(T* source, nint ahead, ref TVector largest)
        where T : unmanaged
    {
        CachePrefetch.Far(source + ahead);
        return new() { v0 = TWidth.Widen(source) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* destination) => TWidth.Store(v0, destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(in RowBlock1<TWidth, TVector> factor) => v0 = TWidth.Multiply(v0, factor.v0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(TVector x, in RowBlock1<TWidth, TVector> row) => v0 = TWidth.Multiply(x, row.v0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(TVector x, in RowBlock1<TWidth, TVector> row) => v0 = TWidth.MultiplyAdd(x, row.v0, v0);
}

/// <summary>Two vectors.</summary>
internal unsafe struct RowBlock2<TWidth, TVector> : IRowBlock<RowBlock2<TWidth, TVector>, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private TVector v0, v1;

    public static int Vectors => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowBlock2<TWidth, TVector> Load(float* source) =>
        new() { v0 = TWidth.Load(source), v1 = TWidth.Load(source + TWidth.Count) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowBlock2<TWidth, TVector> Read<T>(T* source, nint ahead, ref TVector largest)
        where T : unmanaged
    {
        if (PairedElements<T, TWidth, TVector>.Paired)
        {
            CachePrefetch.Far(source + ahead);
            TVector a = PairedElements<T, TWidth, TVector>.Load(source, ref largest);
            return new()
            {
                v0 = TWidth.EvenHalves<T>(a),
                v1 = TWidth.OddHalves<T>(a),
            };
        }

        CachePrefetch.Far(source + ahead);
        CachePrefetch.Far(source + ahead + TWidth.Count);
        return new()
        {
            v0 = TWidth.Widen(source),
            v1 = TWidth.Widen(source + TWidth.Count),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* destination)
    {
        TWidth.Store(v0, destination);
        TWidth.Store(v1, destination + TWidth.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(in RowBlock2<TWidth, TVector> factor)
    {
        v0 = TWidth.Multiply(v0, factor.v0);
        v1 = TWidth.Multiply(v1, factor.v1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(TVector x, in RowBlock2<TWidth, TVector> row)
    {
        v0 = TWidth.Multiply(x, row.v0);
        v1 = TWidth.Multiply(x, row.v1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(TVector x, in RowBlock2<TWidth, TVector> row)
    {
        v0 = TWidth.MultiplyAdd(x, row.v0, v0);
        v1 = TWidth.MultiplyAdd(x, row.v1, v1);
    }
}

/// <summary>Three vectors.</summary>
internal unsafe struct RowBlock3<TWidth, TVector> : IRowBlock<RowBlock3<TWidth, TVector>, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private TVector v0, v1, v2;

    public static int Vectors => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowBlock3<TWidth, TVector> Load(float* source) => new()
    {
        v0 = TWidth.Load(source),
        v1 = TWidth.Load(source + TWidth.Count),
        v2 = TWidth.Load(source + (2 * TWidth.Count)),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowBlock3<TWidth, TVector> Read<T>(T* source, nint ahead, ref TVector largest)
        where T : unmanaged
    {
        CachePrefetch.Far(source + ahead);
        CachePrefetch.Far(source + ahead + TWidth.Count);
        CachePrefetch.Far(source + ahead + (2 * TWidth.Count));
        return new()
        {
            v0 = TWidth.Widen(source),
            v1 = TWidth.Widen(source + TWidth.Count),
            v2 = TWidth.Widen(source + (2 * TWidth.Count)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* destination)
    {
        TWidth.Store(v0, destination);
        TWidth.Store(v1, destination + TWidth.Count);
        TWidth.Store(v2, destination + (2 * TWidth.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(in RowBlock3<TWidth, TVector> factor)
    {
        v0 = TWidth.Multiply(v0, factor.v0);
        v1 = TWidth.Multiply(v1, factor.v1);
        v2 = TWidth.Multiply(v2, factor.v2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(TVector x, in RowBlock3<TWidth, TVector> row)
    {
        v0 = TWidth.Multiply(x, row.v0);
        v1 = TWidth.Multiply(x, row.v1);
        v2 = TWidth.Multiply(x, row.v2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(TVector x, in RowBlock3<TWidth, TVector> row)
    {
        v0 = TWidth.MultiplyAdd(x, row.v0, v0);
        v1 = TWidth.MultiplyAdd(x, row.v1, v1);
        v2 = TWidth.MultiplyAdd(x, row.v2, v2);
    }
}

/// <summary>Four vectors.</summary>
internal unsafe struct RowBlock4<TWidth, TVector> : IRowBlock<RowBlock4<TWidth, TVector>, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private TVector v0, v1, v2, v3;

    public static int Vectors => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowBlock4<TWidth, TVector> Load(float* source) => new()
    {
        v0 = TWidth.Load(source),
        v1 = TWidth.Load(source + TWidth.Count),
        v2 = TWidth.Load(source + (2 * TWidth.Count)),
        v3 = TWidth.Load(source + (3 * TWidth.Count)),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowBlock4<TWidth, TVector> Read<T>(T* source, nint ahead, ref TVector largest)
        where T : unmanaged
    {
        if (PairedElements<T, TWidth, TVector>.Paired)
        {
            CachePrefetch.Far(source + ahead);
            CachePrefetch.Far(source + ahead + (2 * TWidth.Count));
            TVector a = PairedElements<T, TWidth, TVector>.Load(source, ref largest);
            TVector b = PairedElements<T, TWidth, TVector>.Load(source + (2 * TWidth.Count), ref largest);
            return new()
            {
                v0 = TWidth.EvenHalves<T>(a),
                v1 = TWidth.OddHalves<T>(a),
                v2 = TWidth.EvenHalves<T>(b),
                v3 = TWidth.OddHalves<T>(b),
            };
        }

        CachePrefetch.Far(source + ahead);
        CachePrefetch.Far(source + ahead + TWidth.Count);
        CachePrefetch.Far(source + ahead + (2 * TWidth.Count));
        CachePrefetch.Far(source + ahead + (3 * TWidth.Count));
        return new()
        {
            v0 = TWidth.Widen(source),
            v1 = TWidth.Widen(source + TWidth.Count),
            v2 = TWidth.Widen(source + (2 * TWidth.Count)),
            v3 = TWidth.Widen(source + (3 * TWidth.Count)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* destination)
    {
        TWidth.Store(v0, destination);
        TWidth.Store(v1, destination + TWidth.Count);
        TWidth.Store(v2, destination + (2 * TWidth.Count));
        TWidth.Store(v3, destination + (3 * TWidth.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(in RowBlock4<TWidth, TVector> factor)
    {
        v0 = TWidth.Multiply(v0, factor.v0);
        v1 = TWidth.Multiply(v1, factor.v1);
        v2 = TWidth.Multiply(v2, factor.v2);
        v3 = TWidth.Multiply(v3, factor.v3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(TVector x, in RowBlock4<TWidth, TVector> row)
    {
        v0 = TWidth.Multiply(x, row.v0);
        v1 = TWidth.Multiply(x, row.v1);
        v2 = TWidth.Multiply(x, row.v2);
        v3 = TWidth.Multiply(x, row.v3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(TVector x, in RowBlock4<TWidth, TVector> row)
    {
        v0 = TWidth.MultiplyAdd(x, row.v0, v0);
        v1 = TWidth.MultiplyAdd(x, row.v1, v1);
        v2 = TWidth.MultiplyAdd(x, row.v2, v2);
        v3 = TWidth.MultiplyAdd(x, row.v3, v3);
    }
}
