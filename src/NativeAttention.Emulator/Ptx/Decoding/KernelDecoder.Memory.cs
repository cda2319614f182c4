namespace NativeAttention.Emulation;

/// <summary>Loads, stores, atomics, asynchronous copies and matrix loads.</summary>
internal sealed unsafe partial class KernelDecoder
{
    /// <summary>What the qualifiers of a memory instruction say.</summary>
    private struct MemoryForm
    {
        public PtxSpace Space;
        public MemoryOrder Order;
        public MemoryScope Scope;
        public int Vector;
        public PtxType Type;

        public readonly bool IsStrong => Order != MemoryOrder.Weak;

        /// <summary>The bits of <see cref="Op.Aux"/> for all this but the registers.</summary>
        public readonly int Flags => Type.Bytes() | (Vector << Access.VectorShift)
            | (IsStrong ? Access.Strong : 0) | ((int)Order << Access.OrderShift) | ((int)Scope << Access.ScopeShift);
    }

    private MemoryForm ReadMemoryForm()
    {
        return new MemoryForm
        {
            Space = IsCallParameter ? PtxSpace.Local
                : SpaceOf(Array.Find(_parts, p => SpaceOf(p) != PtxSpace.Generic) ?? ""),
            Order = ReadOrder(),
            Scope = ReadScope(),
            Vector = Has("v2") ? 2 : Has("v4") ? 4 : 1,
            Type = _t,
        };
    }

    /// <summary>True for ld and st of a parameter of a call.</summary>
    private bool IsCallParameter => (Has("param") || Has("param::func")) && Array.Exists(_instruction.Operands,
        o => o.Kind == PtxOperandKind.Address && _instruction.Scope.Find(o.Name) is { IsCallParameter: true });

    private MemoryOrder ReadOrder() => Has("volatile") ? MemoryOrder.Volatile
        : Has("relaxed") ? MemoryOrder.Relaxed : Has("acquire") ? MemoryOrder.Acquire
        : Has("release") ? MemoryOrder.Release : Has("acq_rel") ? MemoryOrder.AcquireRelease
        : Has("sc") ? MemoryOrder.Sequential : MemoryOrder.Weak;

    /// <summary>A volatile access concerns everybody; where nothing is said, the GPU.</summary>
    private MemoryScope ReadScope() => Has("sys") || Has("volatile") ? MemoryScope.System
        : Has("cta") ? MemoryScope.Cta : Has("cluster") ? MemoryScope.Cluster : MemoryScope.Gpu;

    /// <summary>Checks the number of operands; a cache policy may follow them, which is read and then
    /// ignored.</summary>
    private void DemandCountAndPolicy(int count)
    {
        bool hasPolicy = Has("L2::cache_hint");
        DemandCount(hasPolicy ? count + 1 : count);
        if (hasPolicy)
        {
            Source(count, PtxType.B64);
        }
    }

    private static PtxSpace SpaceOf(string part) => part switch
    {
        "global" => PtxSpace.Global,
        "const" => PtxSpace.Constant,
        "shared" or "shared::cta" => PtxSpace.Shared,
        "local" => PtxSpace.Local,
        "param" or "param::entry" or "param::func" => PtxSpace.Parameter,
        _ => PtxSpace.Generic,
    };

    /// <summary>Reads <c>[base + offset]</c>: sets A, Imm and the address width.</summary>
    private int SetAddress(int index, PtxSpace space)
    {
        PtxOperand operand = Operand(index);
        if (operand.Kind != PtxOperandKind.Address || operand.Elements.Length > 0)
        {
            throw Error("an address '[..]' is expected");
        }
        (_op.A, ulong offset, bool isNarrow) = ResolveAddress(operand, space);
        _op.Imm = (long)offset;
        return isNarrow ? Access.NarrowAddress : 0;
    }

    private (int Slot, ulong Offset, bool IsNarrow) ResolveAddress(PtxOperand operand, PtxSpace space)
    {
        if (operand.Name.Length == 0)
        {
            return (Op.None, operand.Bits, false);
        }
        PtxSymbol? symbol = _instruction.Scope.Find(operand.Name);
        if (symbol is { IsCallParameter: true } && !Has("param") && !Has("param::func"))
        {
            throw Error($"'{symbol.Name}' lies in .param, not in the space of the instruction");
        }
        if (symbol?.Kind == PtxSymbolKind.Variable)
        {
            bool fits = symbol.Space == space || space == PtxSpace.Generic;
            if (!fits)
            {
                throw Error($"'{symbol.Name}' lies in .{symbol.Space}, not in the space of the instruction");
            }
            return (Op.None,
                symbol.Address + operand.Bits + (space == PtxSpace.Generic ? Window(symbol.Space) : 0),
                false);
        }
        PtxSymbol register = FindRegister(operand.Name);
        bool isAddress =
            register.Type is PtxType.B32 or PtxType.U32 or PtxType.S32 or PtxType.B64 or PtxType.U64 or PtxType.S64;
        bool isNarrow = register.Type.Bytes() == 4;
        if (!isAddress || (isNarrow && space is PtxSpace.Global or PtxSpace.Generic or PtxSpace.Constant))
        {
            throw Error(
                $"register '{register.Name}' of type .{register.Type.Name()} cannot be an address here");
        }
        _use.Read(NumberOf(register));
        return (SlotOf(register), operand.Bits, isNarrow);
    }

