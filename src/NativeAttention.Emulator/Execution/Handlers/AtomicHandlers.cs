using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>The operations of atom and red.</summary>
internal enum AtomicOperation
{
    Add,
    MinUnsigned,
    MaxUnsigned,
    MinSigned,
    MaxSigned,
    And,
    Or,
    Xor,
    Exchange,
    CompareAndSwap,
    Increment,
    Decrement,
    AddFloat,
    AddDouble,
    AddHalfPair,
    AddBFloatPair,
    AddHalf,
    AddBFloat,
}

/// <summary>
/// Atomic operations, lane by lane in ascending order. On global memory they are interlocked, since other
/// threads may run other blocks; shared memory belongs to one thread.
/// </summary>
internal static unsafe class AtomicHandlers
{
    /// <summary>D: old value or none; A: address; B: operand; C: second operand of cas.
    /// <see cref="Op.List"/>[0] holds the operation.</summary>
    [SkipLocalsInit]
    public static void Global(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        GlobalAt(w, op, addresses);
    }

    /// <summary>Vector forms: atomic element by element. The operand registers, then those of the old values, follow the
    /// operation in the list.</summary>
    [SkipLocalsInit]
    public static void GlobalVector(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        int bytes = Access.Bytes(op->Aux);
        int count = Access.Count(op->Aux);
        GlobalHandlers.CheckRead(w, op, addresses, bytes, w.Active);
        w.Worker.GlobalBytesRead += (long)bytes * BitOperations.PopCount(w.Active);
        for (int i = 0; i < count; i++)
        {
            int old = op->D == Op.None ? Op.None : op->List[1 + count + i];
            ApplyToFlags(w, op, addresses, op->List[1 + i], old);
            for (int lane = 0; lane < 32; lane++)
            {
                addresses[lane] += (ulong)Access.ElementBytes(op->Aux);
            }
        }
        w.YieldRequested = true;
    }

    [SkipLocalsInit]
    public static void Shared(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        SharedAt(w, op, addresses);
    }

    [SkipLocalsInit]
    public static void Generic(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        uint all = w.Active;
        for (uint rest = all; rest != 0;)
        {
            LaneMemory.Addresses(w, op, addresses);
            uint lanes = SmallSpaceHandlers.SameWindow(addresses, rest, out ulong window);
            w.Active = lanes;
            for (int lane = 0; lane < 32; lane++)
            {
                addresses[lane] -= window;
            }
            switch (window)
            {
                case 0:
                    GlobalAt(w, op, addresses);
                    break;
                case SharedLayout.SharedWindow:
                    SharedAt(w, op, addresses);
                    break;
                default:
                    Faults.Raise(w, op, EmulatorFaultKind.GlobalOutOfBounds, lanes, null,
                        "an atomic on local or parameter memory");
                    break;
            }
            rest &= ~lanes;
        }
        w.Active = all;
    }

    /// <summary>One operation on an element of global memory, for bulk reductions.</summary>
    public static void Reduce(AtomicOperation operation, ulong target, int bytes, byte* value)
    {
        switch (bytes)
        {
            case 8:
                Update64(operation, ref *(ulong*)target, *(ulong*)value, 0);
                break;
            case 4:
                Update32(operation, ref *(uint*)target, *(uint*)value, 0, isShared: false);
                break;
            default:
                Update16(operation, (ushort*)target, *(ushort*)value, 0);
                break;
        }
    }

    private static void GlobalAt(Warp w, Op* op, ulong* addresses)
    {
        int bytes = Access.ElementBytes(op->Aux);
        GlobalHandlers.CheckRead(w, op, addresses, bytes, w.Active);
        w.Worker.GlobalBytesRead += (long)bytes * BitOperations.PopCount(w.Active);
        ApplyToFlags(w, op, addresses, op->B, op->D);
        w.YieldRequested = true;
    }

