using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Emulation;

/// <summary>How the elements of A and B lie in their registers, and how they widen to binary32.</summary>
internal interface IMmaElement
{
    /// <summary>Elements in one register: 2 of 16 bits or 1 of 32.</summary>
    static abstract int Parts { get; }

    static abstract Vector512<float> Part(Vector512<uint> packed, int part);
}

/// <summary>
/// mma.sync m16n8kK. List: D0-3, A0-3, B0-1, C0-3 (for 16-bit accumulators D0-1 and C0-1 count). With lane =
/// 4g + t, accumulator registers hold (g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1), and products are added in
/// ascending k with fused multiply-adds.
/// </summary>
internal static unsafe partial class MmaHandlers
{
    /// <summary>Aux: number of (A pair, B) register steps, and whether accumulators are binary16.</summary>
    public const int StepMask = 3;
    public const int HalfAccumulators = 4;

    /// <summary>Integer sums are clamped rather than wrapped.</summary>
    public const int Saturates = 8;

    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    public readonly struct HalfElement : IMmaElement
    {
        public static int Parts => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Part(Vector512<uint> packed, int part)
        {
            return HalfOperators.WidenHalf(part == 0 ? packed & Vector512.Create(0xFFFFu)
                : packed >> 16).AsSingle();
        }
    }

    public readonly struct BFloatElement : IMmaElement
    {
        public static int Parts => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Part(Vector512<uint> packed, int part)
        {
            return (part == 0 ? packed << 16 : packed & Vector512.Create(0xFFFF_0000u)).AsSingle();
        }
    }

    /// <summary>tf32: the 13 low bits are ignored.</summary>
    public readonly struct Tf32Element : IMmaElement
    {
        public static int Parts => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Part(Vector512<uint> packed, int part)
        {
            return (packed & Vector512.Create(0xFFFF_E000u)).AsSingle();
        }
    }

    public readonly struct S8Element : IMmaElement
    {
        public static int Parts => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Part(Vector512<uint> packed, int part) =>
            Vector512.ConvertToSingle((packed << (24 - (part * 8))).AsInt32() >> 24);
    }

    public readonly struct U8Element : IMmaElement
    {
        public static int Parts => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Part(Vector512<uint> packed, int part) =>
            Vector512.ConvertToSingle(((packed >> (part * 8)) & Vector512.Create(0xFFu)).AsInt32());
    }

    public readonly struct E4M3Element : IMmaElement
    {
        public static int Parts => 4;

        public static Vector512<float> Part(Vector512<uint> packed, int part) =>
            HalfOperators.WidenE4M3(packed >> (part * 8)).AsSingle();
    }

    /// <summary>e5m2 is the upper half of a binary16.</summary>
    public readonly struct E5M2Element : IMmaElement
    {
        public static int Parts => 4;

        public static Vector512<float> Part(Vector512<uint> packed, int part) =>
            HalfOperators.WidenHalf(((packed >> (part * 8)) & Vector512.Create(0xFFu)) << 8).AsSingle();
    }

    public static void Multiply<TElement>(Warp w, Op* op)
        where TElement : struct, IMmaElement
    {
        if (!Avx512F.IsSupported)
        {
            if (Fma.IsSupported && TElement.Parts <= 2)
            {
                MultiplyAvx2<TElement>(w, op);
            }
            else
            {
                MultiplyPlain<TElement, TElement>(w, op);
            }
            return;
        }
        if (w.Active != Lanes.All)
        {
            RequireWholeWarp(w, op);
        }
        MultiplyVector<TElement>(w, op);
    }

    /// <summary>Products of 8-bit integers, summed in binary32, where they are exact, and then added to the
    /// accumulators.</summary>
    [SkipLocalsInit]
    public static void MultiplyIntegers<TA, TB>(Warp w, Op* op)
        where TA : struct, IMmaElement
        where TB : struct, IMmaElement
    {
        if (w.Active != Lanes.All)
        {
            RequireWholeWarp(w, op);
        }
        float* sums = stackalloc float[128];
        new Span<float>(sums, 128).Clear();
        Accumulate<TA, TB>(w.Regs, op, sums);
        for (int i = 0; i < 4; i++)
        {
            int* c = (int*)(w.Regs + op->List[10 + i]);
            int* d = (int*)(w.Regs + op->List[i]);
            for (int lane = 0; lane < 32; lane++)
            {
                long sum = (long)c[lane] + (int)sums[(i * 32) + lane];
                d[lane] = (op->Aux & Saturates) != 0
                    ? (int)Math.Clamp(sum, int.MinValue, int.MaxValue) : (int)sum;
            }
        }
    }