    private static ulong Window(PtxSpace space) => space switch
    {
        PtxSpace.Shared => SharedLayout.SharedWindow,
        PtxSpace.Local => SharedLayout.LocalWindow,
        PtxSpace.Parameter => SharedLayout.ParameterWindow,
        _ => 0,
    };

    private int Cache() => _caches++;

    private void DecodeLoad()
    {
        MemoryForm form = ReadMemoryForm();
        DemandCountAndPolicy(2);
        int flags = SetAddress(1, form.Space) | Shape(form);
        PtxType register = SetData(Operand(0), form, isLoad: true);
        flags |= register.Bytes() == 8 ? Access.WideData : 0;
        flags |= form.Type.IsSigned() && form.Type.Bytes() < register.Bytes() ? Access.Signed : 0;
        flags |= register.Bytes() == 2 ? Access.Data16 : 0;
        flags |= Has("nc") ? Access.NonCoherent : 0;
        _op.Aux = flags;
        _op.Slot = Cache();
        _op.Handler = form.Space switch
        {
            PtxSpace.Global or PtxSpace.Constant => &GlobalHandlers.Load,
            PtxSpace.Shared => &SharedHandlers.Load,
            PtxSpace.Local => &SmallSpaceHandlers.LoadLocal,
            PtxSpace.Parameter => &SmallSpaceHandlers.LoadParameter,
            _ => &SmallSpaceHandlers.LoadGeneric,
        };
        if (form.IsStrong)
        {
            // A flag is probably being watched: others must get their turn.
            YieldAfter();
        }
    }

    private void YieldAfter()
    {
        _op.Inner = _op.Handler;
        _op.Handler = &YieldHandlers.Strong;
    }

    private void DecodeStore()
    {
        MemoryForm form = ReadMemoryForm();
        DemandCountAndPolicy(2);
        int flags = SetAddress(0, form.Space) | Shape(form);
        PtxType register = SetData(Operand(1), form, isLoad: false);
        _op.Aux = flags | (register.Bytes() == 8 ? Access.WideData : 0);
        _op.Slot = Cache();
        _op.Handler = form.Space switch
        {
            PtxSpace.Global => &GlobalHandlers.Store,
            PtxSpace.Shared => &SharedHandlers.Store,
            PtxSpace.Local => &SmallSpaceHandlers.StoreLocal,
            PtxSpace.Generic => &SmallSpaceHandlers.StoreGeneric,
            _ => throw Unsupported("this space cannot be written"),
        };
    }

    private int Shape(MemoryForm form)
    {
        return form.Type.Bytes() * form.Vector <= 16 ? form.Flags
            : throw Unsupported($"{form.Type.Bytes() * form.Vector} bytes at once");
    }

    /// <summary>Sets the data registers; returns the type they are declared with, which may be wider than
    /// that of the access.</summary>
    private PtxType SetData(PtxOperand data, MemoryForm form, bool isLoad)
    {
        if (form.Vector == 1)
        {
            PtxType type = DataType(data, form.Type, isLoad);
            int slot = isLoad ? Destination(data, type) : Source(data, type);
            _ = isLoad ? _op.D = slot : _op.B = slot;
            return slot == Op.None ? throw Error("'_' cannot stand here") : type;
        }
        if (data.Kind != PtxOperandKind.Vector || data.Elements.Length != form.Vector)
        {
            throw Error($"a vector of {form.Vector} registers is expected");
        }
        PtxType common = PtxType.None;
        int[] slots = new int[form.Vector];
        for (int i = 0; i < form.Vector; i++)
        {
            PtxOperand element = data.Elements[i];
            PtxType type = DataType(element, form.Type, isLoad);
            if (common != PtxType.None && type.Bytes() != common.Bytes())
            {
                throw Error("the registers of a vector must have one size");
            }
            common = type;
            slots[i] = isLoad ? Destination(element, type) : Source(element, type);
        }
        if (slots.Contains(Op.None))
        {
            throw Unsupported("'_' in a vector");
        }
        BeginList();
        foreach (int slot in slots)
        {
            AddToList(slot);
        }
        return common;
    }

