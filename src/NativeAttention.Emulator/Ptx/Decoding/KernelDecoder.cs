using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>
/// Turns the instructions of a kernel into <see cref="Op"/>s: by full opcode and declared operand types,
/// everything unknown refused. One instruction gives one op. This file holds operands and slots; the groups
/// of instructions have files of their own.
/// </summary>
internal sealed unsafe partial class KernelDecoder
{
    private readonly PtxFunction _kernel;
    private readonly Dictionary<PtxFunction, int> _firstRegister = [];
    private readonly PtxErrors _errors;
    private readonly List<Op> _ops = [];
    private readonly List<BlockEnd> _ends = [];
    private readonly List<int> _targets = [];
    private readonly List<int> _flops = [];
    private readonly List<string> _opcodes = [];
    private readonly List<(int Line, int Start, int End)> _statements = [];
    private readonly List<int> _lists = [];
    private readonly Dictionary<(ulong Bits, bool IsWide), int> _constants = [];
    private readonly Dictionary<(SpecialRegister, bool IsWide), int> _specials = [];
    private readonly int[] _slots;
    private readonly PtxType[] _types;
    private readonly string[] _names;
    private readonly RegisterUse _use = new();
    private int _predicateEnd;
    private int _slotEnd;
    private int _caches;
    private bool _hasAsyncReaders;
    private int _carrySlot = Op.None;

    // The instruction being decoded.
    private PtxFunction _function;
    private PtxInstruction _instruction = null!;
    private string[] _parts = [];
    private int _part;
    private Op _op;

    // What the table of forms says of it: its first two types, which operands are 64 bits wide or predicates.
    private PtxType _t;
    private PtxType _u;
    private int _widths;
    private bool _isNegated;
    private BlockEnd _end;
    private int _target;
    private int _flop;

    private KernelDecoder(PtxFunction kernel, List<PtxFunction> callees, PtxErrors errors)
    {
        (_kernel, _function, _errors) = (kernel, kernel, errors);
        int registers = 0;
        int predicates = 0;
        foreach (PtxFunction function in (IEnumerable<PtxFunction>)[kernel, .. callees])
        {
            _firstRegister.Add(function, registers);
            registers += function.RegisterCount;
            predicates += function.PredicateCount;
        }
        _slots = new int[registers];
        _types = new PtxType[registers];
        _names = new string[registers];
        Array.Fill(_slots, Op.None);
        _slotEnd = ((predicates * 4) + 63) & ~63;
    }

    /// <summary>
    /// Decodes a kernel. Problems are added to <paramref name="errors"/>; the result is only meaningful when
    /// there are none.
    /// </summary>
    public static PtxProgram? Decode(
        string module,
        string text,
        PtxFunction function,
        List<PtxFunction> callees,
        PtxErrors errors)
    {
        KernelDecoder decoder = new(function, callees, errors);
        int before = errors.Count;
        decoder.DecodeAll();
        return errors.Count > before ? null : decoder.Build(module, text);
    }

    private void DecodeAll()
    {
        DecodeBody(_kernel);
        AppendReturn();
    }

    /// <summary>Starts an op of an instruction.</summary>
    private void Begin(PtxInstruction instruction)
    {
        _instruction = instruction;
        _parts = instruction.Opcode.Split('.');
        _part = 1;
        _op = new Op { D = Op.None, A = Op.None, B = Op.None, C = Op.None, Guard = Op.None, Slot = Op.None };
        (_end, _target, _flop) = (BlockEnd.FallThrough, -1, 0);
        _use.BeginOp();
    }

    private void DecodeOne(PtxInstruction instruction)
    {
        InstructionForm? form = FindForm(instruction.Opcode);
        if (form?.Operands is not null)
        {
            SetOperands(form.Operands);
        }
        DecodeByMnemonic();
        if (form is null && _part != _parts.Length)
        {
            throw Unsupported($"qualifier '.{_parts[_part]}'");
        }
        ApplyGuard(instruction);
        AppendStatement();
    }

