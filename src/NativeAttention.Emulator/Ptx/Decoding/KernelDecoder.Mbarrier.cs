using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>mbarrier instructions, and the small ones that Hopper adds to the control of a block.</summary>
internal sealed unsafe partial class KernelDecoder
{
    /// <summary>What the qualifiers of an mbarrier instruction say.</summary>
    private struct MbarrierForm
    {
        public int Flags;
        public bool IsCluster;
        public bool HasOrder;
        public bool Expects;
        public bool IsNoComplete;
    }

    private void DecodeMbarrier()
    {
        string operation = Next();
        if (operation == "pending_count")
        {
            Demand("b64");
            DemandCount(2);
            _op.A = Source(1, PtxType.B64);
            _op.D = Result(0, PtxType.B32);
            _op.Handler = &MbarrierHandlers.PendingCount;
            return;
        }
        MbarrierForm form = TakeMbarrierForm(operation);
        switch (operation)
        {
            case "init" or "inval":
                DecodeMbarrierLife(operation == "init", form);
                break;
            case "expect_tx" or "complete_tx":
                DecodeMbarrierBytes(operation == "expect_tx", form);
                break;
            case "arrive" or "arrive_drop":
                DecodeMbarrierArrive(form, drops: operation == "arrive_drop");
                break;
            case "test_wait" or "try_wait":
                DecodeMbarrierWait(form, sleeps: operation == "try_wait");
                break;
            default:
                throw Unsupported($"'.{operation}'");
        }
    }

    private MbarrierForm TakeMbarrierForm(string operation)
    {
        MbarrierForm form = new() { Flags = MbarrierHandlers.Generic };
        bool arrives = operation is "arrive" or "arrive_drop";
        bool waits = operation is "test_wait" or "try_wait";
        bool counts = operation is "expect_tx" or "complete_tx";
        while (!Take("b64"))
        {
            switch (Next())
            {
                case "parity" when waits:
                    form.Flags |= MbarrierHandlers.Parity;
                    break;
                case "expect_tx" when arrives:
                    form.Expects = true;
                    break;
                case "noComplete" when arrives:
                    form.IsNoComplete = true;
                    break;
                case "relaxed" when arrives || waits || counts:
                    form.HasOrder = true;
                    form.Flags |= MbarrierHandlers.Relaxed;
                    break;
                case "release" when arrives:
                case "acquire" when waits:
                case "cta" or "cluster" when arrives || waits || counts:
                    form.HasOrder = true;
                    break;
                case "shared" or "shared::cta":
                    form.Flags &= ~MbarrierHandlers.Generic;
                    break;
                case "shared::cluster" when arrives || counts:
                    form.Flags &= ~MbarrierHandlers.Generic;
                    form.IsCluster = true;
                    break;
                default:
                    throw Unsupported($"qualifier '.{_parts[_part - 1]}'");
            }
        }
        return form;
    }

    private void SetMbarrierAddress(int index, MbarrierForm form)
    {
        bool isGeneric = (form.Flags & MbarrierHandlers.Generic) != 0;
        _op.Aux = form.Flags | SetAddress(index, isGeneric ? PtxSpace.Generic : PtxSpace.Shared);
    }

    private void DecodeMbarrierLife(bool begins, MbarrierForm form)
    {
        DemandCount(begins ? 2 : 1);
        SetMbarrierAddress(0, form);
        _op.B = begins ? Source(1, PtxType.U32) : Op.None;
        _op.Handler = begins ? &MbarrierHandlers.Initialize : &MbarrierHandlers.Invalidate;
    }

    private void DecodeMbarrierBytes(bool expects, MbarrierForm form)
    {
        DemandCount(2);
        SetMbarrierAddress(0, form);
        _op.B = Source(1, PtxType.U32);
        _op.Handler = expects ? &MbarrierHandlers.ExpectBytes : &MbarrierHandlers.CompleteBytes;
    }

    private void DecodeMbarrierArrive(MbarrierForm form, bool drops)
    {
        bool needsOperand = form.Expects || form.IsNoComplete;
        if (Count != 3 && (needsOperand || Count != 2))
        {
            throw Error(string.Create(CultureInfo.InvariantCulture, $"a wrong number of operands: {Count}"));
        }
        form.Flags |= drops ? MbarrierHandlers.Drops : 0;
        form.Flags |= form.IsNoComplete ? MbarrierHandlers.NoComplete : 0;
        SetMbarrierAddress(1, form);
        int last = Count == 3 ? Source(2, PtxType.U32) : Op.None;
        (_op.B, _op.C) = form.Expects ? (Op.None, last) : (last, Op.None);
        if (form.IsCluster && Operand(0).Kind != PtxOperandKind.Sink)
        {
            throw Error("an arrival at shared::cluster gives no state: '_' is expected");
        }
        _op.D = Destination(0, PtxType.B64);
        _op.Handler = &MbarrierHandlers.Arrive;
    }

