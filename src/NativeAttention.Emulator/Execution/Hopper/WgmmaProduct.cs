using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Emulation;

/// <summary>
/// The arithmetic of wgmma for the 16 rows of one warp, in the layout of its registers: with lane = 4g + t,
/// accumulator 4j + i holds row g + 8 (i / 2), column 8j + 2t + i % 2. Products are added in ascending k with
/// fused multiply-adds in binary32.
/// </summary>
internal static unsafe class WgmmaProduct
{
    /// <summary>Floats of A for one k: four vectors that hold rows 0-3, 4-7, 8-11 and 12-15, each element four
    /// times.</summary>
    public const int FloatsOfA = 64;

    /// <summary>Floats of B for one k and eight columns: the even ones, then the odd ones.</summary>
    public const int FloatsOfB = 8;

    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>Spreads one register of A, which holds eight rows of 16 bytes. Register r has the rows from 8
    /// (r % 2) and the bytes from 16 (r / 2) along k.</summary>
    [MethodImpl(Hot)]
    public static void SpreadA<TElement>(
        Vector512<uint> low, Vector512<uint> high, int register, bool isNegated, float* a)
        where TElement : struct, IMmaElement
    {
        Vector512<float> sign = Vector512.Create(isNegated ? -1f : 1f);
        int first = (register >> 1) * 4 * TElement.Parts;
        float* rows = a + ((register & 1) * 32);
        for (int p = 0; p < TElement.Parts; p++)
        {
            Vector512<float> top = TElement.Part(low, p) * sign;
            Vector512<float> bottom = TElement.Part(high, p) * sign;
            for (int t = 0; t < 4; t++)
            {
                float* target = rows + ((first + (TElement.Parts * t) + p) * FloatsOfA);
                Repeat(top, t).Store(target);
                Repeat(bottom, t).Store(target + 16);
            }
        }
    }

    /// <summary>Spreads a block of B, eight columns by 16 bytes along k, for the columns whose panel begins at
    /// <paramref name="panel"/>.</summary>
    [MethodImpl(Hot)]
    public static void SpreadB<TElement>(Vector512<uint> low, Vector512<uint> high, int chunk, float* panel)
        where TElement : struct, IMmaElement
    {
        int first = chunk * 4 * TElement.Parts;
        for (int p = 0; p < TElement.Parts; p++)
        {
            Vector512<float> top = TElement.Part(low, p);
            Vector512<float> bottom = TElement.Part(high, p);
            for (int t = 0; t < 4; t += 2)
            {
                Vector512<float> pair = Columns(top, bottom, t);
                float* target = panel + ((first + (TElement.Parts * t) + p) * FloatsOfB);
                pair.GetLower().Store(target);
                pair.GetUpper().Store(target + (TElement.Parts * FloatsOfB));
            }
        }
    }

    /// <summary>d += a b for all columns; the accumulators lie at <paramref name="slots"/> from
    /// <paramref name="registers"/>. Sixteen columns at a time keep their sums in registers.</summary>
    [MethodImpl(Hot)]
    public static void Multiply(float* a, float* panel, int columns, int depth, byte* registers, int* slots)
    {
        int blocks = columns / 8;
        int floats = depth * FloatsOfB;
        int j = 0;
        for (; j + 1 < blocks; j += 2)
        {
            MultiplyTwo(a, panel + (j * floats), panel + ((j + 1) * floats), depth, registers, slots + (j * 4));
        }
        if (j < blocks)
        {
            MultiplyOne(a, panel + (j * floats), depth, registers, slots + (j * 4));
        }
    }

