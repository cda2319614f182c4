namespace NativeAttention.Emulation;

/// <summary>Integer arithmetic, logic, shifts and bit fields.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private bool IsFloatForm => _t.Class() == PtxTypeClass.Float || _t is PtxType.BF16 or PtxType.BF16x2;

    private int Bits => _t.Bytes() * 8;

    private int SignedFlag => _t.IsSigned() ? 1 : 0;

    private void DecodeArithmetic(string name)
    {
        if (IsFloatForm)
        {
            DecodeFloatArithmetic(name);
        }
        else if (Has("cc"))
        {
            DecodeCarry(name == "sub" ? CarryHandlers.Subtracts : 0);
        }
        else if (_t is PtxType.U16x2 or PtxType.S16x2)
        {
            int operation = name switch { "add" => 0, "min" => 1, _ => 2 };
            SetScalar(&Scalars.OnPair,
                operation | (_t == PtxType.S16x2 ? 4 : 0) | (Has("relu") ? 8 : 0));
        }
        else if (Has("relu"))
        {
            SetScalar(&Scalars.RectifiedExtreme, name == "max" ? 1 : 0);
        }
        else if (Has("sat"))
        {
            SetScalar(name == "add" ? &Scalars.AddSaturated : &Scalars.SubtractSaturated, 32);
        }
        else
        {
            _op.Handler = name switch
            {
                "add" => ByWidth(&LaneHandlers.Binary<uint, IntegerOperators.Low16<IntegerOperators.Add32>>,
                    &LaneHandlers.Binary<uint, IntegerOperators.Add32>,
                    &LaneHandlers.Binary<ulong, IntegerOperators.Add64>),
                "sub" => ByWidth(
                    &LaneHandlers.Binary<uint, IntegerOperators.Low16<IntegerOperators.Subtract32>>,
                    &LaneHandlers.Binary<uint, IntegerOperators.Subtract32>,
                    &LaneHandlers.Binary<ulong, IntegerOperators.Subtract64>),
                _ => MinMaxHandler(name == "min"),
            };
        }
    }

    private delegate*<Warp, Op*, void> MinMaxHandler(bool isMin)
    {
        if (_t.IsSigned())
        {
            return isMin
                ? ByWidth(&LaneHandlers.Binary<uint, IntegerOperators.Signed16<IntegerOperators.MinS32>>,
                    &LaneHandlers.Binary<uint, IntegerOperators.MinS32>,
                    &LaneHandlers.Binary<ulong, IntegerOperators.MinS64>)
                : ByWidth(&LaneHandlers.Binary<uint, IntegerOperators.Signed16<IntegerOperators.MaxS32>>,
                    &LaneHandlers.Binary<uint, IntegerOperators.MaxS32>,
                    &LaneHandlers.Binary<ulong, IntegerOperators.MaxS64>);
        }
        return isMin
            ? ByWidth(&LaneHandlers.Binary<uint, IntegerOperators.MinU32>,
                &LaneHandlers.Binary<uint, IntegerOperators.MinU32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.MinU64>)
            : ByWidth(&LaneHandlers.Binary<uint, IntegerOperators.MaxU32>,
                &LaneHandlers.Binary<uint, IntegerOperators.MaxU32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.MaxU64>);
    }

    private delegate*<Warp, Op*, void> ByWidth(
        delegate*<Warp, Op*, void> half, delegate*<Warp, Op*, void> word, delegate*<Warp, Op*, void> wide)
    {
        return _t.Bytes() switch { 2 => half, 4 => word, _ => wide };
    }

    private void DecodeCarry(int mode)
    {
        mode |= _t.Bytes() == 8 ? CarryHandlers.Wide : 0;
        mode |= _t.IsSigned() ? CarryHandlers.Signed : 0;
        mode |= Has("hi") ? CarryHandlers.High : 0;
        mode |= Has("cc") ? CarryHandlers.Writes : 0;
        mode |= _parts[0] is "addc" or "subc" or "madc" ? CarryHandlers.Reads : 0;
        if (_carrySlot == Op.None)
        {
            _carrySlot = AllocateSlot(isWide: false);
        }
        BeginList();
        AddToList(_carrySlot);
        _op.Aux = mode;
        _op.Handler = &CarryHandlers.Run;
    }

    private void DecodeMultiplyAdd(bool isMultiplyAdd)
    {
        if (IsFloatForm)
        {
            DecodeFused();
        }
        else if (Has("cc") || _parts[0] == "madc")
        {
            DecodeCarry(CarryHandlers.Multiplies);
        }
        else if (Has("sat"))
        {
            SetScalar(&Scalars.MultiplyHighAddSaturated, 32);
        }
        else
        {
            DecodeMultiply(isMultiplyAdd);
        }
    }

    private void DecodeMultiply(bool isMultiplyAdd)
    {
        int mode = SignedFlag | (isMultiplyAdd ? 2 : 0);
        switch (_parts[1])
        {
            case "lo" when isMultiplyAdd:
                _op.Handler = ByWidth(&LaneHandlers.Ternary<uint, IntegerOperators.MultiplyAdd16>,
                    &LaneHandlers.Ternary<uint, IntegerOperators.MultiplyAdd32>,
                    &LaneHandlers.Ternary<ulong, IntegerOperators.MultiplyAdd64>);
                break;
            case "lo":
                _op.Handler = ByWidth(
                    &LaneHandlers.Binary<uint, IntegerOperators.Low16<IntegerOperators.Multiply32>>,
                    &LaneHandlers.Binary<uint, IntegerOperators.Multiply32>,
                    &LaneHandlers.Binary<ulong, IntegerOperators.Multiply64>);
                break;
            case "wide" when Bits == 32:
                _op.Aux = mode;
                _op.Handler = &LaneHandlers.MultiplyWide;
                break;
            case "wide":
                SetScalar(_t.IsSigned() ? &Scalars.MultiplyWide16Signed : &Scalars.MultiplyWide16Unsigned, 16);
                break;
            case "hi" when Bits == 32:
                _op.Aux = mode;
                _op.Handler = &LaneHandlers.MultiplyHigh;
                break;
            default:
                SetScalar(_t.IsSigned() ? &Scalars.MultiplyHighSigned : &Scalars.MultiplyHighUnsigned, Bits);
                break;
        }
    }

    private void DecodeMultiply24() =>
        SetScalar(&Scalars.MultiplyAdd24, SignedFlag | (Has("hi") ? 2 : 0) | (Has("sat") ? 4 : 0));

    private void DecodeDivision(string name)
    {
        if (IsFloatForm)
        {
            DecodeFloatDivision();
            return;
        }
        delegate*<ulong, ulong, ulong, int, ulong> function = (name, _t.IsSigned()) switch
        {
            ("div", false) => &Scalars.DivideUnsigned,
            ("div", true) => &Scalars.DivideSigned,
            (_, false) => &Scalars.RemainderUnsigned,
            _ => &Scalars.RemainderSigned,
        };
        SetScalar(function, Bits);
        _op.Handler = &ScalarHandlers.Divide;
    }

    private void DecodeSign(string name)
    {
        if (IsFloatForm)
        {
            DecodeFloatSign(name == "abs");
            return;
        }
        _op.Handler = name == "abs"
            ? ByWidth(&LaneHandlers.Unary<uint, IntegerOperators.Low16Of<IntegerOperators.Absolute32>>,
                &LaneHandlers.Unary<uint, IntegerOperators.Absolute32>,
                &LaneHandlers.Unary<ulong, IntegerOperators.Absolute64>)
            : ByWidth(&LaneHandlers.Unary<uint, IntegerOperators.Low16Of<IntegerOperators.Negate32>>,
                &LaneHandlers.Unary<uint, IntegerOperators.Negate32>,
                &LaneHandlers.Unary<ulong, IntegerOperators.Negate64>);
    }

    private void DecodeLogic(string name)
    {
        if (_t == PtxType.Pred)
        {
            DecodePredicateLogic(name);
            return;
        }
        _op.Handler = name switch
        {
            "not" => ByWidth(&LaneHandlers.Unary<uint, IntegerOperators.Low16Of<IntegerOperators.Not32>>,
                &LaneHandlers.Unary<uint, IntegerOperators.Not32>,
                &LaneHandlers.Unary<ulong, IntegerOperators.Not64>),
            "and" => Word(&LaneHandlers.Binary<uint, IntegerOperators.And32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.And64>),
            "or" => Word(&LaneHandlers.Binary<uint, IntegerOperators.Or32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.Or64>),
            _ => Word(&LaneHandlers.Binary<uint, IntegerOperators.Xor32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.Xor64>),
        };
    }

    private delegate*<Warp, Op*, void> Word(
        delegate*<Warp, Op*, void> word, delegate*<Warp, Op*, void> wide) => ByWidth(word, word, wide);

    private void DecodePredicateLogic(string name)
    {
        bool isNot = name == "not";
        DemandCount(isNot ? 2 : 3);
        _op.A = PredicateOrConstant(1, out bool negatedA);
        bool negatedB = false;
        _op.B = isNot ? _op.A : PredicateOrConstant(2, out negatedB);
        _op.D = Result(0, PtxType.Pred);
        // The truth table has bit (a << 1 | b); '!' swaps its halves or neighbours.
        int table = name switch { "and" => 8, "or" => 14, "xor" => 6, _ => 3 };
        table = negatedA ? (table >> 2) | ((table & 3) << 2) : table;
        table = negatedB ? ((table & 5) << 1) | ((table >> 1) & 5) : table;
        _op.Imm = table;
        _op.Handler = &PredicateHandlers.Logic;
    }

    /// <summary>A predicate operand; clang writes 0 and -1 (or 1) for constant ones.</summary>
    private int PredicateOrConstant(int index, out bool isNegated)
    {
        if (Operand(index).Kind != PtxOperandKind.Integer)
        {
            return SourcePredicate(index, out isNegated);
        }
        isNegated = false;
        return Constant(Operand(index).Bits != 0 ? uint.MaxValue : 0, isWide: false);
    }

    private void DecodeShift(bool isLeft)
    {
        _op.Handler = (isLeft, _t.IsSigned()) switch
        {
            (true, _) => ByWidth(
                &LaneHandlers.Binary<uint, IntegerOperators.Low16<IntegerOperators.ShiftLeft32>>,
                &LaneHandlers.Binary<uint, IntegerOperators.ShiftLeft32>, &ShiftHandlers.Left64),
            (_, false) => Word(&LaneHandlers.Binary<uint, IntegerOperators.ShiftRightU32>, &ShiftHandlers.Right64),
            _ => ByWidth(&LaneHandlers.Binary<uint, IntegerOperators.ShiftRightS16>,
                &LaneHandlers.Binary<uint, IntegerOperators.ShiftRightS32>, &ShiftHandlers.RightSigned64),
        };
    }

    private void DecodeFunnel()
    {
        bool wraps = Has("wrap");
        SetScalar(
            Has("l") ? wraps ? &Scalars.FunnelLeftWrap : &Scalars.FunnelLeftClamp
                : wraps ? &Scalars.FunnelRightWrap : &Scalars.FunnelRightClamp, 0);
    }

    private void DecodeLop3()
    {
        if (_parts.Length == 2)
        {
            _op.Handler = &LaneHandlers.Lop3;
            return;
        }
        // The form that also combines "result is not zero" with a predicate.
        DemandCount(6);
        PtxOperand d = Operand(0);
        bool isPair = d.Kind == PtxOperandKind.Pair;
        _op.A = Source(1, PtxType.B32);
        _op.B = Source(2, PtxType.B32);
        _op.C = Source(3, PtxType.B32);
        _op.Imm = (long)Immediate(4, 255);
        int combined = SourcePredicate(5, out bool isNegated);
        BeginList();
        AddToList(combined);
        _op.D = isPair ? Destination(d.Elements[0], PtxType.B32) : throw Error("a pair 'd|p' is expected");
        _op.Slot = Destination(d.Elements[1], PtxType.Pred);
        _op.Aux = (Has("or") ? 1 : 0) | (isNegated ? 2 : 0);
        _op.Handler = &PredicateHandlers.Lop3;
    }

    private void DecodeBits(string name)
    {
        delegate*<ulong, ulong, ulong, int, ulong> function = name switch
        {
            "popc" => &Scalars.PopulationCount,
            "clz" => &Scalars.LeadingZeros,
            "brev" => &Scalars.ReverseBits,
            "cnot" => &Scalars.ConditionalNot,
            _ => &Scalars.FindLeading,
        };
        SetScalar(function, Bits | (SignedFlag << 8) | (Has("shiftamt") ? 0x200 : 0));
    }

    private void DecodeExtract() =>
        SetScalar(_t.IsSigned() ? &Scalars.ExtractSigned : &Scalars.ExtractUnsigned, Bits);

    private void DecodeInsert()
    {
        _op.Aux = Bits;
        _op.Handler = &WarpHandlers.InsertBits;
    }

    private void DecodePermute()
    {
        string[] modes = ["", "f4e", "b4e", "rc8", "ecl", "ecr", "rc16"];
        SetScalar(&Scalars.Permute, _parts.Length == 3 ? Array.IndexOf(modes, _parts[2]) : 0);
    }

    private void DecodeSumOfDifferences() =>
        SetScalar(_t.IsSigned() ? &Scalars.SumOfDifferencesSigned : &Scalars.SumOfDifferencesUnsigned, Bits);

    private void DecodeDotProduct(bool isFour)
    {
        int mode = SignedFlag | (_u.IsSigned() ? 2 : 0) | (Has("hi") ? 4 : 0);
        SetScalar(isFour ? &Scalars.DotProduct4 : &Scalars.DotProduct2, mode);
    }

    private void DecodeFieldMask(string name)
    {
        bool wraps = Has("wrap");
        if (name == "szext")
        {
            SetScalar(&Scalars.ExtendFrom, SignedFlag | (wraps ? 2 : 0));
        }
        else
        {
            SetScalar(&Scalars.BitMask, wraps ? 1 : 0);
        }
    }
}
