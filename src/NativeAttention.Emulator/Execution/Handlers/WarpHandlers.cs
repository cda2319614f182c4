using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>Operations among the lanes of a warp.</summary>
internal static unsafe class WarpHandlers
{
    public const int Up = 0;
    public const int Down = 1;
    public const int Butterfly = 2;
    public const int Index = 3;

    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>
    /// shfl.sync: D, A (value), B (lane), C (segment and clamp), List[0] the member mask; Slot is the
    /// predicate destination or none. An Imm of n + 1 says that all operands are constants which make this an
    /// exchange with lane ^ n.
    /// </summary>
    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Shuffle(Warp w, Op* op)
    {
        CheckMembers(w, op, op->List[0]);
        if (op->Imm != 0 && w.Active == Lanes.All && op->Slot == Op.None)
        {
            Exchange(w, op, (int)op->Imm - 1);
            return;
        }
        uint* a = (uint*)(w.Regs + op->A);
        uint* b = (uint*)(w.Regs + op->B);
        uint* c = (uint*)(w.Regs + op->C);
        uint* results = stackalloc uint[32];
        uint inRange = 0;
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            bool isInside = Source(op->Aux, lane, (int)b[lane] & 31, c[lane], out int source);
            inRange |= isInside ? 1u << lane : 0;
            source = isInside ? source : lane;
            if ((w.Active >> source & 1) == 0)
            {
                Faults.Raise(w, op, EmulatorFaultKind.MemberMask, 1u << lane, null, string.Create(
                    CultureInfo.InvariantCulture,
                    $"lane {lane} reads lane {source}, which does not take part"));
            }
            results[lane] = a[source];
        }
        if (op->D != Op.None)
        {
            Lanes.Store(w.Regs + op->D, 0, Vector512.Load(results), w.Active);
            Lanes.Store(w.Regs + op->D, 1, Vector512.Load(results + 16), w.Active);
        }
        if (op->Slot != Op.None)
        {
            PredicateHandlers.Write(w, op->Slot, inRange);
        }
    }

    /// <summary>vote.sync: Aux 0 all, 1 any, 2 uni, 3 ballot; A is the predicate, Imm bit 0 its negation,
    /// List[0] the mask.</summary>
    [MethodImpl(Hot)]
    public static void Vote(Warp w, Op* op)
    {
        CheckMembers(w, op, op->List[0]);
        uint predicate = *(uint*)(w.Regs + op->A);
        predicate = ((op->Imm & 1) != 0 ? ~predicate : predicate) & w.Active;
        switch (op->Aux)
        {
            case 0:
                PredicateHandlers.Write(w, op->D, predicate == w.Active ? uint.MaxValue : 0);
                break;
            case 1:
                PredicateHandlers.Write(w, op->D, predicate != 0 ? uint.MaxValue : 0);
                break;
            case 2:
                PredicateHandlers.Write(w, op->D, predicate == 0
                    || predicate == w.Active ? uint.MaxValue : 0);
                break;
            default:
                Broadcast(w, op->D, predicate);
                break;
        }
    }

    /// <summary>match.sync: Aux bit 0: all (else any); bit 1: 64-bit values. Slot: predicate of match.all or
    /// none.</summary>
    public static void Match(Warp w, Op* op)
    {
        CheckMembers(w, op, op->List[0]);
        bool isWide = (op->Aux & 2) != 0;
        uint* d = (uint*)(w.Regs + op->D);
        uint* results = stackalloc uint[32];
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            results[lane] = 0;
            for (uint others = w.Active; others != 0; others &= others - 1)
            {
                int other = BitOperations.TrailingZeroCount(others);
                bool isEqual = isWide ? ((ulong*)(w.Regs + op->A))[lane] == ((ulong*)(w.Regs + op->A))[other]
                    : ((uint*)(w.Regs + op->A))[lane] == ((uint*)(w.Regs + op->A))[other];
                results[lane] |= isEqual ? 1u << other : 0;
            }
        }
        bool all = results[BitOperations.TrailingZeroCount(w.Active)] == w.Active;
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            d[lane] = (op->Aux & 1) == 0 ? results[lane] : all ? w.Active : 0;
        }
        if (op->Slot != Op.None)
        {
            PredicateHandlers.Write(w, op->Slot, all ? uint.MaxValue : 0);
        }
    }

    /// <summary>redux.sync: Aux is the <see cref="AtomicOperation"/>.</summary>
    public static void Reduce(Warp w, Op* op)
    {
        CheckMembers(w, op, op->List[0]);
        uint* a = (uint*)(w.Regs + op->A);
        uint result = a[BitOperations.TrailingZeroCount(w.Active)];
        for (uint rest = w.Active & (w.Active - 1); rest != 0; rest &= rest - 1)
        {
            uint value = a[BitOperations.TrailingZeroCount(rest)];
            result = (AtomicOperation)op->Aux switch
            {
                AtomicOperation.Add => result + value,
                AtomicOperation.MinUnsigned => Math.Min(result, value),
                AtomicOperation.MaxUnsigned => Math.Max(result, value),
                AtomicOperation.MinSigned => (uint)Math.Min((int)result, (int)value),
                AtomicOperation.MaxSigned => (uint)Math.Max((int)result, (int)value),
                AtomicOperation.And => result & value,
                AtomicOperation.Or => result | value,
                _ => result ^ value,
            };
        }
        Broadcast(w, op->D, result);
    }

    public static void ActiveMask(Warp w, Op* op) => Broadcast(w, op->D, w.Active);

    /// <summary>elect.sync: D takes the lowest lane of the members, Slot is true for it alone.</summary>
    public static void Elect(Warp w, Op* op)
    {
        CheckMembers(w, op, op->List[0]);
        int leader = BitOperations.TrailingZeroCount(w.Active);
        if (op->D != Op.None)
        {
            Broadcast(w, op->D, (uint)leader);
        }
        if (op->Slot != Op.None)
        {
            PredicateHandlers.Write(w, op->Slot, 1u << leader);
        }
    }

    /// <summary>bar.warp.sync: nothing to do but to check that the named lanes are here.</summary>
    public static void Synchronize(Warp w, Op* op)
    {
        CheckMembers(w, op, op->List[0]);
        if (w.Cta.Lanes is not null)
        {
            w.Clock.Advance();
        }
    }

    /// <summary>%clock and %clock64 count the instructions of the warp.</summary>
    public static void Clock(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (op->Aux != 0)
            {
                ((ulong*)(w.Regs + op->D))[lane] = (ulong)w.Executed;
            }
            else
            {
                ((uint*)(w.Regs + op->D))[lane] = (uint)w.Executed;
            }
        }
    }

    public static void Trap(Warp w, Op* op)
    {
        Faults.Raise(w, op, EmulatorFaultKind.Trap, w.Active, null, "the kernel executed trap");
    }

    /// <summary>What is left behind all targets of a branch table.</summary>
    public static void BadIndex(Warp w, Op* op)
    {
        Faults.Raise(w, op, EmulatorFaultKind.Trap, w.Active, null, "the index is behind the end of .branchtargets");
    }

    /// <summary>isspacep: Imm is the window asked for.</summary>
    public static void IsSpace(Warp w, Op* op)
    {
        ulong* a = (ulong*)(w.Regs + op->A);
        uint result = 0;
        for (int lane = 0; lane < 32; lane++)
        {
            result |= (a[lane] & (0xFFul << 56)) == (ulong)op->Imm ? 1u << lane : 0;
        }
        PredicateHandlers.Write(w, op->D, result);
    }

    /// <summary>bfi: C is the position, List[0] the length, Aux the width.</summary>
    public static void InsertBits(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            int position = (int)((uint*)(w.Regs + op->C))[lane] & 0xFF;
            int length = (int)((uint*)(w.Regs + op->List[0]))[lane] & 0xFF;
            if (op->Aux == 64)
            {
                ((ulong*)(w.Regs + op->D))[lane] = Scalars.InsertBits(
                    ((ulong*)(w.Regs + op->A))[lane], ((ulong*)(w.Regs + op->B))[lane], position, length, 64);
            }
            else
            {
                ((uint*)(w.Regs + op->D))[lane] = (uint)Scalars.InsertBits(
                    ((uint*)(w.Regs + op->A))[lane], ((uint*)(w.Regs + op->B))[lane], position, length, 32);
            }
        }
    }

    /// <summary>mov.b64 {a,b,c,d} of 16-bit lanes in either direction. Aux 0: pack into D; 1: unpack
    /// A.</summary>
    public static void FourHalves(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong value = op->Aux == 0 ? 0 : ((ulong*)(w.Regs + op->A))[lane];
            for (int i = 0; i < 4; i++)
            {
                if (op->List[i] == Op.None)
                {
                    continue;
                }
                uint* half = (uint*)(w.Regs + op->List[i]) + lane;
                if (op->Aux == 0)
                {
                    value |= (ulong)*half << (i * 16);
                }
                else
                {
                    *half = (ushort)(value >> (i * 16));
                }
            }
            if (op->Aux == 0)
            {
                ((ulong*)(w.Regs + op->D))[lane] = value;
            }
        }
    }

    /// <summary>Checks a member mask: it must name exactly the lanes that are here, or exited ones may be
    /// missing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CheckMembers(Warp w, Op* op, int maskOffset)
    {
        uint* masks = (uint*)(w.Regs + maskOffset);
        uint mask = masks[BitOperations.TrailingZeroCount(w.Active)];
        if (mask != w.Active)
        {
            CheckMembersSlowly(w, op, masks, mask);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CheckMembersSlowly(Warp w, Op* op, uint* masks, uint mask)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if ((masks[lane] >> lane & 1) == 0)
            {
                Faults.Raise(w, op, EmulatorFaultKind.MemberMask, 1u << lane, null,
                    string.Create(culture,
                        $"lane {lane} executes with member mask 0x{masks[lane]:x8}, which does not name it"));
            }
        }
        uint missing = mask & ~w.Active;
        if (missing != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.MemberMask, missing, null, string.Create(culture,
                $"member mask 0x{mask:x8} names lanes 0x{missing:x8}, which are not at this instruction (active: 0x{w.Active:x8})"));
        }
        if ((w.Active & ~mask) != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.MemberMask, w.Active & ~mask, null,
                string.Create(culture,
                    $"the lanes at this instruction give different member masks, among them 0x{mask:x8}"));
        }
    }

    private static bool Source(int mode, int lane, int b, uint c, out int source)
    {
        int segment = (int)(c >> 8) & 31;
        int clamp = (int)c & 31;
        int maximum = (lane & segment) | (clamp & ~segment);
        int minimum = lane & segment;
        source = mode switch
        {
            Up => lane - b,
            Down => lane + b,
            Butterfly => lane ^ b,
            _ => minimum | (b & ~segment & 31),
        };
        return mode == Up ? source >= maximum : source <= maximum;
    }

    /// <summary>Exchanges lanes whose numbers differ in the bits of <paramref name="n"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange(Warp w, Op* op, int n)
    {
        Vector512<uint> low = Lanes.Load<uint>(w.Regs + op->A, 0);
        Vector512<uint> high = Lanes.Load<uint>(w.Regs + op->A, 1);
        if ((n & 16) != 0)
        {
            (low, high) = (high, low);
        }
        if ((n & 15) != 0)
        {
            Vector512<uint> indices = Vector512<uint>.Indices ^ Vector512.Create((uint)n & 15);
            low = Vector512.Shuffle(low, indices);
            high = Vector512.Shuffle(high, indices);
        }
        low.Store((uint*)(w.Regs + op->D));
        high.Store((uint*)(w.Regs + op->D) + 16);
    }

    private static void Broadcast(Warp w, int offset, uint value)
    {
        Vector512<uint> all = Vector512.Create(value);
        Lanes.Store(w.Regs + offset, 0, all, w.Active);
        Lanes.Store(w.Regs + offset, 1, all, w.Active);
    }
}