    /// <summary>The row of the table that allows the opcode, or null for a mnemonic that is not in the
    /// table.</summary>
    private InstructionForm? FindForm(string opcode)
    {
        InstructionForm? form = InstructionForms.Find(opcode);
        if (form is null)
        {
            string unknown = InstructionForms.FirstUnknown(opcode);
            return InstructionForms.ByMnemonic.Contains(_parts[0])
                ? throw Unsupported(unknown.Length > 0 ? $"qualifier '.{unknown}'" : "a qualifier is missing")
                : null;
        }
        (_t, _u) = (PtxType.None, PtxType.None);
        foreach (string part in _parts)
        {
            PtxType type = PtxTypes.Parse(part);
            (_t, _u) = type == PtxType.None ? (_t, _u)
                : _t == PtxType.None ? (type, _u) : (_t, _u == PtxType.None ? type : _u);
        }
        return InstructionForms.Lack(_function.Level, form, _parts) is string lack ? throw Error(lack) : form;
    }

    /// <summary>True when the opcode has this qualifier.</summary>
    private bool Has(string qualifier) => Array.IndexOf(_parts, qualifier, 1) > 0;

    /// <summary>Reads the operands that the table of forms tells of, sources first, into A, B, C, the list and
    /// D.</summary>
    private void SetOperands(string[] kinds)
    {
        DemandCount(kinds.Length);
        (_widths, _isNegated) = (0, false);
        for (int i = 1; i < kinds.Length; i++)
        {
            SetSource(i, kinds[i]);
        }
        if (kinds.Length > 0)
        {
            SetDestination(kinds[0]);
        }
    }

    private void SetSource(int index, string kind)
    {
        if (kind[0] == '#')
        {
            _op.Imm = (long)Immediate(index, ulong.Parse(kind.AsSpan(1), CultureInfo.InvariantCulture));
            return;
        }
        if (kind == "p")
        {
            _op.C = SourcePredicate(index, out _isNegated);
            _widths |= ScalarHandlers.PredicateC;
            return;
        }
        PtxType type = TypeOf(kind);
        int slot = Source(index, type);
        _widths |= type.Bytes() == 8 && index <= 3 ? ScalarHandlers.WideD << index : 0;
        switch (index)
        {
            case 1:
                _op.A = slot;
                break;
            case 2:
                _op.B = slot;
                break;
            case 3:
                _op.C = slot;
                break;
            default:
                BeginList();
                AddToList(slot);
                break;
        }
    }

    private void SetDestination(string kind)
    {
        PtxOperand operand = Operand(0);
        if (kind == "q" && operand.Kind == PtxOperandKind.Pair)
        {
            _op.D = Destination(operand.Elements[0], PtxType.Pred);
            _op.Slot = Destination(operand.Elements[1], PtxType.Pred);
            return;
        }
        PtxType type = kind == "q" ? PtxType.Pred : TypeOf(kind);
        _op.D = Result(0, type);
        _widths |= type == PtxType.Pred ? ScalarHandlers.PredicateD : type.Bytes() == 8 ? ScalarHandlers.WideD : 0;
    }

    private PtxType TypeOf(string kind) => kind switch
    {
        "T" => _t,
        "U" => _u,
        "W" => _t switch
        {
            PtxType.U16 => PtxType.U32,
            PtxType.S16 => PtxType.S32,
            PtxType.U32 => PtxType.U64,
            _ => PtxType.S64,
        },
        _ => PtxTypes.Parse(kind),
    };

    private void ApplyGuard(PtxInstruction instruction)
    {
        if (instruction.Guard is null)
        {
            return;
        }
        PtxSymbol guard = FindRegister(instruction.Guard);
        if (guard.Type != PtxType.Pred)
        {
            throw Error($"the guard '{instruction.Guard}' is not a predicate");
        }
        _op.Guard = SlotOf(guard) | (instruction.IsGuardNegated ? 1 : 0);
        _use.Read(NumberOf(guard));
        _use.IsGuarded = true;
        if (_end == BlockEnd.FallThrough)
        {
            _op.Inner = _op.Handler;
            _op.Handler = &LaneHandlers.Guarded;
        }
    }

    private void Append(string opcode, (int Line, int Start, int End) statement)
    {
        _op.Statement = _statements.Count;
        _statements.Add(statement);
        _ops.Add(_op);
        _ends.Add(_end);
        _targets.Add(_target);
        _flops.Add(_flop);
        _opcodes.Add(opcode);
        _use.EndOp();
    }