    /// <summary>
    /// AVX-512: a group of four lanes is a 128-bit lane of the vector, so A is broadcast inside groups, and
    /// the B values of the two columns a lane owns are gathered from all groups.
    /// </summary>
    [MethodImpl(Hot)]
    internal static void MultiplyVector<TElement>(Warp w, Op* op)
        where TElement : struct, IMmaElement
    {
        byte* r = w.Regs;
        int* list = op->List;
        bool isHalf = (op->Aux & HalfAccumulators) != 0;
        Accumulators c = isHalf ? LoadHalf(r, list + 10) : LoadFloat(r, list + 10);
        Vector512<float> c0 = c.C0, c0h = c.C0High, c1 = c.C1, c1h = c.C1High;
        Vector512<float> c2 = c.C2, c2h = c.C2High, c3 = c.C3, c3h = c.C3High;
        Vector512<int> even = Vector512.Create(0, 8, 16, 24, 0, 8, 16, 24, 0, 8, 16, 24, 0, 8, 16, 24);
        int steps = op->Aux & StepMask;
        for (int step = 0; step < steps; step++)
        {
            byte* top = r + list[4 + (step * 2)];
            byte* bottom = r + list[5 + (step * 2)];
            byte* b = r + list[8 + step];
            Vector512<float> aTop0 = TElement.Part(Lanes.Load<uint>(top, 0), 0);
            Vector512<float> aTop0h = TElement.Part(Lanes.Load<uint>(top, 1), 0);
            Vector512<float> aTop1 = TElement.Part(Lanes.Load<uint>(top, 0), 1);
            Vector512<float> aTop1h = TElement.Part(Lanes.Load<uint>(top, 1), 1);
            Vector512<float> aLow0 = TElement.Part(Lanes.Load<uint>(bottom, 0), 0);
            Vector512<float> aLow0h = TElement.Part(Lanes.Load<uint>(bottom, 1), 0);
            Vector512<float> aLow1 = TElement.Part(Lanes.Load<uint>(bottom, 0), 1);
            Vector512<float> aLow1h = TElement.Part(Lanes.Load<uint>(bottom, 1), 1);
            Vector512<float> b0 = TElement.Part(Lanes.Load<uint>(b, 0), 0);
            Vector512<float> b0h = TElement.Part(Lanes.Load<uint>(b, 1), 0);
            Vector512<float> b1 = TElement.Part(Lanes.Load<uint>(b, 0), 1);
            Vector512<float> b1h = TElement.Part(Lanes.Load<uint>(b, 1), 1);
            for (int t = 0; t < 4; t++)
            {
                Vector512<int> pick = Vector512.Create(t);
                Vector512<int> left = even + pick;
                Vector512<int> right = left + Vector512.Create(4);
                Vector512<float> x = Avx512F.PermuteVar16x32x2(b0, left, b0h);
                Vector512<float> y = Avx512F.PermuteVar16x32x2(b0, right, b0h);
                Vector512<float> a = Avx512F.PermuteVar4x32(aTop0, pick);
                c0 = Vector512.FusedMultiplyAdd(a, x, c0);
                c1 = Vector512.FusedMultiplyAdd(a, y, c1);
                a = Avx512F.PermuteVar4x32(aTop0h, pick);
                c0h = Vector512.FusedMultiplyAdd(a, x, c0h);
                c1h = Vector512.FusedMultiplyAdd(a, y, c1h);
                a = Avx512F.PermuteVar4x32(aLow0, pick);
                c2 = Vector512.FusedMultiplyAdd(a, x, c2);
                c3 = Vector512.FusedMultiplyAdd(a, y, c3);
                a = Avx512F.PermuteVar4x32(aLow0h, pick);
                c2h = Vector512.FusedMultiplyAdd(a, x, c2h);
                c3h = Vector512.FusedMultiplyAdd(a, y, c3h);
                if (TElement.Parts == 2)
                {
                    x = Avx512F.PermuteVar16x32x2(b1, left, b1h);
                    y = Avx512F.PermuteVar16x32x2(b1, right, b1h);
                    a = Avx512F.PermuteVar4x32(aTop1, pick);
                    c0 = Vector512.FusedMultiplyAdd(a, x, c0);
                    c1 = Vector512.FusedMultiplyAdd(a, y, c1);
                    a = Avx512F.PermuteVar4x32(aTop1h, pick);
                    c0h = Vector512.FusedMultiplyAdd(a, x, c0h);
                    c1h = Vector512.FusedMultiplyAdd(a, y, c1h);
                    a = Avx512F.PermuteVar4x32(aLow1, pick);
                    c2 = Vector512.FusedMultiplyAdd(a, x, c2);
                    c3 = Vector512.FusedMultiplyAdd(a, y, c3);
                    a = Avx512F.PermuteVar4x32(aLow1h, pick);
                    c2h = Vector512.FusedMultiplyAdd(a, x, c2h);
                    c3h = Vector512.FusedMultiplyAdd(a, y, c3h);
                }
            }
        }
        if (isHalf)
        {
            StoreHalf(r, list, c0, c0h, c1, c1h, c2, c2h, c3, c3h);
            return;
        }
        StorePair(r + list[0], c0, c0h);
        StorePair(r + list[1], c1, c1h);
        StorePair(r + list[2], c2, c2h);
        StorePair(r + list[3], c3, c3h);
    }

