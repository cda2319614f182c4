using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>
/// Bodies of functions, calls and branch tables. A call is replaced by the body that it names, whose returns become
/// jumps behind the call; since nothing can recurse, one set of registers and local variables for each function is
/// enough. The parameters of the function are the caller's arguments themselves.
/// </summary>
internal sealed unsafe partial class KernelDecoder
{
    private readonly HashSet<PtxInstruction> _refused = [];

    // Targets inside a body are known by instruction until all of it is decoded; such targets lie below -1.
    private static int Pending(int instruction) => -2 - instruction;

    private void DecodeBody(PtxFunction function)
    {
        PtxFunction caller = _function;
        _function = function;
        int firstOp = _ops.Count;
        int[] opOf = new int[function.Instructions.Count + 1];
        for (int i = 0; i < function.Instructions.Count; i++)
        {
            opOf[i] = _ops.Count;
            try
            {
                DecodeInstruction(function.Instructions[i], i);
            }
            catch (PtxParseException problem)
            {
                // A body is decoded once for each call of it.
                if (_refused.Add(function.Instructions[i]))
                {
                    _errors.Add(problem, function, function.Instructions[i].Span);
                }
            }
            _function = function;
        }
        opOf[^1] = _ops.Count;
        for (int op = firstOp; op < _ops.Count; op++)
        {
            _targets[op] = _targets[op] < -1 ? opOf[-2 - _targets[op]] : _targets[op];
        }
        _function = caller;
    }

    private void DecodeInstruction(PtxInstruction instruction, int index)
    {
        Begin(instruction);
        switch (_parts[0])
        {
            case "call":
                FindForm(instruction.Opcode);
                DecodeCall(index);
                break;
            case "brx":
                FindForm(instruction.Opcode);
                DecodeBranchTable();
                break;
            default:
                DecodeOne(instruction);
                break;
        }
    }

    private void AppendStatement() => Append(_instruction.Opcode,
        (_instruction.Line, _instruction.Span.Start, _instruction.Span.End));

    private void DecodeCall(int index)
    {
        PtxOperand[] operands = _instruction.Operands;
        int name = Array.FindIndex(operands, o => o.Kind == PtxOperandKind.Name);
        PtxFunction callee = CallGraph.Callee(_instruction)?.Body
            ?? throw Error("the name of a function with a body in this module is expected");
        bool isOrdered = name is 0 or 1 && operands.Length - name is 1 or 2;
        if (!isOrdered || callee.IsEntry)
        {
            throw Error("'(results), function, (arguments)' is expected");
        }
        Bind(callee.Results, name == 1 ? operands[0] : null, "result");
        Bind(callee.Parameters, name + 1 < operands.Length ? operands[name + 1] : null, "argument");
        // Lanes that the guard keeps back go on behind the body.
        _op.Handler = &LaneHandlers.Nothing;
        if (_instruction.Guard is not null)
        {
            _end = BlockEnd.Branch;
            ApplyGuard(_instruction);
            _op.Guard ^= 1;
            _target = Pending(index + 1);
        }
        AppendStatement();
        DecodeBody(callee);
    }

    /// <summary>Gives the parameters of a function the places of the caller's variables.</summary>
    private void Bind(List<PtxSymbol> parameters, PtxOperand? given, string what)
    {
        PtxOperand[] actual = given?.Elements ?? [];
        if (actual.Length != parameters.Count)
        {
            throw Error(string.Create(CultureInfo.InvariantCulture,
                $"{parameters.Count} {what}s are expected, not {actual.Length}"));
        }
        for (int i = 0; i < actual.Length; i++)
        {
            PtxSymbol? variable = _instruction.Scope.Find(actual[i].Name);
            if (variable is not { IsCallParameter: true })
            {
                throw Unsupported($"{what} {i + 1} is not a .param variable");
            }
            if (variable.Bytes != parameters[i].Bytes || variable.Alignment < parameters[i].Alignment)
            {
                throw Error($"{what} '{variable.Name}' does not have the size and alignment of '{parameters[i].Name}'");
            }
            parameters[i].Address = variable.Address;
        }
    }

    /// <summary>brx.idx: a ladder of comparisons and branches, since every block ends in at most two ways.</summary>
    private void DecodeBranchTable()
    {
        DemandCount(2);
        int index = Source(0, PtxType.U32);
        PtxOperand list = Operand(1);
        List<string> targets = _instruction.Scope.Find(list.Name)?.Targets
            ?? throw Error($"'{list.Name}' is not a list of .branchtargets");
        int choice = AllocateSlot(isWide: false);
        for (int i = 0; i < targets.Count; i++)
        {
            Begin(_instruction);
            (_op.A, _op.B, _op.D) = (index, Constant((uint)i, isWide: false), choice);
            _op.Handler = &PredicateHandlers.Compare<uint, IntegerOperators.Equal32>;
            ApplyGuard(_instruction);
            if (_instruction.Guard is not null)
            {
                // Lanes that do not branch must not choose either.
                _op.Handler = _op.Inner;
                _op.Aux = PredicateHandlers.CombineAnd | ((_op.Guard & 1) != 0 ? PredicateHandlers.NegateOperand : 0);
                (_op.C, _op.Guard) = (_op.Guard & ~1, Op.None);
            }
            AppendStatement();
            Begin(_instruction);
            _op.Guard = choice;
            _op.Handler = &LaneHandlers.Nothing;
            (_end, _target) = (BlockEnd.Branch, Pending(LabelOf(targets[i])));
            AppendStatement();
        }
        Begin(_instruction);
        _op.Handler = &WarpHandlers.BadIndex;
        ApplyGuard(_instruction);
        AppendStatement();
    }

    private int LabelOf(string name) =>
        _instruction.Scope.Find(name) is { Kind: PtxSymbolKind.Label, Targets: null } label
            ? (int)label.Address : throw Error($"label '{name}' is not defined");
}
