using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Emulation;

/// <summary>
/// The product for processors with AVX2 only: a vector holds two groups of four lanes, so that the algorithm is
/// that of AVX-512 by quarters of a register. Bit-identical, since every sum adds in ascending k.
/// </summary>
internal static unsafe partial class MmaHandlers
{
    [MethodImpl(Hot)]
    [SkipLocalsInit]
    internal static void MultiplyAvx2<TElement>(Warp w, Op* op)
        where TElement : struct, IMmaElement
    {
        if (w.Active != Lanes.All)
        {
            RequireWholeWarp(w, op);
        }
        // For each register step and part of it: the top and the bottom rows of A, as they lie in the lanes.
        float* a = stackalloc float[4 * 64];
        // For each k: row k of B, the four even columns and then the four odd ones.
        float* b = stackalloc float[16 * 8];
        float* c = stackalloc float[128];
        bool isHalf = (op->Aux & HalfAccumulators) != 0;
        Widen<TElement>(w.Regs, op, a, b);
        LoadAccumulators(w.Regs, op->List + 10, isHalf, c);
        for (int quarter = 0; quarter < 4; quarter++)
        {
            MultiplyQuarter(a + (quarter * 8), b, c + (quarter * 8), op->Aux & StepMask, TElement.Parts);
        }
        StorePlain(w.Regs, op->List, c, isHalf);
    }

    [MethodImpl(Hot)]
    [SkipLocalsInit]
    private static void Widen<TElement>(byte* r, Op* op, float* a, float* b)
        where TElement : struct, IMmaElement
    {
        int* list = op->List;
        int steps = op->Aux & StepMask;
        float* lanes = stackalloc float[32];
        for (int step = 0; step < steps; step++)
        {
            for (int part = 0; part < TElement.Parts; part++)
            {
                float* rows = a + (((step * TElement.Parts) + part) * 64);
                Spread<TElement>(r + list[4 + (step * 2)], part, rows);
                Spread<TElement>(r + list[5 + (step * 2)], part, rows + 32);
                Spread<TElement>(r + list[8 + step], part, lanes);
                float* first = b + (((step * 4 * TElement.Parts) + part) * 8);
                Transpose(lanes, first, TElement.Parts * 8);
                Transpose(lanes + 4, first + 4, TElement.Parts * 8);
            }
        }
    }

    /// <summary>Element t of the rows at 0, 8, 16 and 24 goes to column t, the columns being
    /// <paramref name="pitch"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float* from, float* to, int pitch)
    {
        Vector128<float> low = Sse.UnpackLow(Vector128.Load(from), Vector128.Load(from + 8));
        Vector128<float> lowNext = Sse.UnpackLow(Vector128.Load(from + 16), Vector128.Load(from + 24));
        Vector128<float> high = Sse.UnpackHigh(Vector128.Load(from), Vector128.Load(from + 8));
        Vector128<float> highNext = Sse.UnpackHigh(Vector128.Load(from + 16), Vector128.Load(from + 24));
        Sse.MoveLowToHigh(low, lowNext).Store(to);
        Sse.MoveHighToLow(lowNext, low).Store(to + pitch);
        Sse.MoveLowToHigh(high, highNext).Store(to + (2 * pitch));
        Sse.MoveHighToLow(highNext, high).Store(to + (3 * pitch));
    }

    private static void LoadAccumulators(byte* r, int* list, bool isHalf, float* c)
    {
        if (isHalf)
        {
            LoadHalf(r, list).Save(c);
            return;
        }
        for (int i = 0; i < 4; i++)
        {
            new ReadOnlySpan<float>(r + list[i], 32).CopyTo(new Span<float>(c + (i * 32), 32));
        }
    }

    /// <summary>Eight lanes of the four accumulators. Lane t of a group holds A of k = t, to be broadcast inside its
    /// group.</summary>
    [MethodImpl(Hot)]
    private static void MultiplyQuarter(float* a, float* b, float* c, int steps, int parts)
    {
        Sums sums = new()
        {
            C0 = Vector256.Load(c),
            C1 = Vector256.Load(c + 32),
            C2 = Vector256.Load(c + 64),
            C3 = Vector256.Load(c + 96),
        };
        for (int step = 0; step < steps; step++)
        {
            Vector256<float> top = Vector256.Load(a);
            Vector256<float> bottom = Vector256.Load(a + 32);
            if (parts == 1)
            {
                sums.Add(Avx.Permute(top, 0x00), Avx.Permute(bottom, 0x00), b);
                sums.Add(Avx.Permute(top, 0x55), Avx.Permute(bottom, 0x55), b + 8);
                sums.Add(Avx.Permute(top, 0xAA), Avx.Permute(bottom, 0xAA), b + 16);
                sums.Add(Avx.Permute(top, 0xFF), Avx.Permute(bottom, 0xFF), b + 24);
            }
            else
            {
                Vector256<float> topNext = Vector256.Load(a + 64);
                Vector256<float> bottomNext = Vector256.Load(a + 96);
                sums.Add(Avx.Permute(top, 0x00), Avx.Permute(bottom, 0x00), b);
                sums.Add(Avx.Permute(topNext, 0x00), Avx.Permute(bottomNext, 0x00), b + 8);
                sums.Add(Avx.Permute(top, 0x55), Avx.Permute(bottom, 0x55), b + 16);
                sums.Add(Avx.Permute(topNext, 0x55), Avx.Permute(bottomNext, 0x55), b + 24);
                sums.Add(Avx.Permute(top, 0xAA), Avx.Permute(bottom, 0xAA), b + 32);
                sums.Add(Avx.Permute(topNext, 0xAA), Avx.Permute(bottomNext, 0xAA), b + 40);
                sums.Add(Avx.Permute(top, 0xFF), Avx.Permute(bottom, 0xFF), b + 48);
                sums.Add(Avx.Permute(topNext, 0xFF), Avx.Permute(bottomNext, 0xFF), b + 56);
            }
            a += parts * 64;
            b += parts * 32;
        }
        sums.C0.Store(c);
        sums.C1.Store(c + 32);
        sums.C2.Store(c + 64);
        sums.C3.Store(c + 96);
    }

    private ref struct Sums
    {
        public Vector256<float> C0, C1, C2, C3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector256<float> top, Vector256<float> bottom, float* row)
        {
            Vector256<float> even = Avx.BroadcastVector128ToVector256(row);
            Vector256<float> odd = Avx.BroadcastVector128ToVector256(row + 4);
            C0 = Fma.MultiplyAdd(top, even, C0);
            C1 = Fma.MultiplyAdd(top, odd, C1);
            C2 = Fma.MultiplyAdd(bottom, even, C2);
            C3 = Fma.MultiplyAdd(bottom, odd, C3);
        }
    }
}