    private PtxType DataType(PtxOperand operand, PtxType type, bool isLoad)
    {
        bool isRegister = operand.Kind == PtxOperandKind.Name
            && _instruction.Scope.Find(operand.Name)?.Kind == PtxSymbolKind.Register;
        if (!isRegister)
        {
            return isLoad ? throw Error("a register is expected") : type.Bytes() == 1 ? PtxType.B16 : type;
        }
        PtxType register = FindRegister(operand.Name).Type;
        bool fits = register != PtxType.Pred && register.Bytes() >= type.Bytes()
            && (type.Class() != PtxTypeClass.Float || register.Bytes() == type.Bytes())
            && (register.Class() != PtxTypeClass.Float || register.Bytes() == type.Bytes());
        return fits ? register
            : throw Error($"register '{operand.Name}' of type .{register.Name()} cannot hold .{type.Name()}");
    }

    private void DecodeAtomic(bool isReduction)
    {
        MemoryForm form = ReadMemoryForm();
        form.Order = form.IsStrong ? form.Order : MemoryOrder.Relaxed;
        string operation = Array.Find(_parts, IsAtomicOperation)!;
        int address = isReduction ? 0 : 1;
        bool isSwap = operation == "cas";
        DemandCountAndPolicy(address + (isSwap ? 3 : 2));
        int flags = SetAddress(address, form.Space) | form.Flags;
        int[] values = Fragment(address + 1, _t, form.Vector, isDestination: false);
        int[] results = isReduction || Operand(0).Kind == PtxOperandKind.Sink ? []
            : Fragment(0, _t, form.Vector, isDestination: true);
        (_op.B, _op.D) = (values[0], results.Length > 0 ? results[0] : Op.None);
        _op.C = isSwap ? Source(address + 2, _t) : Op.None;
        BeginList();
        AddToList((int)AtomicOf(operation, _t));
        foreach (int slot in (ReadOnlySpan<int>)[.. values, .. results])
        {
            AddToList(slot);
        }
        _op.Aux = flags;
        _op.Slot = Cache();
        _op.Handler = (form.Space, form.Vector) switch
        {
            (PtxSpace.Shared, _) => &AtomicHandlers.Shared,
            (PtxSpace.Global, 1) => &AtomicHandlers.Global,
            (PtxSpace.Global, _) => &AtomicHandlers.GlobalVector,
            _ => &AtomicHandlers.Generic,
        };
    }

    private static bool IsAtomicOperation(string part) =>
        part is "add" or "min" or "max" or "and" or "or" or "xor" or "exch" or "cas" or "inc" or "dec";

    private static AtomicOperation AtomicOf(string operation, PtxType type) => (operation, type) switch
    {
        ("add", PtxType.F32) => AtomicOperation.AddFloat,
        ("add", PtxType.F64) => AtomicOperation.AddDouble,
        ("add", PtxType.F16) => AtomicOperation.AddHalf,
        ("add", PtxType.BF16) => AtomicOperation.AddBFloat,
        ("add", PtxType.F16x2) => AtomicOperation.AddHalfPair,
        ("add", PtxType.BF16x2) => AtomicOperation.AddBFloatPair,
        ("add", _) => AtomicOperation.Add,
        ("min", _) => type.IsSigned() ? AtomicOperation.MinSigned : AtomicOperation.MinUnsigned,
        ("max", _) => type.IsSigned() ? AtomicOperation.MaxSigned : AtomicOperation.MaxUnsigned,
        ("and", _) => AtomicOperation.And,
        ("or", _) => AtomicOperation.Or,
        ("xor", _) => AtomicOperation.Xor,
        ("exch", _) => AtomicOperation.Exchange,
        ("cas", _) => AtomicOperation.CompareAndSwap,
        ("inc", _) => AtomicOperation.Increment,
        _ => AtomicOperation.Decrement,
    };

    /// <summary>Prefetches and priorities: the operands are checked, nothing else happens.</summary>
    private void DecodeHint()
    {
        if (_parts[^1] == "tensormap")
        {
            DecodePrefetchMap();
            return;
        }
        bool hasSize = _parts[0] is "applypriority" or "discard";
        DemandCount(hasSize ? 2 : 1);
        SetAddress(0, SpaceOf(_parts[1]));
        if (hasSize && Immediate(1, 128) != 128)
        {
            throw Error("the size must be 128");
        }
        _op.Handler = &LaneHandlers.Nothing;
    }