    [MethodImpl(Hot)]
    private static void MultiplyTwo(float* a, float* left, float* right, int depth, byte* r, int* slots)
    {
        Vector512<float> c0 = Load(r, slots, 0), c0h = Load(r, slots, 1);
        Vector512<float> c1 = Load(r, slots, 2), c1h = Load(r, slots, 3);
        Vector512<float> c2 = Load(r, slots, 4), c2h = Load(r, slots, 5);
        Vector512<float> c3 = Load(r, slots, 6), c3h = Load(r, slots, 7);
        Vector512<float> e0 = Load(r, slots, 8), e0h = Load(r, slots, 9);
        Vector512<float> e1 = Load(r, slots, 10), e1h = Load(r, slots, 11);
        Vector512<float> e2 = Load(r, slots, 12), e2h = Load(r, slots, 13);
        Vector512<float> e3 = Load(r, slots, 14), e3h = Load(r, slots, 15);
        for (int k = 0; k < depth; k++)
        {
            Vector512<float> x = Broadcast(left), y = Broadcast(left + 4);
            Vector512<float> u = Broadcast(right), v = Broadcast(right + 4);
            Vector512<float> row = Vector512.Load(a);
            c0 = Vector512.FusedMultiplyAdd(row, x, c0);
            c1 = Vector512.FusedMultiplyAdd(row, y, c1);
            e0 = Vector512.FusedMultiplyAdd(row, u, e0);
            e1 = Vector512.FusedMultiplyAdd(row, v, e1);
            row = Vector512.Load(a + 16);
            c0h = Vector512.FusedMultiplyAdd(row, x, c0h);
            c1h = Vector512.FusedMultiplyAdd(row, y, c1h);
            e0h = Vector512.FusedMultiplyAdd(row, u, e0h);
            e1h = Vector512.FusedMultiplyAdd(row, v, e1h);
            row = Vector512.Load(a + 32);
            c2 = Vector512.FusedMultiplyAdd(row, x, c2);
            c3 = Vector512.FusedMultiplyAdd(row, y, c3);
            e2 = Vector512.FusedMultiplyAdd(row, u, e2);
            e3 = Vector512.FusedMultiplyAdd(row, v, e3);
            row = Vector512.Load(a + 48);
            c2h = Vector512.FusedMultiplyAdd(row, x, c2h);
            c3h = Vector512.FusedMultiplyAdd(row, y, c3h);
            e2h = Vector512.FusedMultiplyAdd(row, u, e2h);
            e3h = Vector512.FusedMultiplyAdd(row, v, e3h);
            a += FloatsOfA;
            left += FloatsOfB;
            right += FloatsOfB;
        }
        Store(r, slots, 0, c0, c0h);
        Store(r, slots, 1, c1, c1h);
        Store(r, slots, 2, c2, c2h);
        Store(r, slots, 3, c3, c3h);
        Store(r, slots, 4, e0, e0h);
        Store(r, slots, 5, e1, e1h);
        Store(r, slots, 6, e2, e2h);
        Store(r, slots, 7, e3, e3h);
    }

    [MethodImpl(Hot)]
    private static void MultiplyOne(float* a, float* panel, int depth, byte* r, int* slots)
    {
        Vector512<float> c0 = Load(r, slots, 0), c0h = Load(r, slots, 1);
        Vector512<float> c1 = Load(r, slots, 2), c1h = Load(r, slots, 3);
        Vector512<float> c2 = Load(r, slots, 4), c2h = Load(r, slots, 5);
        Vector512<float> c3 = Load(r, slots, 6), c3h = Load(r, slots, 7);
        for (int k = 0; k < depth; k++)
        {
            Vector512<float> x = Broadcast(panel), y = Broadcast(panel + 4);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Load(a), x, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Load(a), y, c1);
            c0h = Vector512.FusedMultiplyAdd(Vector512.Load(a + 16), x, c0h);
            c1h = Vector512.FusedMultiplyAdd(Vector512.Load(a + 16), y, c1h);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Load(a + 32), x, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Load(a + 32), y, c3);
            c2h = Vector512.FusedMultiplyAdd(Vector512.Load(a + 48), x, c2h);
            c3h = Vector512.FusedMultiplyAdd(Vector512.Load(a + 48), y, c3h);
            a += FloatsOfA;
            panel += FloatsOfB;
        }
        Store(r, slots, 0, c0, c0h);
        Store(r, slots, 1, c1, c1h);
        Store(r, slots, 2, c2, c2h);
        Store(r, slots, 3, c3, c3h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(byte* registers, int* slots, int half) =>
        Lanes.Load<float>(registers + slots[half >> 1], half & 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(byte* registers, int* slots, int index, Vector512<float> low,
        Vector512<float> high)
    {
        uint* target = (uint*)(registers + slots[index]);
        FloatOperators.Canonical(low).Store(target);
        FloatOperators.Canonical(high).Store(target + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Broadcast(float* four)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.BroadcastVector128ToVector512(four);
        }
        Vector256<float> twice = Vector256.Create(Vector128.Load(four), Vector128.Load(four));
        return Vector512.Create(twice, twice);
    }

    /// <summary>In each group of four lanes, the value of lane <paramref name="t"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Repeat(Vector512<float> lanes, int t)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.PermuteVar4x32(lanes, Vector512.Create(t));
        }
        float* all = stackalloc float[16];
        lanes.Store(all);
        return Vector512.Create(
            Vector256.Create(Vector128.Create(all[t]), Vector128.Create(all[4 + t])),
            Vector256.Create(Vector128.Create(all[8 + t]), Vector128.Create(all[12 + t])));
    }

    /// <summary>The eight columns of lanes t, then of lanes t + 1: even ones first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Columns(Vector512<float> low, Vector512<float> high, int t)
    {
        Vector512<int> from = Vector512.Create(0, 8, 16, 24, 4, 12, 20, 28, 1, 9, 17, 25, 5, 13, 21, 29)
            + Vector512.Create(t);
        if (Avx512F.IsSupported)
        {
            return Avx512F.PermuteVar16x32x2(low, from, high);
        }
        float* all = stackalloc float[32];
        float* result = stackalloc float[16];
        low.Store(all);
        high.Store(all + 16);
        for (int i = 0; i < 16; i++)
        {
            result[i] = all[from[i]];
        }
        return Vector512.Load(result);
    }
}
