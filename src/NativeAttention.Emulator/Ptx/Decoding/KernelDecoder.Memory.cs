namespace NativeAttention.Emulation;

/// <summary>Loads, stores, atomics, asynchronous copies and matrix loads.</summary>
internal sealed unsafe partial class KernelDecoder
{
    /// <summary>What the qualifiers of a memory instruction say.</summary>
    private struct MemoryForm
    {
        public PtxSpace Space;
        public bool IsStrong;
        public int Vector;
        public PtxType Type;
    }

    private MemoryForm TakeMemoryForm(bool isLoad)
    {
        MemoryForm form = new() { Space = PtxSpace.Generic, Vector = 1 };
        bool hasSpace = false;
        while (!TryTakeType(out form.Type))
        {
            string part = Next();
            switch (part)
            {
                case "weak" or "ca" or "cg" or "cs" or "wb" or "L1::evict_last" or "L1::evict_first" or "L1::evict_normal"
                    or "L1::evict_unchanged" or "L1::no_allocate" or "L2::64B" or "L2::128B" or "L2::256B":
                    break;
                case "nc" or "lu" or "cv" when isLoad:
                    break;
                case "wt" when !isLoad:
                    break;
                case "volatile" or "relaxed" or "acquire" or "release":
                    form.IsStrong = true;
                    break;
                case "sys" or "gpu" or "cta" or "cluster" when form.IsStrong:
                    break;
                case "v2":
                    form.Vector = 2;
                    break;
                case "v4":
                    form.Vector = 4;
                    break;
                case "global" or "shared" or "shared::cta" or "local" or "const" or "param" when !hasSpace:
                    form.Space = SpaceOf(part);
                    hasSpace = true;
                    break;
                default:
                    throw Unsupported($"qualifier '.{part}'");
            }
        }
        return form;
    }

    private static PtxSpace SpaceOf(string part) => part switch
    {
        "global" => PtxSpace.Global,
        "const" => PtxSpace.Constant,
        "shared" or "shared::cta" => PtxSpace.Shared,
        "local" => PtxSpace.Local,
        "param" => PtxSpace.Parameter,
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
        _use.Read(register.Register);
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
        MemoryForm form = TakeMemoryForm(isLoad: true);
        DemandCount(2);
        int flags = SetAddress(1, form.Space) | Shape(form);
        PtxOperand data = Operand(0);
        PtxType register = SetData(data, form, isLoad: true);
        flags |= register.Bytes() == 8 ? Access.WideData : 0;
        flags |= form.Type.IsSigned() && form.Type.Bytes() < register.Bytes() ? Access.Signed : 0;
        flags |= register.Bytes() == 2 ? Access.Data16 : 0;
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
        MemoryForm form = TakeMemoryForm(isLoad: false);
        DemandCount(2);
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
        if (form.Type is PtxType.Pred or PtxType.F16 or PtxType.B128 || form.Type > PtxType.F64
            || form.Type.Bytes() * form.Vector > 16)
        {
            throw Unsupported($"type '.{form.Type.Name()}'");
        }
        return form.Type.Bytes() | (form.Vector << Access.VectorShift) | (form.IsStrong ? Access.Strong : 0);
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
        PtxSpace space = PtxSpace.Generic;
        string operation = "";
        PtxType type;
        while (!TryTakeType(out type))
        {
            string part = Next();
            switch (part)
            {
                case "relaxed" or "acquire" or "release" or "acq_rel" or "sys" or "gpu" or "cta" or "cluster" or "noftz":
                    break;
                case "global" or "shared" or "shared::cta":
                    space = SpaceOf(part);
                    break;
                case "add" or "min" or "max" or "and" or "or" or "xor" or "exch" or "cas" or "inc" or "dec" when operation.Length == 0:
                    operation = part;
                    break;
                default:
                    throw Unsupported($"qualifier '.{part}'");
            }
        }
        int address = isReduction ? 0 : 1;
        bool isSwap = operation == "cas";
        DemandCount(address + (isSwap ? 3 : 2));
        int flags = SetAddress(address, space) | type.Bytes() | (1 << Access.VectorShift) | Access.Strong;
        _op.B = Source(address + 1, type);
        _op.C = isSwap ? Source(address + 2, type) : Op.None;
        _op.D = isReduction ? Op.None : Destination(0, type);
        BeginList();
        AddToList((int)AtomicOf(operation, type));
        _op.Aux = flags;
        _op.Slot = Cache();
        _op.Handler = space switch
        {
            PtxSpace.Global => &AtomicHandlers.Global,
            PtxSpace.Shared => &AtomicHandlers.Shared,
            _ => &AtomicHandlers.Generic,
        };
    }

    private AtomicOperation AtomicOf(string operation, PtxType type)
    {
        bool isInteger = type is PtxType.U32 or PtxType.S32 or PtxType.U64 or PtxType.S64;
        bool isBits = type is PtxType.B32 or PtxType.B64;
        return (operation, type) switch
        {
            ("add", PtxType.F32) => AtomicOperation.AddFloat,
            ("add", PtxType.F64) => AtomicOperation.AddDouble,
            ("add", PtxType.F16) => AtomicOperation.AddHalf,
            ("add", PtxType.BF16) => AtomicOperation.AddBFloat,
            ("add", PtxType.F16x2) => AtomicOperation.AddHalfPair,
            ("add", PtxType.BF16x2) => AtomicOperation.AddBFloatPair,
            ("add", _) when isInteger => AtomicOperation.Add,
            ("min", _) when isInteger =>
                type.IsSigned() ? AtomicOperation.MinSigned : AtomicOperation.MinUnsigned,
            ("max", _) when isInteger =>
                type.IsSigned() ? AtomicOperation.MaxSigned : AtomicOperation.MaxUnsigned,
            ("and", _) when isBits => AtomicOperation.And,
            ("or", _) when isBits => AtomicOperation.Or,
            ("xor", _) when isBits => AtomicOperation.Xor,
            ("exch", _) when isBits => AtomicOperation.Exchange,
            ("cas", _) when isBits => AtomicOperation.CompareAndSwap,
            ("inc", PtxType.U32) => AtomicOperation.Increment,
            ("dec", PtxType.U32) => AtomicOperation.Decrement,
            _ => throw Unsupported(),
        };
    }

    /// <summary>Prefetches: the address is parsed and checked, nothing else happens.</summary>
    private void DecodeHint()
    {
        while (_part < _parts.Length)
        {
            string part = Next();
            if (part is not ("global" or "local" or "L1" or "L2" or "L2::evict_last" or "L2::evict_normal"))
            {
                throw Unsupported($"qualifier '.{part}'");
            }
        }
        SetAddress(0, PtxSpace.Generic);
        _op.Handler = &LaneHandlers.Nothing;
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
        Demand("sync");
        Demand("aligned");
        Demand("m8n8");
        int count =
            Next() switch { "x1" => 1, "x2" => 2, "x4" => 4, string x => throw Unsupported($"'.{x}'") };
        bool isTransposed = Take("trans");
        if (!Take("shared") && !Take("shared::cta"))
        {
            throw Unsupported("'.shared' is expected");
        }
        TakeType(PtxType.B16);
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
