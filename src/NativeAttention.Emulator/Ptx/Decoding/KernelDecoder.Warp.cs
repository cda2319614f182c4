using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>Matrix products, operations among lanes, barriers and control flow.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeMma()
    {
        // .. shape, row, col, [satfinite,] d, a, b, c.
        PtxType d = PtxTypes.Parse(_parts[^4]);
        PtxType a = PtxTypes.Parse(_parts[^3]);
        PtxType b = PtxTypes.Parse(_parts[^2]);
        int depth = int.Parse(_parts[3].AsSpan(_parts[3].IndexOf('k', StringComparison.Ordinal) + 1),
            CultureInfo.InvariantCulture);
        int steps = depth * (a == PtxType.TF32 ? 4 : a.Bytes()) / 16;
        DemandCount(4);
        bool isHalf = d == PtxType.F16;
        PtxType accumulator = isHalf ? PtxType.B32 : d;
        int accumulators = isHalf ? 2 : 4;
        int[] cs = Fragment(3, accumulator, accumulators, isDestination: false);
        int[] aSlots = Fragment(1, PtxType.B32, steps * 2, isDestination: false);
        int[] bSlots = Fragment(2, PtxType.B32, steps, isDestination: false);
        int[] ds = Fragment(0, accumulator, accumulators, isDestination: true);
        BeginList();
        AddPadded(ds, 4);
        AddPadded(aSlots, 4);
        AddPadded(bSlots, 2);
        AddPadded(cs, 4);
        _op.Aux = steps | (isHalf ? MmaHandlers.HalfAccumulators : 0) | (Has("satfinite") ? MmaHandlers.Saturates : 0);
        _flop = 2 * 16 * 8 * depth;
        _op.Handler = (a, b) switch
        {
            (PtxType.F16, _) => &MmaHandlers.Multiply<MmaHandlers.HalfElement>,
            (PtxType.BF16, _) => &MmaHandlers.Multiply<MmaHandlers.BFloatElement>,
            (PtxType.TF32, _) => &MmaHandlers.Multiply<MmaHandlers.Tf32Element>,
            (PtxType.E4M3, PtxType.E4M3) => &MmaHandlers.MultiplyPlain<MmaHandlers.E4M3Element, MmaHandlers.E4M3Element>,
            (PtxType.E4M3, _) => &MmaHandlers.MultiplyPlain<MmaHandlers.E4M3Element, MmaHandlers.E5M2Element>,
            (PtxType.E5M2, PtxType.E4M3) => &MmaHandlers.MultiplyPlain<MmaHandlers.E5M2Element, MmaHandlers.E4M3Element>,
            (PtxType.E5M2, _) => &MmaHandlers.MultiplyPlain<MmaHandlers.E5M2Element, MmaHandlers.E5M2Element>,
            (PtxType.S8, PtxType.S8) => &MmaHandlers.MultiplyIntegers<MmaHandlers.S8Element, MmaHandlers.S8Element>,
            (PtxType.S8, _) => &MmaHandlers.MultiplyIntegers<MmaHandlers.S8Element, MmaHandlers.U8Element>,
            (_, PtxType.S8) => &MmaHandlers.MultiplyIntegers<MmaHandlers.U8Element, MmaHandlers.S8Element>,
            _ => &MmaHandlers.MultiplyIntegers<MmaHandlers.U8Element, MmaHandlers.U8Element>,
        };
    }

    private void DecodeMoveMatrix() => _op.Handler = &MatrixLoadHandlers.Move;

    private int[] Fragment(int index, PtxType type, int count, bool isDestination)
    {
        PtxOperand operand = Operand(index);
        PtxOperand[] elements = operand.Kind == PtxOperandKind.Vector ? operand.Elements : [operand];
        if (elements.Length != count)
        {
            throw Error($"{count} registers are expected, not {elements.Length}");
        }
        int[] slots = new int[count];
        for (int i = 0; i < count; i++)
        {
            slots[i] = isDestination ? Destination(elements[i], type) : Source(elements[i], type);
            if (slots[i] == Op.None)
            {
                throw Unsupported("'_' in a fragment");
            }
        }
        return slots;
    }

    private void AddPadded(int[] slots, int count)
    {
        for (int i = 0; i < count; i++)
        {
            AddToList(i < slots.Length ? slots[i] : slots[0]);
        }
    }

    private void SetMembers(int index)
    {
        int slot = Source(index, PtxType.B32);
        BeginList();
        AddToList(slot);
    }

    private void DecodeShuffle()
    {
        DemandCount(5);
        _op.Aux = _parts[2] switch
        {
            "up" => WarpHandlers.Up,
            "down" => WarpHandlers.Down,
            "bfly" => WarpHandlers.Butterfly,
            _ => WarpHandlers.Index,
        };
        _op.A = Source(1, PtxType.B32);
        _op.B = Source(2, PtxType.B32);
        _op.C = Source(3, PtxType.B32);
        SetMembers(4);
        SetPairOrResult(PtxType.B32);
        bool isExchange = _op.Aux == WarpHandlers.Butterfly && Operand(2).Kind == PtxOperandKind.Integer
            && Operand(3) is { Kind: PtxOperandKind.Integer, Bits: 31 };
        _op.Imm = isExchange ? (long)(Operand(2).Bits & 31) + 1 : 0;
        _op.Handler = &WarpHandlers.Shuffle;
    }

    /// <summary>A destination d, or d|p with a predicate in Slot.</summary>
    private void SetPairOrResult(PtxType type)
    {
        PtxOperand d = Operand(0);
        bool isPair = d.Kind == PtxOperandKind.Pair;
        _op.D = isPair ? Destination(d.Elements[0], type) : Result(0, type);
        _op.Slot = isPair ? Destination(d.Elements[1], PtxType.Pred) : Op.None;
    }

    private void DecodeVote()
    {
        DemandCount(3);
        _op.Aux = _parts[2] switch { "all" => 0, "any" => 1, "uni" => 2, _ => 3 };
        _op.A = PredicateOrConstant(1, out bool isNegated);
        _op.Imm = isNegated ? 1 : 0;
        SetMembers(2);
        _op.D = Result(0, _t);
        _op.Handler = &WarpHandlers.Vote;
    }

    private void DecodeMatch()
    {
        DemandCount(3);
        bool isAll = Has("all");
        if (!isAll && Operand(0).Kind == PtxOperandKind.Pair)
        {
            throw Error("match.any has no predicate");
        }
        _op.A = Source(1, _t);
        SetMembers(2);
        SetPairOrResult(PtxType.B32);
        if (_op.D == Op.None)
        {
            throw Unsupported("'_' as the mask");
        }
        _op.Aux = (isAll ? 1 : 0) | (_t == PtxType.B64 ? 2 : 0);
        _op.Handler = &WarpHandlers.Match;
    }

    private void DecodeReduce()
    {
        DemandCount(3);
        _op.Aux = (int)AtomicOf(_parts[2], _t);
        _op.A = Source(1, _t);
        SetMembers(2);
        _op.D = Result(0, _t);
        _op.Handler = &WarpHandlers.Reduce;
    }

    private void DecodeActiveMask()
    {
        DemandCount(1);
        _op.D = Result(0, PtxType.B32);
        _op.Handler = &WarpHandlers.ActiveMask;
    }

    private void DecodeBarrier()
    {
        bool isBar = _parts[0] == "bar";
        if (isBar && Take("warp"))
        {
            Demand("sync");
            DemandCount(1);
            SetMembers(0);
            _op.Handler = &WarpHandlers.Synchronize;
            return;
        }
        if (!isBar && Take("cluster"))
        {
            DecodeClusterBarrier();
            return;
        }
        Take("cta");
        string kind = Next();
        _op.Aux = kind switch
        {
            "sync" => BarrierHandlers.Sync,
            "arrive" => BarrierHandlers.ArriveOnly,
            "red" => Next() switch
            {
                "popc" => BarrierHandlers.ReducePopc,
                "and" => BarrierHandlers.ReduceAnd,
                "or" => BarrierHandlers.ReduceOr,
                string operation => throw Unsupported($"'.{operation}'"),
            },
            _ => throw Unsupported($"'.{kind}'"),
        };
        if (Take("aligned") || isBar)
        {
            _op.Aux |= BarrierHandlers.Aligned;
        }
        SetBarrierOperands(kind);
        _end = BlockEnd.Barrier;
        _op.Handler = &LaneHandlers.Nothing;
    }

    private void SetBarrierOperands(string kind)
    {
        int first = 0;
        if (kind == "red")
        {
            bool isCount = (_op.Aux & BarrierHandlers.KindMask) == BarrierHandlers.ReducePopc;
            TakeType(isCount ? PtxType.U32 : PtxType.Pred);
            _op.C = SourcePredicate(Count - 1, out bool isNegated);
            _op.Aux |= isNegated ? BarrierHandlers.Negated : 0;
            _op.D = Result(0, isCount ? PtxType.U32 : PtxType.Pred);
            first = 1;
        }
        int end = kind == "red" ? Count - 1 : Count;
        if (end - first is not (1 or 2) || (kind == "arrive" && end - first != 2))
        {
            throw Error(string.Create(CultureInfo.InvariantCulture, $"a wrong number of operands: {Count}"));
        }
        _op.A = Source(first, PtxType.U32);
        _op.B = end - first == 2 ? Source(first + 1, PtxType.U32) : Op.None;
    }

    private void DecodeFence()
    {
        if (Take("proxy"))
        {
            DecodeProxyFence();
            return;
        }
        if (Take("mbarrier_init"))
        {
            Demand("release");
            Demand("cluster");
            DemandCount(0);
            _op.Handler = &ProxyFences.MbarrierInit;
            return;
        }
        DemandCount(0);
        MemoryOrder order = _parts[0] == "membar" ? MemoryOrder.Sequential
            : ReadOrder() is MemoryOrder.Weak ? MemoryOrder.AcquireRelease : ReadOrder();
        _op.Aux = ((int)order << Access.OrderShift) | ((int)ReadScope() << Access.ScopeShift);
        _op.Handler = &YieldHandlers.Fence;
    }

    private void DecodeBranch()
    {
        DemandCount(1);
        PtxOperand operand = Operand(0);
        SetJump(LabelOf(operand.Kind == PtxOperandKind.Name ? operand.Name : ""));
    }

    private void SetJump(int instruction)
    {
        _target = Pending(instruction);
        _end = _instruction.Guard is null ? BlockEnd.Jump : BlockEnd.Branch;
        _op.Handler = &LaneHandlers.Nothing;
    }

    /// <summary>ret ends a function, exit the thread; in a kernel that is the same.</summary>
    private void DecodeExit()
    {
        if (_parts[0] == "ret" && _function != _kernel)
        {
            SetJump(_function.Instructions.Count);
            return;
        }
        _end = BlockEnd.Exit;
        _op.Handler = &LaneHandlers.Nothing;
    }

    private void DecodeTrap() => _op.Handler = &WarpHandlers.Trap;

    private void DecodeSleep()
    {
        DemandCount(1);
        Source(0, PtxType.U32);
        _end = BlockEnd.Yield;
        _op.Handler = &LaneHandlers.Nothing;
    }
}