    /// <summary>Ends the text with a return, so that every block has a successor or is an exit.</summary>
    private void AppendReturn()
    {
        _op = new Op { Guard = Op.None, Handler = &LaneHandlers.Nothing };
        (_end, _target, _flop) = (BlockEnd.Exit, -1, 0);
        _use.BeginOp();
        (int Line, int Start, int End) last = _statements.Count > 0 ? _statements[^1]
            : (_kernel.Line, 0, 0);
        Append("ret", last);
    }

    // ---- qualifiers ----

    private bool Take(string part)
    {
        if (_part < _parts.Length && _parts[_part] == part)
        {
            _part++;
            return true;
        }
        return false;
    }

    private void Demand(string part)
    {
        if (!Take(part))
        {
            throw Unsupported($"qualifier '.{part}' is expected");
        }
    }

    private bool TryTakeType(out PtxType type)
    {
        type = _part < _parts.Length ? PtxTypes.Parse(_parts[_part]) : PtxType.None;
        if (type == PtxType.None)
        {
            return false;
        }
        _part++;
        return true;
    }

    private PtxType TakeType()
    {
        return TryTakeType(out PtxType type) ? type : throw Unsupported("a type is expected");
    }

    private PtxType TakeType(params ReadOnlySpan<PtxType> allowed)
    {
        PtxType type = TakeType();
        return allowed.Contains(type) ? type : throw Unsupported($"type '.{type.Name()}'");
    }

    private string Next() =>
        _part < _parts.Length ? _parts[_part++] : throw Unsupported("a qualifier is missing");

    // ---- errors ----

    private PtxParseException Unsupported(string detail = "")
    {
        string tail = detail.Length > 0 ? $" ({detail})" : "";
        return new PtxParseException(
            _instruction.Line,
            $"unsupported instruction '{_instruction.Opcode}' in kernel '{_function.Name}'{tail}");
    }

    private PtxParseException Error(string message)
    {
        return new PtxParseException(_instruction.Line,
            $"{message}, in '{_instruction.Opcode}' of kernel '{_function.Name}'");
    }

    // ---- operands ----

    private int Count => _instruction.Operands.Length;

    private PtxOperand Operand(int index)
    {
        return index < Count ? _instruction.Operands[index] : throw Error($"operand {index + 1} is missing");
    }

    private void DemandCount(int count)
    {
        if (Count != count)
        {
            throw Error($"{count} operands are expected, not {Count}");
        }
    }

    private PtxSymbol FindRegister(string name)
    {
        PtxSymbol? symbol = _instruction.Scope.Find(name);
        if (symbol is null)
        {
            throw Error(name.StartsWith('%') ? $"register '{name}' is not declared"
                : $"'{name}' is not declared");
        }
        return symbol.Kind == PtxSymbolKind.Register ? symbol : throw Error($"'{name}' is not a register");
    }

    /// <summary>The number of a register among those of the kernel and all that it calls.</summary>
    private int NumberOf(PtxSymbol register) => _firstRegister[_function] + register.Register;

    private int SlotOf(PtxSymbol register)
    {
        int number = NumberOf(register);
        ref int slot = ref _slots[number];
        if (slot == Op.None)
        {
            (_types[number], _names[number]) = (register.Type, register.Name);
            if (register.Type == PtxType.Pred)
            {
                slot = _predicateEnd;
                _predicateEnd += 4;
            }
            else
            {
                slot = AllocateSlot(register.Type.Bytes() == 8);
            }
        }
        return slot;
    }

    private int AllocateSlot(bool isWide)
    {
        int slot = _slotEnd;
        _slotEnd += isWide ? 256 : 128;
        return slot;
    }

    /// <summary>A destination register of exactly the instruction's type.</summary>
    private int Destination(int index, PtxType type) => Destination(Operand(index), type);

    private int Destination(PtxOperand operand, PtxType type)
    {
        if (operand.Kind == PtxOperandKind.Sink)
        {
            return Op.None;
        }
        PtxSymbol register = RegisterOperand(operand);
        DemandAccepts(type, register);
        _use.Write(NumberOf(register));
        return SlotOf(register);
    }