    /// <summary>What the operation observes and publishes belongs to its change of memory.</summary>
    private static void ApplyToFlags(Warp w, Op* op, ulong* addresses, int operand, int result)
    {
        GlobalShadow? shadow = w.Worker.GlobalShadow;
        if (shadow is null)
        {
            Apply(w, op, addresses, operand, result, isShared: false);
            return;
        }
        using GlobalShadow.Turn turn = new(shadow, w);
        shadow.Write(w, op, addresses, Access.ElementBytes(op->Aux), w.Active, w.Clock.Tag, op->Aux);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            shadow.UpdateFlag(w, addresses[BitOperations.TrailingZeroCount(rest)], Access.FlagOrder(op->Aux));
        }
        Apply(w, op, addresses, operand, result, isShared: false);
    }

    private static void SharedAt(Warp w, Op* op, ulong* addresses)
    {
        int bytes = Access.ElementBytes(op->Aux);
        SharedHandlers.CheckBounds(w, op, addresses, bytes, bytes, w.Active);
        w.Cta.Shadow.Write(w, op, addresses, bytes, w.Active, w.Clock.Tag | EventTag.Strong, isAtomic: true);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            w.Cta.Flags.Update(w, addresses[BitOperations.TrailingZeroCount(rest)], Access.FlagOrder(op->Aux));
        }
        SharedHandlers.MakePointers(w, addresses);
        Apply(w, op, addresses, op->B, op->D, isShared: true);
        w.YieldRequested = true;
    }

    private static void Apply(Warp w, Op* op, ulong* pointers, int operand, int result, bool isShared)
    {
        AtomicOperation operation = (AtomicOperation)op->List[0];
        int bytes = Access.ElementBytes(op->Aux);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong b = Operand(w, operand, lane, bytes);
            ulong c = op->C == Op.None ? 0 : Operand(w, op->C, lane, bytes);
            ulong old = bytes switch
            {
                8 => Update64(operation, ref *(ulong*)pointers[lane], b, c),
                4 => Update32(operation, ref *(uint*)pointers[lane], (uint)b, (uint)c, isShared),
                _ => Update16(operation, (ushort*)pointers[lane], (ushort)b, (ushort)c),
            };
            bool isChanged = LaneMemory.Fetch(pointers[lane], bytes) != old;
            _ = isShared ? w.Worker.SharedBytesWritten += isChanged ? bytes : 0
                : w.Worker.GlobalBytesWritten += isChanged ? bytes : 0;
            if (result != Op.None)
            {
                Deliver(w, result, lane, bytes, old);
            }
        }
    }

    private static ulong Operand(Warp w, int offset, int lane, int bytes)
    {
        return bytes == 8 ? ((ulong*)(w.Regs + offset))[lane] : ((uint*)(w.Regs + offset))[lane];
    }

    private static void Deliver(Warp w, int offset, int lane, int bytes, ulong value)
    {
        if (bytes == 8)
        {
            ((ulong*)(w.Regs + offset))[lane] = value;
        }
        else
        {
            ((uint*)(w.Regs + offset))[lane] = (uint)value;
        }
    }

    private static ulong Update64(AtomicOperation operation, ref ulong target, ulong b, ulong c)
    {
        while (true)
        {
            ulong old = Volatile.Read(ref target);
            ulong next = operation switch
            {
                AtomicOperation.Add => old + b,
                AtomicOperation.MinUnsigned => Math.Min(old, b),
                AtomicOperation.MaxUnsigned => Math.Max(old, b),
                AtomicOperation.MinSigned => (ulong)Math.Min((long)old, (long)b),
                AtomicOperation.MaxSigned => (ulong)Math.Max((long)old, (long)b),
                AtomicOperation.And => old & b,
                AtomicOperation.Or => old | b,
                AtomicOperation.Xor => old ^ b,
                AtomicOperation.CompareAndSwap => old == b ? c : old,
                AtomicOperation.AddDouble => AddDouble(old, b),
                _ => b,
            };
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    private static uint Update32(AtomicOperation operation, ref uint target, uint b, uint c, bool isShared)
    {
        while (true)
        {
            uint old = Volatile.Read(ref target);
            uint next = operation switch
            {
                AtomicOperation.Add => old + b,
                AtomicOperation.MinUnsigned => Math.Min(old, b),
                AtomicOperation.MaxUnsigned => Math.Max(old, b),
                AtomicOperation.MinSigned => (uint)Math.Min((int)old, (int)b),
                AtomicOperation.MaxSigned => (uint)Math.Max((int)old, (int)b),
                AtomicOperation.And => old & b,
                AtomicOperation.Or => old | b,
                AtomicOperation.Xor => old ^ b,
                AtomicOperation.CompareAndSwap => old == b ? c : old,
                AtomicOperation.Increment => old >= b ? 0 : old + 1,
                AtomicOperation.Decrement => old == 0 || old > b ? b : old - 1,
                AtomicOperation.AddFloat => AddFloat(old, b, isShared),
                AtomicOperation.AddHalfPair => AddPair(old, b, isBFloat: false),
                AtomicOperation.AddBFloatPair => AddPair(old, b, isBFloat: true),
                _ => b,
            };
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>On global memory the addition flushes subnormal numbers, on shared memory it keeps
    /// them.</summary>
    private static uint AddFloat(uint a, uint b, bool isShared)
    {
        float sum = Flush(BitConverter.UInt32BitsToSingle(a), isShared)
            + Flush(BitConverter.UInt32BitsToSingle(b), isShared);
        return float.IsNaN(sum) ? FloatOperators.CanonicalNaN
            : BitConverter.SingleToUInt32Bits(Flush(sum, isShared));
    }

    private static ulong AddDouble(ulong a, ulong b)
    {
        double sum = BitConverter.UInt64BitsToDouble(a) + BitConverter.UInt64BitsToDouble(b);
        return double.IsNaN(sum) ? FloatOperators.CanonicalNaN64 : BitConverter.DoubleToUInt64Bits(sum);
    }

    private static float Flush(float value, bool isShared)
    {
        return !isShared && float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;
    }

    private static uint AddPair(uint a, uint b, bool isBFloat)
    {
        return AddSmall((ushort)a, (ushort)b, isBFloat)
            | ((uint)AddSmall((ushort)(a >> 16), (ushort)(b >> 16), isBFloat) << 16);
    }

    private static ushort AddSmall(ushort a, ushort b, bool isBFloat)
    {
        return SmallFloats.Narrow(SmallFloats.Widen(a, isBFloat) + SmallFloats.Widen(b, isBFloat), isBFloat);
    }

    /// <summary>16-bit atomics work on the 32-bit word that holds the value.</summary>
    private static uint Update16(AtomicOperation operation, ushort* target, ushort b, ushort c)
    {
        int shift = ((int)(nint)target & 2) * 8;
        ref uint word = ref *(uint*)((nint)target & ~3);
        while (true)
        {
            uint old = Volatile.Read(ref word);
            ushort value = (ushort)(old >> shift);
            ushort next = operation == AtomicOperation.CompareAndSwap ? value == b ? c : value
                : AddSmall(value, b, operation == AtomicOperation.AddBFloat);
            uint changed = (old & ~(0xFFFFu << shift)) | ((uint)next << shift);
            if (Interlocked.CompareExchange(ref word, changed, old) == old)
            {
                return value;
            }
        }
    }
}
