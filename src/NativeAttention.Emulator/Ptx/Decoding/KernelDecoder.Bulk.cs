namespace NativeAttention.Emulation;

/// <summary>Bulk and tensor copies.</summary>
internal sealed unsafe partial class KernelDecoder
{
    // After "cp.async.bulk".
    private void DecodeBulk()
    {
        switch (_part < _parts.Length ? _parts[_part] : "")
        {
            case "commit_group":
                _part++;
                DemandCount(0);
                _op.Handler = &BulkCopyHandlers.Commit;
                break;
            case "wait_group":
                _part++;
                _op.Aux = Take("read") ? 1 : 0;
                DemandCount(1);
                _op.Imm = (long)Immediate(0, int.MaxValue);
                _op.Handler = &BulkCopyHandlers.Wait;
                break;
            case "prefetch":
                _part++;
                DecodeBulkPrefetch();
                break;
            default:
                DecodeBulkCopy(isReduction: false);
                break;
        }
    }

    private void DecodePrefetchMap()
    {
        DemandCount(1);
        PtxSpace space = _parts[1] switch
        {
            "param" => PtxSpace.Parameter,
            "const" => PtxSpace.Constant,
            _ => PtxSpace.Generic,
        };
        SetAddress(0, space);
        _op.Imm += space == PtxSpace.Parameter ? (long)Window(space) : 0;
        _op.Handler = &BulkCopyHandlers.PrefetchMap;
    }

    private void DecodeBulkPrefetch()
    {
        int rank = Take("tensor") ? TakeRank() : 0;
        Demand("L2");
        Demand("global");
        RefuseOtherModes(rank);
        bool hasHint = Take("L2::cache_hint");
        int expected = (rank > 0 ? 1 : 2) + (hasHint ? 1 : 0);
        DemandCount(expected);
        BulkOperands operands = NoOperands();
        if (rank > 0)
        {
            SetTensor(ref operands, 0, rank);
        }
        else
        {
            operands.Global = TakeBulkAddress(0, PtxSpace.Global);
            operands.Size = Source(1, PtxType.U32);
        }
        TakeHint(hasHint);
        FinishBulk(BulkKind.Prefetch, rank, operands);
    }

    private void DecodeBulkCopy(bool isReduction)
    {
        int rank = Take("tensor") ? TakeRank() : 0;
        string to = Next();
        string from = Next();
        BulkReductionName operation = default;
        bool hasOperation = rank > 0 && isReduction && TakeReduction(out operation);
        RefuseOtherModes(rank);
        bool completesAtMbarrier = Take("mbarrier::complete_tx::bytes");
        if (!completesAtMbarrier)
        {
            Demand("bulk_group");
        }
        if (Take("multicast::cluster"))
        {
            throw Unsupported("clusters hold one block, so there is no multicast");
        }
        bool hasHint = Take("L2::cache_hint");
        BulkKind kind = KindOf(to, from, completesAtMbarrier, rank, isReduction);
        BulkOperands operands = NoOperands();
        if (isReduction && rank == 0)
        {
            SetReduction(ref operands);
        }
        else if (isReduction && !hasOperation)
        {
            throw Unsupported("a reduction is expected");
        }
        if (rank > 0)
        {
            operands.Operation = (int)operation;
        }
        SetBulkOperands(kind, rank, hasHint, ref operands);
        TakeHint(hasHint);
        FinishBulk(kind, rank, operands);
    }

    private BulkKind KindOf(string to, string from, bool completesAtMbarrier, int rank, bool isReduction)
    {
        bool isStore = to == "global" && from == "shared::cta" && !completesAtMbarrier;
        bool isLoad = to is "shared::cluster" or "shared::cta" && from == "global" && completesAtMbarrier;
        bool isWithin = to == "shared::cluster" && from == "shared::cta" && completesAtMbarrier && rank == 0;
        return (isStore, isLoad, isWithin) switch
        {
            (true, _, _) => isReduction ? BulkKind.Reduce : BulkKind.Store,
            (_, true, _) when !isReduction => BulkKind.Load,
            (_, _, true) when !isReduction => BulkKind.Within,
            _ => throw Unsupported($"a copy from .{from} to .{to}"),
        };
    }