    /// <summary>A destination that must be written.</summary>
    private int Result(int index, PtxType type)
    {
        return Operand(index).Kind == PtxOperandKind.Sink ? throw Error("'_' cannot stand here")
            : Destination(index, type);
    }

    private PtxSymbol RegisterOperand(PtxOperand operand)
    {
        if (operand.Kind != PtxOperandKind.Name || operand.IsNegated)
        {
            throw Error("a register is expected");
        }
        return FindRegister(operand.Name);
    }

    private void DemandAccepts(PtxType type, PtxSymbol register)
    {
        if (!type.Accepts(register.Type))
        {
            throw Error(
                $"register '{register.Name}' of type .{register.Type.Name()} cannot stand for .{type.Name()}");
        }
    }

    /// <summary>A source of exactly the instruction's type: register, special register, variable address or
    /// constant.</summary>
    private int Source(int index, PtxType type) => Source(Operand(index), type);

    private int Source(PtxOperand operand, PtxType type)
    {
        bool isWide = type.Bytes() == 8;
        switch (operand.Kind)
        {
            case PtxOperandKind.Name:
                return SourceName(operand, type, isWide);
            case PtxOperandKind.Integer when type.Class() != PtxTypeClass.Float && type != PtxType.Pred:
                return Constant(Scalars.Cut(operand.Bits, type.Bytes() * 8), isWide);
            case PtxOperandKind.Float32 when type is PtxType.F32 or PtxType.B32:
                return Constant(operand.Bits, isWide: false);
            case PtxOperandKind.Float32 when type == PtxType.F64:
                return Constant(
                    BitConverter.DoubleToUInt64Bits(BitConverter.UInt32BitsToSingle((uint)operand.Bits)),
                    isWide: true);
            case PtxOperandKind.Float64 when type is PtxType.F64 or PtxType.B64:
                return Constant(operand.Bits, isWide: true);
            case PtxOperandKind.Float64 when type is PtxType.F32 or PtxType.B32:
                float single = (float)BitConverter.UInt64BitsToDouble(operand.Bits);
                return Constant(BitConverter.SingleToUInt32Bits(single), isWide: false);
            default:
                throw Error($"an operand of type .{type.Name()} is expected");
        }
    }

    private int SourceName(PtxOperand operand, PtxType type, bool isWide)
    {
        if (operand.IsNegated)
        {
            throw Error("'!' cannot stand here");
        }
        PtxSymbol? symbol = _instruction.Scope.Find(operand.Name);
        if (symbol is null && operand.Name.StartsWith('%'))
        {
            return Special(operand.Name, type, isWide);
        }
        if (symbol is { IsCallParameter: true })
        {
            throw Unsupported($"the address of the parameter '{symbol.Name}'");
        }
        if (symbol?.Kind == PtxSymbolKind.Variable && type.Bytes() >= 4 && type.Class() != PtxTypeClass.Float)
        {
            return Constant(symbol.Address, isWide);
        }
        PtxSymbol register = FindRegister(operand.Name);
        DemandAccepts(type, register);
        _use.Read(NumberOf(register));
        return SlotOf(register);
    }

    private int Constant(ulong bits, bool isWide)
    {
        if (!_constants.TryGetValue((bits, isWide), out int slot))
        {
            slot = AllocateSlot(isWide);
            _constants.Add((bits, isWide), slot);
        }
        return slot;
    }