    private void DecodeMbarrierWait(MbarrierForm form, bool sleeps)
    {
        if (Count != 3 && (!sleeps || Count != 4))
        {
            throw Error(string.Create(CultureInfo.InvariantCulture, $"a wrong number of operands: {Count}"));
        }
        SetMbarrierAddress(1, form);
        bool isParity = (form.Flags & MbarrierHandlers.Parity) != 0;
        _op.B = Source(2, isParity ? PtxType.U32 : PtxType.B64);
        if (Count == 4)
        {
            // The time after which a sleep may end in vain: it does so when nothing else can run.
            Source(3, PtxType.U32);
        }
        _op.D = Result(0, PtxType.Pred);
        _op.Handler = sleeps ? &MbarrierHandlers.TryWait : &MbarrierHandlers.Test;
        _end = sleeps ? BlockEnd.Wait : BlockEnd.FallThrough;
    }

    private void DecodeArriveAfterCopies()
    {
        Demand("arrive");
        bool isNoIncrement = Take("noinc");
        MbarrierForm form = TakeMbarrierForm("");
        form.Flags |= isNoIncrement ? MbarrierHandlers.NoIncrement : 0;
        DemandCount(1);
        SetMbarrierAddress(0, form);
        _op.Handler = &MbarrierHandlers.ArriveAfterCopies;
    }

    private void DecodeElect()
    {
        Demand("sync");
        DemandCount(2);
        SetMembers(1);
        PtxOperand d = Operand(0);
        if (d.Kind != PtxOperandKind.Pair)
        {
            throw Error("'register|predicate' is expected");
        }
        _op.D = Destination(d.Elements[0], PtxType.B32);
        _op.Slot = Destination(d.Elements[1], PtxType.Pred);
        _op.Handler = &WarpHandlers.Elect;
    }

    /// <summary>mapa: with clusters of one block, a shared address of the block itself.</summary>
    private void DecodeMapShared()
    {
        bool isShared = Take("shared::cluster");
        PtxType type = TakeType(PtxType.U32, PtxType.U64);
        DemandCount(3);
        _op.A = Source(1, type);
        _op.B = Source(2, PtxType.U32);
        _op.D = Result(0, type);
        _op.Aux = (type == PtxType.U64 ? ClusterHandlers.Wide : 0)
            | (isShared ? ClusterHandlers.SharedSpace : 0);
        _op.Handler = &ClusterHandlers.MapShared;
    }

    private void DecodeGetRank()
    {
        bool isShared = Take("shared::cluster");
        PtxType type = TakeType(PtxType.U32, PtxType.U64);
        DemandCount(2);
        _op.A = Source(1, type);
        _op.D = Result(0, PtxType.U32);
        _op.Aux = (type == PtxType.U64 ? ClusterHandlers.Wide : 0)
            | (isShared ? ClusterHandlers.SharedSpace : 0);
        _op.Handler = &ClusterHandlers.GetRank;
    }

    private void DecodeSetRegisters()
    {
        bool grows = Next() switch
        {
            "inc" => true,
            "dec" => false,
            string other => throw Unsupported($"'.{other}'"),
        };
        Demand("sync");
        Demand("aligned");
        TakeType(PtxType.U32);
        DemandCount(1);
        _op.Imm = (long)Immediate(0, 256);
        if (_op.Imm < 24 || _op.Imm % 8 != 0)
        {
            throw Error($"{_op.Imm} registers; a multiple of 8 from 24 to 256 is allowed");
        }
        _op.Aux = grows ? 1 : 0;
        _op.Handler = &RegisterPool.Set;
        _end = BlockEnd.Wait;
    }

    private void DecodeProxyFence()
    {
        string proxy = Next();
        if (proxy == "alias")
        {
            DemandCount(0);
            _op.Handler = &YieldHandlers.Fence;
            return;
        }
        if (proxy != "async")
        {
            throw Unsupported($"'.{proxy}'");
        }
        bool isGlobalOnly = Take("global");
        _ = isGlobalOnly || Take("shared::cta") || Take("shared::cluster");
        DemandCount(0);
        _op.Aux = isGlobalOnly ? 1 : 0;
        _op.Handler = &ProxyFences.Async;
    }

    private void DecodeClusterBarrier()
    {
        string kind = Next();
        bool isArrive = kind == "arrive";
        if (!isArrive && kind != "wait")
        {
            throw Unsupported($"'.{kind}'");
        }
        bool isRelaxed = isArrive && Take("relaxed");
        _ = isRelaxed || Take(isArrive ? "release" : "acquire");
        _op.Aux = isRelaxed ? ClusterBarrier.Relaxed : 0;
        _op.Aux |= Take("aligned") ? ClusterBarrier.Aligned : 0;
        _op.Aux |= isArrive ? ClusterBarrier.Arrives : 0;
        DemandCount(0);
        _op.Handler = &ClusterBarrier.Step;
        _end = BlockEnd.Wait;
    }

    /// <summary>Programmatic dependent launch: launches run one after the other here.</summary>
    private void DecodeGridControl()
    {
        string operation = Next();
        if (operation is not ("wait" or "launch_dependents"))
        {
            throw Unsupported($"'.{operation}'");
        }
        DemandCount(0);
        _op.Handler = &YieldHandlers.Fence;
    }
}