    private void SetBulkOperands(BulkKind kind, int rank, bool hasHint, ref BulkOperands operands)
    {
        bool loads = kind is BulkKind.Load or BulkKind.Within;
        DemandCount((rank > 0 ? 2 : 3) + (loads ? 1 : 0) + (hasHint ? 1 : 0));
        int shared = loads ? 0 : 1;
        operands.Shared = TakeBulkAddress(shared, PtxSpace.Shared);
        if (rank > 0)
        {
            SetTensor(ref operands, 1 - shared, rank);
        }
        else
        {
            operands.Global =
                TakeBulkAddress(1 - shared, kind == BulkKind.Within ? PtxSpace.Shared : PtxSpace.Global);
            operands.Size = Source(2, PtxType.U32);
        }
        if (loads)
        {
            operands.Mbarrier = TakeBulkAddress(rank > 0 ? 2 : 3, PtxSpace.Shared);
        }
    }

    private int TakeRank()
    {
        return Next() switch
        {
            "1d" => 1,
            "2d" => 2,
            "3d" => 3,
            "4d" => 4,
            "5d" => 5,
            string other => throw Unsupported($"'.{other}'"),
        };
    }

    private void RefuseOtherModes(int rank)
    {
        if (rank > 0 && !Take("tile") && _part < _parts.Length
            && (_parts[_part].StartsWith("im2col", StringComparison.Ordinal)
                || _parts[_part].StartsWith("tile::", StringComparison.Ordinal)))
        {
            throw Unsupported($"tensor copies are tiled; '.{_parts[_part]}'");
        }
    }

    private bool TakeReduction(out BulkReductionName name)
    {
        return BulkReduction.TryParse(Next(), out name) ? true : throw Unsupported($"'.{_parts[_part - 1]}'");
    }

    /// <summary>The operation and type at the end of a reduction without a tensor.</summary>
    private void SetReduction(ref BulkOperands operands)
    {
        TakeReduction(out BulkReductionName name);
        bool keeps = Take("noftz");
        PtxType type = TakeType();
        bool isHalf = type is PtxType.F16 or PtxType.BF16;
        if (keeps != isHalf || BulkReduction.Find(name, type) is not AtomicOperation operation)
        {
            throw Unsupported($"this reduction of .{type.Name()}");
        }
        (operands.Operation, operands.ElementBytes) = ((int)operation, type.Bytes());
    }

    private void TakeHint(bool hasHint)
    {
        if (hasHint)
        {
            Source(Count - 1, PtxType.B64);
        }
    }

    private void SetTensor(ref BulkOperands operands, int index, int rank)
    {
        PtxOperand operand = Operand(index);
        bool isTensor = operand.Kind == PtxOperandKind.Address && operand.Elements.Length == 1
            && operand.Elements[0].Kind == PtxOperandKind.Vector;
        if (!isTensor)
        {
            throw Error("'[tensor map, {coordinates}]' is expected");
        }
        PtxOperand[] coordinates = operand.Elements[0].Elements;
        if (coordinates.Length != rank)
        {
            throw Error($"{rank} coordinates are expected, not {coordinates.Length}");
        }
        operands.Global = BulkAddressOf(operand, PtxSpace.Generic);
        for (int d = 0; d < rank; d++)
        {
            operands.Coordinates[d] = Source(coordinates[d], PtxType.S32);
        }
    }

    private BulkAddress TakeBulkAddress(int index, PtxSpace space)
    {
        PtxOperand operand = Operand(index);
        return operand.Kind == PtxOperandKind.Address && operand.Elements.Length == 0
            ? BulkAddressOf(operand, space)
            : throw Error("an address '[..]' is expected");
    }

    private BulkAddress BulkAddressOf(PtxOperand operand, PtxSpace space)
    {
        (int slot, ulong offset, bool isNarrow) = ResolveAddress(operand, space);
        if (slot == Op.None)
        {
            // The address of a variable may have 64 bits, and offsets here have 32.
            return new BulkAddress { Slot = Constant(offset, isWide: true) };
        }
        return (long)offset == (int)offset
            ? new BulkAddress { Slot = slot, Offset = (int)offset, IsNarrow = isNarrow ? 1 : 0 }
            : throw Error("the offset of an address has more than 32 bits");
    }

    private static BulkOperands NoOperands()
    {
        BulkAddress none = new() { Slot = Op.None };
        return new BulkOperands { Shared = none, Global = none, Mbarrier = none, Size = Op.None };
    }

    private void FinishBulk(BulkKind kind, int rank, BulkOperands operands)
    {
        BeginList();
        int* words = (int*)&operands;
        for (int i = 0; i < BulkOperands.Count; i++)
        {
            AddToList(words[i]);
        }
        _hasAsyncReaders |= kind is BulkKind.Within or BulkKind.Store or BulkKind.Reduce;
        _op.Imm = (long)kind;
        _op.Aux = rank;
        _op.Slot = Cache();
        _op.Handler = &BulkCopyHandlers.Issue;
    }
}
