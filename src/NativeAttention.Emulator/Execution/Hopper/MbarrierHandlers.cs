using System.Globalization;
using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// The mbarrier instructions. A and Imm are the address, D the state or result, B the count, bytes, state or
/// parity, C the bytes of arrive.expect_tx. Each lane acts by itself, in ascending order.
/// </summary>
internal static unsafe class MbarrierHandlers
{
    /// <summary>Bits of <see cref="Op.Aux"/> beside those of <see cref="Access"/>.</summary>
    public const int Generic = 1 << 16;
    public const int Drops = 1 << 17;
    public const int NoComplete = 1 << 18;
    public const int Parity = 1 << 19;
    public const int NoIncrement = 1 << 20;
    public const int Relaxed = 1 << 21;

    private const int ObjectBytes = 8;

    public static void Initialize(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint address = Address(w, op, lane);
            CheckPlace(w, op, lane, address);
            uint count = Lane32(w, op->B, lane);
            if (count is 0 or > Mbarrier.Maximum)
            {
                Misuse(w, op, lane, address, string.Create(CultureInfo.InvariantCulture,
                    $"an mbarrier for {count} arrivals; 1 to {Mbarrier.Maximum:N0} are allowed"));
            }
            if (w.Cta.Mbarriers.Find(address) is Mbarrier live)
            {
                Misuse(w, op, lane, address, $"{live} is initialised again without mbarrier.inval");
            }
            w.Cta.Shadow.BeginMbarrier(w, op, lane, address);
            w.Clock.Release(w.Cta.Mbarriers.Add(address, (int)count, w.Index).Initialized);
        }
    }

    public static void Invalidate(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            Mbarrier mbarrier = Find(w, op, lane);
            if (mbarrier.Sleepers != 0 || mbarrier.Bytes != 0 || w.Cta.Bulk.IsAwaitedAt(mbarrier.Address))
            {
                Misuse(w, op, lane, mbarrier.Address, $"{mbarrier} is made invalid while it is in use");
            }
            w.Cta.Mbarriers.Remove(mbarrier);
            w.Cta.Shadow.EndMbarrier(mbarrier.Address);
        }
    }

    public static void ExpectBytes(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            Mbarrier mbarrier = Find(w, op, lane);
            Check(w, op, lane, mbarrier, mbarrier.ExpectBytes(Lane32(w, op->B, lane)));
        }
    }

    public static void CompleteBytes(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            Mbarrier mbarrier = Find(w, op, lane);
            long phase = mbarrier.Phase;
            Check(w, op, lane, mbarrier, mbarrier.CompleteBytes(Lane32(w, op->B, lane)));
            WakeIfDone(w.Cta, mbarrier, phase);
        }
    }

    public static void Arrive(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            Mbarrier mbarrier = Find(w, op, lane);
            if (op->C != Op.None)
            {
                Check(w, op, lane, mbarrier, mbarrier.ExpectBytes(Lane32(w, op->C, lane)));
            }
            if (op->D != Op.None)
            {
                ((ulong*)(w.Regs + op->D))[lane] = mbarrier.State;
            }
            ArriveOnce(w, op, lane, mbarrier, op->B == Op.None ? 1 : Lane32(w, op->B, lane));
        }
    }

    /// <summary>The number of arrivals that a state says were missing.</summary>
    public static void PendingCount(Warp w, Op* op)
    {
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong state = ((ulong*)(w.Regs + op->A))[lane];
            ((uint*)(w.Regs + op->D))[lane] = (uint)Mbarrier.PendingOf(state);
        }
    }

    /// <summary>cp.async.mbarrier.arrive: an arrival of each lane once its copies so far have come.</summary>
    public static void ArriveAfterCopies(Warp w, Op* op)
    {
        w.Copies.Land(w, w.Active);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            Mbarrier mbarrier = Find(w, op, lane);
            if ((op->Aux & NoIncrement) == 0)
            {
                Check(w, op, lane, mbarrier, mbarrier.IncrementPending());
            }
            ArriveOnce(w, op, lane, mbarrier, 1);
        }
    }

    /// <summary>test_wait: answers at once.</summary>
    public static void Test(Warp w, Op* op)
    {
        uint done = Evaluate(w, op, w.Active);
        PredicateHandlers.Write(w, op->D, done);
        w.YieldRequested |= done != w.Active;
    }

    /// <summary>
    /// try_wait: moves the warp on, or lets it sleep and come here again when a phase completes or when
    /// nothing else in the block can run.
    /// </summary>
    public static void TryWait(Warp w, Op* op)
    {
        uint lanes = Worker.GuardedLanes(w, op);
        uint done = Evaluate(w, op, lanes);
        if (done == 0 && lanes != 0 && !w.HasTimedOut)
        {
            Sleep(w, op, lanes);
            return;
        }
        uint active = w.Active;
        w.Active = lanes;
        PredicateHandlers.Write(w, op->D, done);
        w.Active = active;
        w.GoOn();
        if (w.HasTimedOut)
        {
            // Perhaps it is other lanes of the same warp that have to arrive.
            w.HasTimedOut = false;
            w.Rotate();
        }
    }

    /// <summary>What a sleeping warp waits for, for reports.</summary>
    public static string Describe(Warp w)
    {
        Op* op = w.BarrierOp;
        uint lanes = Worker.GuardedLanes(w, op);
        int lane = BitOperations.TrailingZeroCount(lanes);
        Mbarrier? mbarrier = w.Cta.Mbarriers.Find(Address(w, op, lane));
        string what = (op->Aux & Parity) != 0 ? $"parity {Lane32(w, op->B, lane)}"
            : string.Create(CultureInfo.InvariantCulture,
                $"phase {Mbarrier.PhaseOf(((ulong*)(w.Regs + op->B))[lane])}");
        return $"waits for {what} of {mbarrier?.ToString() ?? "an mbarrier that is gone"}";
    }

    /// <summary>The shared address that an operand names.</summary>
    public static uint Address(Warp w, Op* op, int lane)
    {
        ulong address = LaneAddress(w, op->A, (op->Aux & Access.NarrowAddress) != 0, lane) + (ulong)op->Imm;
        return SharedAddress(w, op, lane, address, (op->Aux & Generic) != 0);
    }

    public static ulong LaneAddress(Warp w, int slot, bool isNarrow, int lane)
    {
        return slot == Op.None ? 0
            : isNarrow ? ((uint*)(w.Regs + slot))[lane] : ((ulong*)(w.Regs + slot))[lane];
    }

    /// <summary>Takes an address out of the shared window when it is a generic one.</summary>
    public static uint SharedAddress(Warp w, Op* op, int lane, ulong address, bool isGeneric)
    {
        if (isGeneric && (address & (0xFFul << 56)) != SharedLayout.SharedWindow)
        {
            Faults.Raise(w, op, EmulatorFaultKind.SharedOutOfBounds, 1u << lane, address,
                $"generic address 0x{address:x} does not point into shared memory");
        }
        address -= isGeneric ? SharedLayout.SharedWindow : 0;
        if (address > uint.MaxValue)
        {
            Faults.Raise(w, op, EmulatorFaultKind.SharedOutOfBounds, 1u << lane, address,
                $"0x{address:x} is not a shared address");
        }
        return (uint)address;
    }

    /// <summary>The live mbarrier at an address, or a report.</summary>
    public static Mbarrier Find(Warp w, Op* op, int lane, uint address)
    {
        Mbarrier? mbarrier = w.Cta.Mbarriers.Find(address);
        if (mbarrier is null)
        {
            CheckPlace(w, op, lane, address);
            Misuse(w, op, lane, address, $"there is no initialised mbarrier at 0x{address:x}");
        }
        if (!w.Clock.Known.Contains(mbarrier!.Initialized))
        {
            Misuse(w, op, lane, address,
                $"{mbarrier} is used, and no barrier orders its initialisation by warp {mbarrier.Owner} before this");
        }
        return mbarrier;
    }

    /// <summary>Bytes of an asynchronous copy arrive.</summary>
    public static void CopyArrives(Warp w, Op* op, int lane, Mbarrier mbarrier, long bytes)
    {
        long phase = mbarrier.Phase;
        Check(w, op, lane, mbarrier, mbarrier.CompleteBytes(bytes));
        WakeIfDone(w.Cta, mbarrier, phase);
    }

    private static void ArriveOnce(Warp w, Op* op, int lane, Mbarrier mbarrier, uint count)
    {
        long phase = mbarrier.Phase;
        if ((op->Aux & Relaxed) == 0)
        {
            w.Clock.Release(mbarrier.Arriving);
        }
        Check(w, op, lane, mbarrier, mbarrier.Arrive(
            count, (op->Aux & Drops) != 0, (op->Aux & NoComplete) == 0));
        WakeIfDone(w.Cta, mbarrier, phase);
    }

    private static void WakeIfDone(Cta cta, Mbarrier mbarrier, long phase)
    {
        cta.Worker.MbarrierEvents++;
        if (mbarrier.Phase == phase)
        {
            return;
        }
        for (uint rest = mbarrier.Sleepers; rest != 0; rest &= rest - 1)
        {
            Wake(cta, BitOperations.TrailingZeroCount(rest));
        }
    }

    /// <summary>Lets a sleeping warp run again.</summary>
    public static void Wake(Cta cta, int warp)
    {
        cta.Warps[warp].State = WarpState.Ready;
        foreach (Mbarrier mbarrier in cta.Mbarriers.Live)
        {
            mbarrier.Sleepers &= ~(1u << warp);
        }
    }

    private static void Sleep(Warp w, Op* op, uint lanes)
    {
        w.State = WarpState.AtMbarrier;
        w.BarrierOp = op;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            Find(w, op, BitOperations.TrailingZeroCount(rest)).Sleepers |= 1u << w.Index;
        }
    }

    /// <summary>The lanes whose wait is over. Neighbours mostly ask the same, and then get the same
    /// answer.</summary>
    private static uint Evaluate(Warp w, Op* op, uint lanes)
    {
        uint done = 0;
        (uint Address, ulong Wanted, bool IsDone)? last = null;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint address = Address(w, op, lane);
            ulong wanted = (op->Aux & Parity) != 0 ? Lane32(w, op->B, lane)
                : ((ulong*)(w.Regs + op->B))[lane];
            if (last is null || last.Value.Address != address || last.Value.Wanted != wanted)
            {
                last = (address, wanted, Evaluate(w, op, lane, Find(w, op, lane, address), wanted));
            }
            done |= last.Value.IsDone ? 1u << lane : 0;
        }
        return done;
    }

    private static bool Evaluate(Warp w, Op* op, int lane, Mbarrier mbarrier, ulong wanted)
    {
        if (!IsComplete(w, op, lane, mbarrier, wanted))
        {
            w.Cta.Bulk.Deliver(mbarrier);
            if (!IsComplete(w, op, lane, mbarrier, wanted))
            {
                return false;
            }
        }
        if ((op->Aux & Relaxed) == 0)
        {
            w.Clock.Acquire(mbarrier.Completed);
        }
        w.Cta.Bulk.Observe(mbarrier);
        return true;
    }

    private static bool IsComplete(Warp w, Op* op, int lane, Mbarrier mbarrier, ulong wanted)
    {
        if ((op->Aux & Parity) == 0)
        {
            long phase = Mbarrier.PhaseOf(wanted);
            if (phase > mbarrier.Phase || mbarrier.Phase > phase + 1)
            {
                Misuse(w, op, lane, mbarrier.Address,
                    $"the state is of phase {phase}, neither the current nor the last phase of {mbarrier}");
            }
            return mbarrier.Phase > phase;
        }
        if (wanted > 1)
        {
            Misuse(w, op, lane, mbarrier.Address, $"a parity of {wanted}; 0 or 1 is allowed");
        }
        // Of the last two phases both parities are there, so a warp that cannot know that the one before the
        // last is complete cannot tell what the answer means.
        if (mbarrier.Phase >= 2 && !w.Clock.Known.Contains(mbarrier.CompletedBefore))
        {
            Misuse(w, op, lane, mbarrier.Address,
                $"the wait for parity {wanted} is ambiguous: the warp is more than one phase behind {mbarrier}");
        }
        return ((ulong)mbarrier.Phase & 1) != wanted;
    }

    private static Mbarrier Find(Warp w, Op* op, int lane) => Find(w, op, lane, Address(w, op, lane));

    private static uint Lane32(Warp w, int slot, int lane) => ((uint*)(w.Regs + slot))[lane];

    private static void CheckPlace(Warp w, Op* op, int lane, uint address) =>
        SharedShadow.CheckRange(w, op, lane, address, ObjectBytes, ObjectBytes);

    private static void Check(Warp w, Op* op, int lane, Mbarrier mbarrier, string? problem)
    {
        if (problem is not null)
        {
            Misuse(w, op, lane, mbarrier.Address, problem);
        }
    }

    private static void Misuse(Warp w, Op* op, int lane, uint address, string message)
    {
        Faults.Raise(w, op, EmulatorFaultKind.MbarrierMisuse, 1u << lane, address, message);
    }
}