    /// <summary>createpolicy: any value will do, since policies are ignored.</summary>
    private void DecodePolicy()
    {
        if (Count is not (1 or 2))
        {
            throw Error("1 or 2 operands are expected");
        }
        if (Count == 2)
        {
            Source(1, PtxType.F32);
        }
        _op.A = Constant(0, isWide: true);
        _op.D = Result(0, PtxType.B64);
        _op.Handler = &LaneHandlers.Unary<ulong, IntegerOperators.Move64>;
    }

    private void DecodeAsyncCopy()
    {
        if (Take("reduce"))
        {
            Demand("async");
            Demand("bulk");
            DecodeBulkCopy(isReduction: true);
            return;
        }
        Demand("async");
        switch (Next())
        {
            case "commit_group":
                DemandCount(0);
                _op.Handler = &AsyncCopyHandlers.Commit;
                return;
            case "wait_group":
                DemandCount(1);
                _op.Imm = (long)Immediate(0, int.MaxValue);
                _op.Handler = &AsyncCopyHandlers.WaitGroup;
                return;
            case "wait_all":
                DemandCount(0);
                _op.Handler = &AsyncCopyHandlers.WaitAll;
                return;
            case "bulk":
                DecodeBulk();
                return;
            case "mbarrier":
                DecodeArriveAfterCopies();
                return;
            case "ca":
                DecodeCopy(only16: false);
                return;
            case "cg":
                DecodeCopy(only16: true);
                return;
            case string other:
                throw Unsupported($"'.{other}'");
        }
    }

    private void DecodeCopy(bool only16)
    {
        if (!Take("shared") && !Take("shared::cta"))
        {
            throw Unsupported("'.shared' is expected");
        }
        Demand("global");
        _ = Take("L2::64B") || Take("L2::128B") || Take("L2::256B");
        if (Count is not (3 or 4))
        {
            throw Error("3 or 4 operands are expected");
        }
        int bytes = (int)Immediate(2, 16);
        if (bytes != 16 && (only16 || bytes is not (4 or 8)))
        {
            throw Error($"a copy of {bytes} bytes is not allowed");
        }
        PtxOperand target = Operand(0);
        if (target.Kind != PtxOperandKind.Address)
        {
            throw Error("an address '[..]' is expected");
        }
        (int slot, ulong offset, bool isNarrow) = ResolveAddress(target, PtxSpace.Shared);
        int flags = SetAddress(1, PtxSpace.Global);
        int more = slot == Op.None || isNarrow ? 0 : AsyncCopyHandlers.WideShared;
        if (Count == 4)
        {
            more |= SetSourceSize();
        }
        _op.B = slot;
        BeginList();
        AddToList((int)offset);
        AddToList(more);
        _op.Aux = flags | 4 | (bytes / 4 << Access.VectorShift);
        _op.Slot = Cache();
        _op.Handler = &AsyncCopyHandlers.Copy;
    }

    /// <summary>The fourth operand is the number of source bytes, or a predicate that turns the source
    /// off.</summary>
    private int SetSourceSize()
    {
        PtxOperand operand = Operand(3);
        bool isPredicate = operand.Kind == PtxOperandKind.Name
            && FindRegister(operand.Name).Type == PtxType.Pred;
        if (!isPredicate)
        {
            _op.C = Source(3, PtxType.U32);
            return 0;
        }
        _op.C = SourcePredicate(3, out bool isNegated);
        return isNegated ? throw Unsupported("'!' on ignore-src") : AsyncCopyHandlers.IgnoreSource;
    }

    private void DecodeMatrixLoad(bool isLoad)
    {
        int count = _parts[4][1] - '0';
        bool isTransposed = Has("trans");
        DemandCount(2);
        PtxOperand data = Operand(isLoad ? 0 : 1);
        PtxOperand[] elements = data.Kind == PtxOperandKind.Vector ? data.Elements : [data];
        if (elements.Length != count)
        {
            throw Error($"{count} registers are expected");
        }
        int flags = SetAddress(isLoad ? 1 : 0, PtxSpace.Shared);
        BeginList();
        foreach (PtxOperand element in elements)
        {
            int slot = isLoad ? Destination(element, PtxType.B32) : Source(element, PtxType.B32);
            AddToList(slot == Op.None ? throw Unsupported("'_' in a matrix load") : slot);
        }
        _op.Aux = flags | count | (isTransposed ? MatrixLoadHandlers.Transposed : 0);
        _op.Handler = isLoad ? &MatrixLoadHandlers.Load : &MatrixLoadHandlers.Store;
    }
}
