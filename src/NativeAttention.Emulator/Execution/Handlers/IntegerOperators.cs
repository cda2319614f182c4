using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>The integer and bit operators on vectors of lanes. Slots of 16 bits hold zero-extended values.</summary>
internal static class IntegerOperators
{
    public readonly struct Move32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a;
    }

    public readonly struct Not32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => ~a;
    }

    public readonly struct Negate32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => Vector512<uint>.Zero - a;
    }

    public readonly struct Absolute32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => Vector512.Abs(a.AsInt32()).AsUInt32();
    }

    public readonly struct Add32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => a + b;
    }

    public readonly struct Subtract32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => a - b;
    }

    public readonly struct Multiply32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => a * b;
    }

    public readonly struct And32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => a & b;
    }

    public readonly struct Or32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => a | b;
    }

    public readonly struct Xor32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => a ^ b;
    }

    public readonly struct MinU32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.Min(a, b);
    }

    public readonly struct MaxU32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.Max(a, b);
    }

    public readonly struct MinS32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.Min(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    public readonly struct MaxS32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.Max(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    public readonly struct ShiftLeft32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Lanes.ShiftLeft(a, b);
    }

    public readonly struct ShiftRightU32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Lanes.ShiftRight(a, b);
    }

    public readonly struct ShiftRightS32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Lanes.ShiftRightSigned(a, b);
    }

    public readonly struct MultiplyAdd32 : ITernary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) => (a * b) + c;
    }

    public readonly struct Move64 : IUnary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a) => a;
    }

    public readonly struct Not64 : IUnary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a) => ~a;
    }

    public readonly struct Negate64 : IUnary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a) => Vector512<ulong>.Zero - a;
    }

    public readonly struct Absolute64 : IUnary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a) => Vector512.Abs(a.AsInt64()).AsUInt64();
    }

    public readonly struct Add64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a + b;
    }

    public readonly struct Subtract64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a - b;
    }

    public readonly struct Multiply64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a * b;
    }

    public readonly struct And64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a & b;
    }

    public readonly struct Or64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a | b;
    }

    public readonly struct Xor64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => a ^ b;
    }

    public readonly struct MinU64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Min(a, b);
    }

    public readonly struct MaxU64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Max(a, b);
    }

    public readonly struct MinS64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Min(a.AsInt64(), b.AsInt64()).AsUInt64();
    }

    public readonly struct MaxS64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Max(a.AsInt64(), b.AsInt64()).AsUInt64();
    }

    public readonly struct MultiplyAdd64 : ITernary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b, Vector512<ulong> c) => (a * b) + c;
    }

    public readonly struct Truncate16 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a & Vector512.Create(0xFFFFu);
    }

    public readonly struct SignExtend16 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => ((a << 16).AsInt32() >> 16).AsUInt32();
    }

    /// <summary>A 16-bit operation: the result is cut to 16 bits.</summary>
    public readonly struct Low16<TOperator> : IBinary<uint>
        where TOperator : struct, IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return Truncate16.Invoke(TOperator.Invoke(a, b));
        }
    }

    /// <summary>A 16-bit operation on values with a sign.</summary>
    public readonly struct Signed16<TOperator> : IBinary<uint>
        where TOperator : struct, IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return Truncate16.Invoke(TOperator.Invoke(SignExtend16.Invoke(a), SignExtend16.Invoke(b)));
        }
    }

    /// <summary>A 16-bit shift to the right that copies the sign; the amount has none.</summary>
    public readonly struct ShiftRightS16 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return Truncate16.Invoke(Lanes.ShiftRightSigned(SignExtend16.Invoke(a), b));
        }
    }

    /// <summary>A 16-bit unary operation.</summary>
    public readonly struct Low16Of<TOperator> : IUnary<uint>
        where TOperator : struct, IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => Truncate16.Invoke(TOperator.Invoke(SignExtend16.Invoke(a)));
    }

    /// <summary>A 16-bit multiply-add.</summary>
    public readonly struct MultiplyAdd16 : ITernary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
        {
            return Truncate16.Invoke((a * b) + c);
        }
    }

    /// <summary>A comparison of 16-bit values with a sign.</summary>
    public readonly struct CompareSigned16<TCompare> : ICompare<uint>
        where TCompare : struct, ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return TCompare.Invoke(SignExtend16.Invoke(a), SignExtend16.Invoke(b));
        }
    }

    public readonly struct Equal32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.Equals(a, b);
    }

    public readonly struct NotEqual32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => ~Vector512.Equals(a, b);
    }

    public readonly struct LessU32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThan(a, b);
    }

    public readonly struct LessS32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThan(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    public readonly struct LessEqualU32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThanOrEqual(a, b);
    }

    public readonly struct LessEqualS32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThanOrEqual(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    public readonly struct GreaterU32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.GreaterThan(a, b);
    }

    public readonly struct GreaterS32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.GreaterThan(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    public readonly struct GreaterEqualU32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.GreaterThanOrEqual(a, b);
    }

    public readonly struct GreaterEqualS32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => Vector512.GreaterThanOrEqual(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    public readonly struct Equal64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Equals(a, b);
    }

    public readonly struct NotEqual64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => ~Vector512.Equals(a, b);
    }

    public readonly struct LessU64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.LessThan(a, b);
    }

    public readonly struct LessS64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.LessThan(a.AsInt64(), b.AsInt64()).AsUInt64();
    }

    public readonly struct LessEqualU64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.LessThanOrEqual(a, b);
    }

    public readonly struct LessEqualS64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.LessThanOrEqual(a.AsInt64(), b.AsInt64()).AsUInt64();
    }

    public readonly struct GreaterU64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.GreaterThan(a, b);
    }

    public readonly struct GreaterS64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.GreaterThan(a.AsInt64(), b.AsInt64()).AsUInt64();
    }

    public readonly struct GreaterEqualU64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.GreaterThanOrEqual(a, b);
    }

    public readonly struct GreaterEqualS64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) => Vector512.GreaterThanOrEqual(a.AsInt64(), b.AsInt64()).AsUInt64();
    }
}
