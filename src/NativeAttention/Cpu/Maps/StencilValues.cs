using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// The value product of a stencil, for two neighbouring rows of queries at one place along the last axis: o[i][d] +=
/// sum over the keys of row i of p[key] * v[key][d]. Both rows see the same keys of a row of keys, if they see it at
/// all; the rows of keys that each sees are an interval, and those of the second begin and end no earlier.
/// </summary>
/// <remarks>
/// Lanes are value dims: exactly the pairs that see each other are computed, V is read as it lies, and each vector of
/// V serves both rows. Even and odd keys have sums of their own, which hide the latency of the operation.
/// </remarks>
internal unsafe struct StencilValues<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Probabilities of the first row at its place, [slot][offset] with <see cref="Stride"/> between.</summary>
    public float* Probabilities;

    /// <summary>Distance between the probabilities of neighbouring keys. Those of the second row lie a vector on.</summary>
    public nint Stride;

    /// <summary>Values of the first row of keys in which one is seen, at the first key that is seen.</summary>
    public float* Values;

    /// <summary>Distance between values of neighbouring keys.</summary>
    public nint ValueStride;

    /// <summary>Keys that are seen of each row of keys.</summary>
    public int Keys;

    /// <summary>Distance between the values of neighbouring rows of keys, and of planes.</summary>
    public nint ValueRow, ValuePlane;

    /// <summary>Where probabilities of rows of keys lie.</summary>
    public KeySlots Slots;

    /// <summary>Planes of keys that both rows see.</summary>
    public int PlaneBegin, PlaneEnd;

    /// <summary>Rows of keys that the first row sees.</summary>
    public int FirstBegin, FirstEnd;

    /// <summary>Rows of keys that the second row sees; empty and behind those of the first if there is none.</summary>
    public int SecondBegin, SecondEnd;

    /// <summary>Adds all value dims.</summary>
    /// <param name="first">Output of the first row.</param>
    /// <param name="second">Output of the second.</param>
    /// <param name="dims">Value dims, a whole number of vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(float* first, float* second, int dims)
    {
        int most = TWidth.BlockVectors * TWidth.Count;
        for (; dims >= most; dims -= most, first += most, second += most, Values += most)
        {
            if (TWidth.BlockVectors == 4)
            {
                Add<RowBlock4<TWidth, TVector>>(first, second);
            }
            else
            {
                Add<RowBlock2<TWidth, TVector>>(first, second);
            }
        }

        switch (dims / TWidth.Count)
        {
            case 1:
                Add<RowBlock1<TWidth, TVector>>(first, second);
                break;
            case 2:
                Add<RowBlock2<TWidth, TVector>>(first, second);
                break;
            case 3:
                Add<RowBlock3<TWidth, TVector>>(first, second);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Add<TRow>(float* first, float* second)
        where TRow : struct, IRowBlock<TRow, TVector>
    {
        TRow even0 = TRow.Load(first), odd0 = default, even1 = TRow.Load(second), odd1 = default;
        nint stride = Stride, valueStride = ValueStride;
        int keys = Keys;
        for (int z = PlaneBegin; z < PlaneEnd; z++)
        {
            for (int y = FirstBegin; y < Math.Max(FirstEnd, SecondEnd); y++)
            {
                float* p = Probabilities + (Slots.Of(z, y) * stride);
                float* v = Values + ((z - PlaneBegin) * ValuePlane) + ((y - FirstBegin) * ValueRow);
                int k = keys;
                if (y >= SecondBegin && y < FirstEnd)
                {
                    for (; k > 1; k -= 2)
                    {
                        TRow value = TRow.Load(v);
                        even0.Add(TWidth.Broadcast(p[0]), value);
                        even1.Add(TWidth.Broadcast(p[TWidth.Count]), value);
                        value = TRow.Load(v + valueStride);
                        p += stride;
                        odd0.Add(TWidth.Broadcast(p[0]), value);
                        odd1.Add(TWidth.Broadcast(p[TWidth.Count]), value);
                        p += stride;
                        v += 2 * valueStride;
                    }

                    if (k > 0)
                    {
                        TRow value = TRow.Load(v);
                        even0.Add(TWidth.Broadcast(p[0]), value);
                        even1.Add(TWidth.Broadcast(p[TWidth.Count]), value);
                    }
                }
                else if (y < FirstEnd)
                {
                    for (; k > 1; k -= 2)
                    {
                        even0.Add(TWidth.Broadcast(p[0]), TRow.Load(v));
                        p += stride;
                        odd0.Add(TWidth.Broadcast(p[0]), TRow.Load(v + valueStride));
                        p += stride;
                        v += 2 * valueStride;
                    }

                    if (k > 0)
                    {
                        even0.Add(TWidth.Broadcast(p[0]), TRow.Load(v));
                    }
                }
                else if (y >= SecondBegin)
                {
                    p += TWidth.Count;
                    for (; k > 1; k -= 2)
                    {
                        even1.Add(TWidth.Broadcast(p[0]), TRow.Load(v));
                        p += stride;
                        odd1.Add(TWidth.Broadcast(p[0]), TRow.Load(v + valueStride));
                        p += stride;
                        v += 2 * valueStride;
                    }

                    if (k > 0)
                    {
                        even1.Add(TWidth.Broadcast(p[0]), TRow.Load(v));
                    }
                }
            }
        }

        TVector one = TWidth.Broadcast(1);
        even0.Add(one, odd0);
        even1.Add(one, odd1);
        even0.Store(first);
        even1.Store(second);
    }
}