    /// <summary>The same by rows of eight columns, for processors without vectors that multiply and add (bit-identical)
    /// and for elements of 8 bits.</summary>
    [MethodImpl(Hot)]
    [SkipLocalsInit]
    internal static void MultiplyPlain<TA, TB>(Warp w, Op* op)
        where TA : struct, IMmaElement
        where TB : struct, IMmaElement
    {
        if (w.Active != Lanes.All)
        {
            RequireWholeWarp(w, op);
        }
        bool isHalf = (op->Aux & HalfAccumulators) != 0;
        float* c = stackalloc float[128];
        Accumulators start = isHalf ? LoadHalf(w.Regs, op->List + 10) : LoadFloat(w.Regs, op->List + 10);
        start.Save(c);
        Accumulate<TA, TB>(w.Regs, op, c);
        StorePlain(w.Regs, op->List, c, isHalf);
    }

    /// <summary>Adds the product to the accumulators, register by register and lane by lane.</summary>
    [MethodImpl(Hot)]
    [SkipLocalsInit]
    private static void Accumulate<TA, TB>(byte* r, Op* op, float* c)
        where TA : struct, IMmaElement
        where TB : struct, IMmaElement
    {
        int* list = op->List;
        int steps = op->Aux & StepMask;
        int depth = steps * 4 * TA.Parts;
        float* a = stackalloc float[16 * 32];
        float* b = stackalloc float[32 * 8];
        float* part = stackalloc float[32];
        for (int step = 0; step < steps; step++)
        {
            for (int p = 0; p < TA.Parts; p++)
            {
                Spread<TA>(r + list[4 + (step * 2)], p, part);
                Scatter(part, a, 32, step * 4 * TA.Parts, TA.Parts, p, isTransposed: false);
                Spread<TA>(r + list[5 + (step * 2)], p, part);
                Scatter(part, a + (8 * 32), 32, step * 4 * TA.Parts, TA.Parts, p, isTransposed: false);
                Spread<TB>(r + list[8 + step], p, part);
                Scatter(part, b, 8, step * 4 * TA.Parts, TA.Parts, p, isTransposed: true);
            }
        }
        for (int row = 0; row < 16; row++)
        {
            float* lanes = c + ((row >> 3) * 64) + ((row & 7) * 4);
            Vector256<float> sum = Vector256.Create(
                lanes[0], lanes[32], lanes[1], lanes[33], lanes[2], lanes[34], lanes[3], lanes[35]);
            for (int k = 0; k < depth; k++)
            {
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(a[(row * 32) + k]),
                    Vector256.Load(b + (k * 8)), sum);
            }
            for (int t = 0; t < 4; t++)
            {
                lanes[t] = sum[t * 2];
                lanes[32 + t] = sum[(t * 2) + 1];
            }
        }
    }

    /// <summary>Raises the error of an instruction that the whole warp has to execute.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void RequireWholeWarp(Warp w, Op* op)
    {
        string what = w.Live != Lanes.All ? $"lanes 0x{~w.Live:x8} have exited or never existed"
            : "the warp has diverged";
        Faults.Raise(w, op, EmulatorFaultKind.DivergentInstruction, w.Active, null, string.Create(
            CultureInfo.InvariantCulture,
            $"an instruction for the whole warp is executed by lanes 0x{w.Active:x8}: {what}"));
    }

    private ref struct Accumulators
    {
        public Vector512<float> C0, C0High, C1, C1High, C2, C2High, C3, C3High;

        public readonly void Save(float* c)
        {
            C0.Store(c);
            C0High.Store(c + 16);
            C1.Store(c + 32);
            C1High.Store(c + 48);
            C2.Store(c + 64);
            C2High.Store(c + 80);
            C3.Store(c + 96);
            C3High.Store(c + 112);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Accumulators LoadFloat(byte* r, int* list)
    {
        return new Accumulators
        {
            C0 = Lanes.Load<float>(r + list[0], 0),
            C0High = Lanes.Load<float>(r + list[0], 1),
            C1 = Lanes.Load<float>(r + list[1], 0),
            C1High = Lanes.Load<float>(r + list[1], 1),
            C2 = Lanes.Load<float>(r + list[2], 0),
            C2High = Lanes.Load<float>(r + list[2], 1),
            C3 = Lanes.Load<float>(r + list[3], 0),
            C3High = Lanes.Load<float>(r + list[3], 1),
        };
    }

    private static Accumulators LoadHalf(byte* r, int* list)
    {
        return new Accumulators
        {
            C0 = HalfElement.Part(Lanes.Load<uint>(r + list[0], 0), 0),
            C0High = HalfElement.Part(Lanes.Load<uint>(r + list[0], 1), 0),
            C1 = HalfElement.Part(Lanes.Load<uint>(r + list[0], 0), 1),
            C1High = HalfElement.Part(Lanes.Load<uint>(r + list[0], 1), 1),
            C2 = HalfElement.Part(Lanes.Load<uint>(r + list[1], 0), 0),
            C2High = HalfElement.Part(Lanes.Load<uint>(r + list[1], 1), 0),
            C3 = HalfElement.Part(Lanes.Load<uint>(r + list[1], 0), 1),
            C3High = HalfElement.Part(Lanes.Load<uint>(r + list[1], 1), 1),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(byte* d, Vector512<float> low, Vector512<float> high)
    {
        FloatOperators.Canonical(low).Store((uint*)d);
        FloatOperators.Canonical(high).Store((uint*)d + 16);
    }

    private static void StoreHalf(
        byte* r, int* list, Vector512<float> c0, Vector512<float> c0h, Vector512<float> c1,
        Vector512<float> c1h,
        Vector512<float> c2, Vector512<float> c2h, Vector512<float> c3, Vector512<float> c3h)
    {
        HalfOperators.PackHalf.Invoke(c1.AsUInt32(), c0.AsUInt32()).Store((uint*)(r + list[0]));
        HalfOperators.PackHalf.Invoke(c1h.AsUInt32(), c0h.AsUInt32()).Store((uint*)(r + list[0]) + 16);
        HalfOperators.PackHalf.Invoke(c3.AsUInt32(), c2.AsUInt32()).Store((uint*)(r + list[1]));
        HalfOperators.PackHalf.Invoke(c3h.AsUInt32(), c2h.AsUInt32()).Store((uint*)(r + list[1]) + 16);
    }

    private static void StorePlain(byte* r, int* list, float* c, bool isHalf)
    {
        if (isHalf)
        {
            StoreHalf(r, list, Vector512.Load(c), Vector512.Load(c + 16), Vector512.Load(c + 32),
                Vector512.Load(c + 48),
                Vector512.Load(c + 64), Vector512.Load(c + 80), Vector512.Load(c + 96),
                Vector512.Load(c + 112));
            return;
        }
        for (int i = 0; i < 4; i++)
        {
            StorePair(r + list[i], Vector512.Load(c + (i * 32)), Vector512.Load(c + (i * 32) + 16));
        }
    }

    private static void Spread<TElement>(byte* register, int part, float* lanes)
        where TElement : struct, IMmaElement
    {
        TElement.Part(Lanes.Load<uint>(register, 0), part).Store(lanes);
        TElement.Part(Lanes.Load<uint>(register, 1), part).Store(lanes + 16);
    }

    /// <summary>Lane 4g + t of part p is element (g, first + t * parts + p) of A, or of B
    /// transposed.</summary>
    private static void Scatter(float* lanes, float* matrix, int pitch, int first, int parts, int p,
        bool isTransposed)
    {
        for (int lane = 0; lane < 32; lane++)
        {
            int g = lane >> 2;
            int k = first + ((lane & 3) * parts) + p;
            matrix[isTransposed ? (k * pitch) + g : (g * pitch) + k] = lanes[lane];
        }
    }
}