    private int Special(string name, PtxType type, bool isWide)
    {
        SpecialRegister register = name switch
        {
            "%tid.x" => SpecialRegister.TidX,
            "%tid.y" => SpecialRegister.TidY,
            "%tid.z" => SpecialRegister.TidZ,
            "%ntid.x" => SpecialRegister.NtidX,
            "%ntid.y" => SpecialRegister.NtidY,
            "%ntid.z" => SpecialRegister.NtidZ,
            "%ctaid.x" => SpecialRegister.CtaidX,
            "%ctaid.y" => SpecialRegister.CtaidY,
            "%ctaid.z" => SpecialRegister.CtaidZ,
            "%nctaid.x" => SpecialRegister.NctaidX,
            "%nctaid.y" => SpecialRegister.NctaidY,
            "%nctaid.z" => SpecialRegister.NctaidZ,
            "%laneid" => SpecialRegister.LaneId,
            "%warpid" => SpecialRegister.WarpId,
            "%nwarpid" => SpecialRegister.NwarpId,
            "%smid" => SpecialRegister.SmId,
            "%nsmid" => SpecialRegister.NsmId,
            "%gridid" => SpecialRegister.GridId,
            "%lanemask_eq" => SpecialRegister.LaneMaskEq,
            "%lanemask_lt" => SpecialRegister.LaneMaskLt,
            "%lanemask_le" => SpecialRegister.LaneMaskLe,
            "%lanemask_gt" => SpecialRegister.LaneMaskGt,
            "%lanemask_ge" => SpecialRegister.LaneMaskGe,
            "%clusterid.x" => SpecialRegister.CtaidX,
            "%clusterid.y" => SpecialRegister.CtaidY,
            "%clusterid.z" => SpecialRegister.CtaidZ,
            "%nclusterid.x" => SpecialRegister.NctaidX,
            "%nclusterid.y" => SpecialRegister.NctaidY,
            "%nclusterid.z" => SpecialRegister.NctaidZ,
            "%cluster_ctaid.x" or "%cluster_ctaid.y" or "%cluster_ctaid.z" or "%cluster_ctarank" =>
                SpecialRegister.Zero,
            "%cluster_nctaid.x" or "%cluster_nctaid.y" or "%cluster_nctaid.z" or "%cluster_nctarank" =>
                SpecialRegister.One,
            "%dynamic_smem_size" => SpecialRegister.DynamicSharedBytes,
            "%total_smem_size" => SpecialRegister.TotalSharedBytes,
            _ => throw Error($"'{name}' is neither a declared register nor a supported special register"),
        };
        bool fits = register == SpecialRegister.GridId ? type.Bytes() == 8 : type.Bytes() == 4;
        if (!fits || type.Class() == PtxTypeClass.Float)
        {
            throw Error($"special register '{name}' cannot be read as .{type.Name()}");
        }
        if (!_specials.TryGetValue((register, isWide), out int slot))
        {
            slot = AllocateSlot(isWide);
            _specials.Add((register, isWide), slot);
        }
        return slot;
    }

    /// <summary>A predicate source, which may be written with '!'.</summary>
    private int SourcePredicate(int index, out bool isNegated)
    {
        PtxOperand operand = Operand(index);
        if (operand.Kind != PtxOperandKind.Name)
        {
            throw Error("a predicate is expected");
        }
        isNegated = operand.IsNegated;
        PtxSymbol register = FindRegister(operand.Name);
        if (register.Type != PtxType.Pred)
        {
            throw Error($"'{operand.Name}' is not a predicate");
        }
        _use.Read(NumberOf(register));
        return SlotOf(register);
    }

    /// <summary>Starts a list of offsets for <see cref="Op.List"/>.</summary>
    private void BeginList() => _op.List = (int*)(nint)(_lists.Count + 1);

    private void AddToList(int value) => _lists.Add(value);

    private ulong Immediate(int index, ulong most)
    {
        PtxOperand operand = Operand(index);
        if (operand.Kind != PtxOperandKind.Integer)
        {
            throw Error("an integer constant is expected");
        }
        return operand.Bits <= most
            ? operand.Bits
                : throw Error(string.Create(CultureInfo.InvariantCulture,
                    $"constant {operand.Bits} is above {most}"));
    }

    /// <summary>Runs a scalar function on the operands that the table of forms has set.</summary>
    private void SetScalar(delegate*<ulong, ulong, ulong, int, ulong> function, int mode)
    {
        _op.Handler = &ScalarHandlers.Each;
        _op.Imm = (long)(nint)function;
        _op.Slot = mode;
        _op.Aux = _widths;
    }

    private static int Widths(PtxType d, PtxType a) =>
        (d.Bytes() == 8 ? ScalarHandlers.WideD : 0) | (a.Bytes() == 8 ? ScalarHandlers.WideA : 0);
}
