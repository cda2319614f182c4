using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>The first step of a video instruction.</summary>
internal enum VideoOperation
{
    Add, Subtract, AbsoluteDifference, Average, Minimum, Maximum, ShiftLeft, ShiftRight, Compare, MultiplyAdd,
}

/// <summary>What happens to the result of the first step: it replaces a field of c, or is combined with c.</summary>
internal enum VideoStep
{
    Merge, Add, Minimum, Maximum,
}

[Flags]
internal enum VideoFlags
{
    None = 0, SignedA = 1, SignedB = 2, SignedD = 4, Saturates = 8, Wraps = 16, PlusOne = 32, NegatesProduct = 64,
    NegatesC = 128,
}

/// <summary>A video instruction as decoded; only ints, as it lives in <see cref="Op.List"/>.</summary>
internal unsafe struct VideoForm
{
    public const int MaxElements = 4;

    public VideoOperation Operation;
    public Comparison Comparison;
    public VideoStep Second;
    public VideoFlags Flags;

    /// <summary>Right shift of vmad.</summary>
    public int Scale;

    /// <summary>Number of elements: 1, 2 or 4.</summary>
    public int Count;

    /// <summary>Fields of the elements in the 64 bits b:a.</summary>
    public fixed int A[MaxElements];
    public fixed int B[MaxElements];

    /// <summary>Fields of the elements in the destination; 0 for an element that the mask leaves out.</summary>
    public fixed int D[MaxElements];

    /// <summary>A field: its first bit and its number of bits.</summary>
    public static int Field(int start, int bits) => start | (bits << 8);

    public static int Start(int field) => field & 0xFF;

    public static int Bits(int field) => field >> 8;

    public readonly bool Has(VideoFlags flag) => (Flags & flag) != 0;
}

/// <summary>
/// Video instructions, lane by lane. All are one mechanism: elements are read from fields of the 64 bits b:a (the
/// scalar instructions have one element), go through the first step, and are merged into c or combined with it.
/// </summary>
internal static unsafe class VideoHandlers
{
    public static void Run(Warp w, Op* op)
    {
        VideoForm* form = (VideoForm*)op->List;
        uint* a = (uint*)(w.Regs + op->A);
        uint* b = (uint*)(w.Regs + op->B);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong pair = a[lane] | ((ulong)b[lane] << 32);
            uint c = op->C == Op.None ? 0 : ((uint*)(w.Regs + op->C))[lane];
            ((uint*)(w.Regs + op->D))[lane] = form->Operation == VideoOperation.MultiplyAdd
                ? MultiplyAdd(form, pair, c) : Combine(form, pair, c);
        }
    }

    private static uint Combine(VideoForm* form, ulong pair, uint c)
    {
        uint result = c;
        for (int i = 0; i < form->Count; i++)
        {
            if (form->D[i] != 0)
            {
                long first = First(form, Read(pair, form->A[i], form->Has(VideoFlags.SignedA)),
                    Read(pair, form->B[i], form->Has(VideoFlags.SignedB)));
                result = Second(form, form->D[i], first, result);
            }
        }
        return result;
    }

    private static long Read(ulong pair, int field, bool isSigned)
    {
        int bits = VideoForm.Bits(field);
        ulong value = Scalars.Cut(pair >> VideoForm.Start(field), bits);
        return isSigned ? Scalars.Extend(value, bits) : (long)value;
    }

    private static long First(VideoForm* form, long a, long b)
    {
        long result = form->Operation switch
        {
            VideoOperation.Add => a + b,
            VideoOperation.Subtract => a - b,
            VideoOperation.AbsoluteDifference => Math.Abs(a - b),
            VideoOperation.Average => (a + b + (a + b >= 0 ? 1 : 0)) >> 1,
            VideoOperation.Minimum => Math.Min(a, b),
            VideoOperation.Maximum => Math.Max(a, b),
            VideoOperation.ShiftLeft => a << ShiftAmount(form, b),
            VideoOperation.ShiftRight => a >> ShiftAmount(form, b),
            _ => Holds(form->Comparison, a, b) ? 1 : 0,
        };
        // The ISA gives the first step 34 bits; only a shift to the left can need more.
        return Scalars.Extend((ulong)result, 34);
    }

    private static int ShiftAmount(VideoForm* form, long b) =>
        (int)(form->Has(VideoFlags.Wraps) ? b & 31 : Math.Min(b, 32));

    private static bool Holds(Comparison comparison, long a, long b) => comparison switch
    {
        Comparison.Eq => a == b,
        Comparison.Ne => a != b,
        Comparison.Lt => a < b,
        Comparison.Le => a <= b,
        Comparison.Gt => a > b,
        _ => a >= b,
    };

    private static uint Second(VideoForm* form, int field, long first, uint c)
    {
        bool isSigned = form->Has(VideoFlags.SignedD);
        int bits = VideoForm.Bits(field);
        // Without saturation 33 bits are left for the second step.
        long value = form->Has(VideoFlags.Saturates) ? Saturate(first, bits, isSigned)
            : Scalars.Extend((ulong)first, 33);
        long third = isSigned ? (int)c : c;
        return form->Second switch
        {
            VideoStep.Add => (uint)(third + value),
            VideoStep.Minimum => (uint)Math.Min(value, third),
            VideoStep.Maximum => (uint)Math.Max(value, third),
            _ => Insert((uint)value, c, VideoForm.Start(field), bits),
        };
    }

    private static long Saturate(long value, int bits, bool isSigned)
    {
        long most = (1L << (isSigned ? bits - 1 : bits)) - 1;
        return Math.Clamp(value, isSigned ? -most - 1 : 0, most);
    }

    private static uint Insert(uint value, uint into, int start, int bits) =>
        (uint)Scalars.InsertBits(value, into, start, bits, 32);

    /// <summary>a * b + c, exactly; c has a sign when the result has one.</summary>
    private static uint MultiplyAdd(VideoForm* form, ulong pair, uint c)
    {
        const VideoFlags signs = VideoFlags.SignedA | VideoFlags.SignedB | VideoFlags.NegatesProduct | VideoFlags.NegatesC;
        bool isSigned = form->Has(signs);
        Int128 product = (Int128)Read(pair, form->A[0], form->Has(VideoFlags.SignedA))
            * Read(pair, form->B[0], form->Has(VideoFlags.SignedB));
        Int128 third = isSigned ? (int)c : c;
        Int128 sum = (form->Has(VideoFlags.NegatesProduct) ? -product : product)
            + (form->Has(VideoFlags.NegatesC) ? -third : third) + (form->Has(VideoFlags.PlusOne) ? 1 : 0);
        Int128 result = sum >> form->Scale;
        if (form->Has(VideoFlags.Saturates))
        {
            result = isSigned ? Int128.Clamp(result, int.MinValue, int.MaxValue)
                : Int128.Clamp(result, 0, uint.MaxValue);
        }
        return unchecked((uint)result);
    }
}
