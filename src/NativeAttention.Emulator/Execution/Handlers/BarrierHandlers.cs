using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>CTA barriers and the end of warps. A: barrier number, B: thread count or none; Aux says which
/// operation.</summary>
internal static unsafe class BarrierHandlers
{
    public const int Sync = 0;
    public const int ArriveOnly = 1;
    public const int ReducePopc = 2;
    public const int ReduceAnd = 3;
    public const int ReduceOr = 4;
    public const int KindMask = 7;

    /// <summary>All live lanes must arrive together.</summary>
    public const int Aligned = 8;

    /// <summary>The predicate of a reduction (C) is negated.</summary>
    public const int Negated = 16;

    /// <summary>Lets a warp arrive; true when it has to wait.</summary>
    public static bool Arrive(Warp w, Op* op)
    {
        uint lanes = Worker.GuardedLanes(w, op);
        if (lanes == 0)
        {
            return false;
        }
        if (lanes != w.Live)
        {
            string form = (op->Aux & Aligned) != 0 ? ""
                : ", and lanes that come apart are not supported at a barrier without .aligned either";
            Faults.Raise(w, op, EmulatorFaultKind.DivergentInstruction, lanes, null,
                string.Create(CultureInfo.InvariantCulture,
                $"the barrier is reached by lanes 0x{lanes:x8} only; lanes 0x{w.Live:x8} of the warp are live{form}"));
        }
        Cta cta = w.Cta;
        int id = Uniform(w, op, op->A, "barrier number");
        if ((uint)id > 15)
        {
            Faults.Raise(w, op, EmulatorFaultKind.BarrierMisuse, lanes, null,
                $"barrier {id}; there are barriers 0 to 15");
        }
        int kind = op->Aux & KindMask;
        BarrierState barrier = cta.Barriers[id];
        Expect(w, op, barrier, id, kind);
        barrier.Arrived += 32;
        w.Clock.Release(barrier.Arrivals);
        barrier.Published = RemoteKnowledge.Merge(barrier.Published, w.Clock.Published);
        w.Worker.BarrierArrivals++;
        if (kind >= ReducePopc)
        {
            uint predicate = *(uint*)(w.Regs + op->C);
            predicate = (op->Aux & Negated) != 0 ? ~predicate : predicate;
            barrier.Votes += BitOperations.PopCount(predicate & lanes);
            barrier.Voters += BitOperations.PopCount(lanes);
        }
        bool waits = kind != ArriveOnly;
        if (waits)
        {
            barrier.Waiting |= 1u << w.Index;
            (w.State, w.Barrier) = (WarpState.AtBarrier, id);
            w.BarrierOp = op;
        }
        if (barrier.Arrived >= barrier.Expected)
        {
            Complete(cta, barrier);
            return false;
        }
        return waits;
    }

    /// <summary>Books a warp that has no live lane left.</summary>
    public static void WarpExited(Warp w)
    {
        Cta cta = w.Cta;
        w.State = WarpState.Exited;
        cta.ExitedWarps++;
        cta.Cluster.CompleteIfAll(cta);
        if (!w.Copies.IsEmpty)
        {
            AsyncCopy* copy = w.Copies.First;
            Faults.Raise(w, copy->Op, EmulatorFaultKind.AsyncCopyNotWaited, copy->Pending,
                copy->Destination[0],
                "the warp ends while this copy to shared memory has not been waited for");
        }
        w.Products.CheckEnd(w);
        foreach (BarrierState barrier in cta.Barriers)
        {
            if (barrier.Waiting != 0 && !barrier.HasCount)
            {
                Warp waiting = cta.Warps[BitOperations.TrailingZeroCount(barrier.Waiting)];
                Faults.Raise(waiting, waiting.BarrierOp, EmulatorFaultKind.BarrierMisuse, waiting.Live, null,
                    $"warp {w.Index} ends while warp {waiting.Index} waits for the whole block at barrier {waiting.Barrier}");
            }
        }
    }

    private static void Expect(Warp w, Op* op, BarrierState barrier, int id, int kind)
    {
        Cta cta = w.Cta;
        bool hasCount = op->B != Op.None;
        int expected = hasCount ? Uniform(w, op, op->B, "thread count") : cta.WarpCount * 32;
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (expected <= 0 || expected % 32 != 0 || expected > cta.WarpCount * 32)
        {
            Misuse(w, op, string.Create(culture,
                $"barrier {id} for {expected} threads: a multiple of 32 up to the block's {cta.WarpCount * 32} is allowed"));
        }
        if (!hasCount && cta.ExitedWarps > 0)
        {
            Misuse(w, op, string.Create(culture,
                $"the warp waits for the whole block at barrier {id} after {cta.ExitedWarps} of its {cta.WarpCount} warps have ended"));
        }
        bool isReduction = kind >= ReducePopc;
        if (barrier.Expected != 0 && (barrier.Expected != expected || barrier.IsReduction != isReduction))
        {
            Misuse(w, op, string.Create(culture,
                $"barrier {id} for {expected} threads{(isReduction ? " as a reduction" : "")}, while the first warp of this phase came for {barrier.Expected}{(barrier.IsReduction ? " as a reduction" : "")}"));
        }
        if ((barrier.Waiting >> w.Index & 1) != 0)
        {
            Misuse(w, op, string.Create(culture, $"the warp already waits at barrier {id}"));
        }
        (barrier.Expected, barrier.HasCount, barrier.IsReduction) = (expected, hasCount, isReduction);
    }

    private static void Misuse(Warp w, Op* op, string message)
    {
        Faults.Raise(w, op, EmulatorFaultKind.BarrierMisuse, w.Active, null, message);
    }

    private static void Complete(Cta cta, BarrierState barrier)
    {
        for (uint rest = barrier.Waiting; rest != 0; rest &= rest - 1)
        {
            Warp w = cta.Warps[BitOperations.TrailingZeroCount(rest)];
            w.State = WarpState.Ready;
            w.Clock.Acquire(barrier.Arrivals);
            w.Clock.ShareFences(barrier.Published);
            DeliverReduction(w, w.BarrierOp, barrier);
        }
        barrier.Reset();
    }

    private static void DeliverReduction(Warp w, Op* op, BarrierState barrier)
    {
        int kind = op->Aux & KindMask;
        if (kind < ReducePopc)
        {
            return;
        }
        if (kind == ReducePopc)
        {
            uint* d = (uint*)(w.Regs + op->D);
            for (uint rest = w.Active; rest != 0; rest &= rest - 1)
            {
                d[BitOperations.TrailingZeroCount(rest)] = (uint)barrier.Votes;
            }
            return;
        }
        bool result = kind == ReduceAnd ? barrier.Votes == barrier.Voters : barrier.Votes > 0;
        PredicateHandlers.Write(w, op->D, result ? uint.MaxValue : 0);
    }

    /// <summary>The value of an operand that all lanes must agree on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Uniform(Warp w, Op* op, int offset, string what)
    {
        uint* lanes = (uint*)(w.Regs + offset);
        uint first = lanes[BitOperations.TrailingZeroCount(w.Active)];
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            if (lanes[BitOperations.TrailingZeroCount(rest)] != first)
            {
                Misuse(w, op, $"the lanes of the warp disagree on the {what}");
            }
        }
        return (int)first;
    }
}
