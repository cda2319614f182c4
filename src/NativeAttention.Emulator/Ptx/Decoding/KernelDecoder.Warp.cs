using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>Matrix products, operations among lanes, barriers and control flow.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeMma()
    {
        Demand("sync");
        Demand("aligned");
        string shape = Next();
        Demand("row");
        Demand("col");
        PtxType d = TakeType(PtxType.F32, PtxType.F16);
        PtxType a = TakeType(PtxType.F16, PtxType.BF16, PtxType.TF32);
        PtxType b = TakeType(a);
        PtxType c = TakeType(d);
        if (d == PtxType.F16 && a != PtxType.F16)
        {
            throw Unsupported("binary16 accumulators of this type");
        }
        (int steps, int depth) = (shape, a) switch
        {
            ("m16n8k16", PtxType.F16 or PtxType.BF16) => (2, 16),
            ("m16n8k8", PtxType.F16 or PtxType.BF16) => (1, 8),
            ("m16n8k8", PtxType.TF32) => (2, 8),
            ("m16n8k4", PtxType.TF32) => (1, 4),
            _ => throw Unsupported($"shape '.{shape}' of .{b.Name()}"),
        };
        DemandCount(4);
        bool isHalf = d == PtxType.F16;
        PtxType accumulator = isHalf ? PtxType.B32 : PtxType.F32;
        int accumulators = isHalf ? 2 : 4;
        int[] cs = Fragment(3, c == PtxType.F16 ? PtxType.B32 : PtxType.F32, accumulators,
            isDestination: false);
        int[] aSlots = Fragment(1, PtxType.B32, steps * 2, isDestination: false);
        int[] bSlots = Fragment(2, PtxType.B32, steps, isDestination: false);
        int[] ds = Fragment(0, accumulator, accumulators, isDestination: true);
        BeginList();
        AddPadded(ds, 4);
        AddPadded(aSlots, 4);
        AddPadded(bSlots, 2);
        AddPadded(cs, 4);
        _op.Aux = steps | (isHalf ? MmaHandlers.HalfAccumulators : 0);
        _flop = 2 * 16 * 8 * depth;
        _op.Handler = a switch
        {
            PtxType.F16 => &MmaHandlers.Multiply<MmaHandlers.HalfElement>,
            PtxType.BF16 => &MmaHandlers.Multiply<MmaHandlers.BFloatElement>,
            _ => &MmaHandlers.Multiply<MmaHandlers.Tf32Element>,
        };
    }

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
        Demand("sync");
        _op.Aux = Next() switch
        {
            "up" => WarpHandlers.Up,
            "down" => WarpHandlers.Down,
            "bfly" => WarpHandlers.Butterfly,
            "idx" => WarpHandlers.Index,
            string mode => throw Unsupported($"'.{mode}'"),
        };
        TakeType(PtxType.B32);
        DemandCount(5);
        _op.A = Source(1, PtxType.B32);
        _op.B = Source(2, PtxType.B32);
        _op.C = Source(3, PtxType.B32);
        SetMembers(4);
        PtxOperand d = Operand(0);
        _op.D = d.Kind == PtxOperandKind.Pair ? Destination(d.Elements[0], PtxType.B32)
            : Result(0, PtxType.B32);
        _op.Slot = d.Kind == PtxOperandKind.Pair ? Destination(d.Elements[1], PtxType.Pred) : Op.None;
        bool isExchange = _op.Aux == WarpHandlers.Butterfly && Operand(2).Kind == PtxOperandKind.Integer
            && Operand(3) is { Kind: PtxOperandKind.Integer, Bits: 31 };
        _op.Imm = isExchange ? (long)(Operand(2).Bits & 31) + 1 : 0;
        _op.Handler = &WarpHandlers.Shuffle;
    }

    private void DecodeVote()
    {
        Demand("sync");
        string mode = Next();
        bool isBallot = mode == "ballot";
        TakeType(isBallot ? PtxType.B32 : PtxType.Pred);
        DemandCount(3);
        _op.Aux = mode switch
        {
            "all" => 0,
            "any" => 1,
            "uni" => 2,
            "ballot" => 3,
            _ => throw Unsupported($"'.{mode}'")
        };
        _op.A = PredicateOrConstant(1, out bool isNegated);
        _op.Imm = isNegated ? 1 : 0;
        SetMembers(2);
        _op.D = Result(0, isBallot ? PtxType.B32 : PtxType.Pred);
        _op.Handler = &WarpHandlers.Vote;
    }

    private void DecodeMatch()
    {
        bool isAll =
            Next() switch { "all" => true, "any" => false, string mode => throw Unsupported($"'.{mode}'") };
        Demand("sync");
        PtxType type = TakeType(PtxType.B32, PtxType.B64);
        DemandCount(3);
        _op.A = Source(1, type);
        SetMembers(2);
        PtxOperand d = Operand(0);
        bool isPair = isAll && d.Kind == PtxOperandKind.Pair;
        _op.D = isPair ? Destination(d.Elements[0], PtxType.B32) : Result(0, PtxType.B32);
        _op.Slot = isPair ? Destination(d.Elements[1], PtxType.Pred) : Op.None;
        if (_op.D == Op.None)
        {
            throw Unsupported("'_' as the mask");
        }
        _op.Aux = (isAll ? 1 : 0) | (type == PtxType.B64 ? 2 : 0);
        _op.Handler = &WarpHandlers.Match;
    }

    private void DecodeReduce()
    {
        Demand("sync");
        string operation = Next();
        PtxType type = TakeType(PtxType.U32, PtxType.S32, PtxType.B32);
        DemandCount(3);
        bool isBits = type == PtxType.B32;
        _op.Aux = (int)((operation, isBits) switch
        {
            ("add", false) => AtomicOperation.Add,
            ("min", false) => type.IsSigned() ? AtomicOperation.MinSigned : AtomicOperation.MinUnsigned,
            ("max", false) => type.IsSigned() ? AtomicOperation.MaxSigned : AtomicOperation.MaxUnsigned,
            ("and", true) => AtomicOperation.And,
            ("or", true) => AtomicOperation.Or,
            ("xor", true) => AtomicOperation.Xor,
            _ => throw Unsupported(),
        });
        _op.A = Source(1, type);
        SetMembers(2);
        _op.D = Result(0, type);
        _op.Handler = &WarpHandlers.Reduce;
    }

    private void DecodeActiveMask()
    {
        TakeType(PtxType.B32);
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
        while (_part < _parts.Length)
        {
            string part = Next();
            if (part is not (
                "cta" or "gl" or "sys" or "gpu" or "sc" or "acq_rel" or "acquire" or "release" or "cluster"))
            {
                throw Unsupported($"'.{part}'");
            }
        }
        DemandCount(0);
        _op.Handler = &YieldHandlers.Fence;
    }

    private void DecodeBranch()
    {
        Take("uni");
        DemandCount(1);
        PtxOperand operand = Operand(0);
        PtxSymbol? label = operand.Kind == PtxOperandKind.Name ? _instruction.Scope.Find(operand.Name) : null;
        if (label?.Kind != PtxSymbolKind.Label)
        {
            throw Error($"label '{operand.Name}' is not defined");
        }
        _target = (int)label.Address;
        _end = _instruction.Guard is null ? BlockEnd.Jump : BlockEnd.Branch;
        _op.Handler = &LaneHandlers.Nothing;
    }

    private void DecodeExit()
    {
        Take("uni");
        DemandCount(0);
        _end = BlockEnd.Exit;
        _op.Handler = &LaneHandlers.Nothing;
    }

    private void DecodeTrap()
    {
        DemandCount(0);
        _op.Handler = &WarpHandlers.Trap;
    }

    private void DecodeSleep()
    {
        TakeType(PtxType.U32);
        DemandCount(1);
        Source(0, PtxType.U32);
        _end = BlockEnd.Yield;
        _op.Handler = &LaneHandlers.Nothing;
    }
}
