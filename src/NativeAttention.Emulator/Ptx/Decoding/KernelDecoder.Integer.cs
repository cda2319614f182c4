namespace NativeAttention.Emulation;

/// <summary>Integer arithmetic, logic, shifts and bit fields.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeArithmetic(string name)
    {
        PtxType last = PtxTypes.Parse(_parts[^1]);
        if (last.Class() is PtxTypeClass.Float || last is PtxType.BF16 or PtxType.BF16x2)
        {
            DecodeFloatArithmetic(name);
            return;
        }
        if (name == "mul")
        {
            DecodeMultiply(isMultiplyAdd: false);
            return;
        }
        bool saturates = Take("sat");
        PtxType type = TakeType(PtxType.U16, PtxType.U32, PtxType.U64, PtxType.S16, PtxType.S32, PtxType.S64);
        SetOperands(type, type, type);
        if (saturates)
        {
            if (type != PtxType.S32 || name is not ("add" or "sub"))
            {
                throw Unsupported("'.sat'");
            }
            SetScalar(name == "add" ? &Scalars.AddSaturated : &Scalars.SubtractSaturated, 32, 0);
            return;
        }
        _op.Handler = name switch
        {
            "add" => ByWidth(type, &LaneHandlers.Binary<uint, IntegerOperators.Low16<IntegerOperators.Add32>>,
                &LaneHandlers.Binary<uint, IntegerOperators.Add32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.Add64>),
            "sub" =>
                ByWidth(type, &LaneHandlers.Binary<uint, IntegerOperators.Low16<IntegerOperators.Subtract32>>,
                &LaneHandlers.Binary<uint, IntegerOperators.Subtract32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.Subtract64>),
            _ => MinMaxHandler(name == "min", type),
        };
    }

    private static delegate*<Warp, Op*, void> MinMaxHandler(bool isMin, PtxType type)
    {
        if (type.IsSigned())
        {
            return isMin
                ? ByWidth(type,
                    &LaneHandlers.Binary<uint, IntegerOperators.Signed16<IntegerOperators.MinS32>>,
                    &LaneHandlers.Binary<uint, IntegerOperators.MinS32>,
                    &LaneHandlers.Binary<ulong, IntegerOperators.MinS64>)
                : ByWidth(type,
                    &LaneHandlers.Binary<uint, IntegerOperators.Signed16<IntegerOperators.MaxS32>>,
                    &LaneHandlers.Binary<uint, IntegerOperators.MaxS32>,
                    &LaneHandlers.Binary<ulong, IntegerOperators.MaxS64>);
        }
        return isMin
            ? ByWidth(type, &LaneHandlers.Binary<uint, IntegerOperators.MinU32>,
                &LaneHandlers.Binary<uint, IntegerOperators.MinU32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.MinU64>)
            : ByWidth(type, &LaneHandlers.Binary<uint, IntegerOperators.MaxU32>,
                &LaneHandlers.Binary<uint, IntegerOperators.MaxU32>,
                &LaneHandlers.Binary<ulong, IntegerOperators.MaxU64>);
    }

    private static delegate*<Warp, Op*, void> ByWidth(
        PtxType type, delegate*<Warp, Op*, void> half, delegate*<Warp, Op*, void> word, delegate*<Warp, Op*,
        void> wide)
    {
        return type.Bytes() switch { 2 => half, 4 => word, _ => wide };
    }

    /// <summary>D, A and B of a two-operand instruction.</summary>
    private void SetOperands(PtxType d, PtxType a, PtxType b)
    {
        DemandCount(3);
        _op.A = Source(1, a);
        _op.B = Source(2, b);
        _op.D = Result(0, d);
    }

    private void SetUnaryOperands(PtxType d, PtxType a)
    {
        DemandCount(2);
        _op.A = Source(1, a);
        _op.D = Result(0, d);
    }

    private void DecodeMultiplyAdd()
    {
        PtxType last = PtxTypes.Parse(_parts[^1]);
        if (last is PtxType.F32 or PtxType.F64)
        {
            DecodeFused();
            return;
        }
        DecodeMultiply(isMultiplyAdd: true);
    }

    private void DecodeMultiply(bool isMultiplyAdd)
    {
        string part = Next();
        PtxType type = TakeType(PtxType.U16, PtxType.U32, PtxType.U64, PtxType.S16, PtxType.S32, PtxType.S64);
        bool isWide = part == "wide";
        PtxType result = isWide ? Wider(type) : type;
        DemandCount(isMultiplyAdd ? 4 : 3);
        _op.A = Source(1, type);
        _op.B = Source(2, type);
        _op.C = isMultiplyAdd ? Source(3, result) : Op.None;
        _op.D = Result(0, result);
        int bits = type.Bytes() * 8;
        switch (part)
        {
            case "lo" when isMultiplyAdd:
                _op.Handler = ByWidth(type, &LaneHandlers.Ternary<uint, IntegerOperators.MultiplyAdd16>,
                    &LaneHandlers.Ternary<uint, IntegerOperators.MultiplyAdd32>,
                    &LaneHandlers.Ternary<ulong, IntegerOperators.MultiplyAdd64>);
                break;
            case "lo":
                _op.Handler =
                    ByWidth(type,
                        &LaneHandlers.Binary<uint, IntegerOperators.Low16<IntegerOperators.Multiply32>>,
                    &LaneHandlers.Binary<uint, IntegerOperators.Multiply32>,
                    &LaneHandlers.Binary<ulong, IntegerOperators.Multiply64>);
                break;
            case "wide" when bits == 32:
                _op.Aux = (type.IsSigned() ? 1 : 0) | (isMultiplyAdd ? 2 : 0);
                _op.Handler = &LaneHandlers.MultiplyWide;
                break;
            case "wide" when bits == 16:
                SetScalar(type.IsSigned() ? &Scalars.MultiplyWide16Signed : &Scalars.MultiplyWide16Unsigned,
                    16, 0);
                break;
            case "hi" when bits == 32:
                _op.Aux = (type.IsSigned() ? 1 : 0) | (isMultiplyAdd ? 2 : 0);
                _op.Handler = &LaneHandlers.MultiplyHigh;
                break;
            case "hi":
                SetScalar(type.IsSigned() ? &Scalars.MultiplyHighSigned : &Scalars.MultiplyHighUnsigned,
                    bits, Widths(type, type, type, type));
                break;
            default:
                throw Unsupported($"'.{part}'");
        }
    }

    private PtxType Wider(PtxType type) => type switch
    {
        PtxType.U16 => PtxType.U32,
        PtxType.S16 => PtxType.S32,
        PtxType.U32 => PtxType.U64,
        PtxType.S32 => PtxType.S64,
        _ => throw Unsupported("'.wide' of 64 bits"),
    };

    private void DecodeDivision(string name)
    {
        PtxType last = PtxTypes.Parse(_parts[^1]);
        if (last.Class() == PtxTypeClass.Float)
        {
            DecodeFloatDivision();
            return;
        }
        PtxType type = TakeType(PtxType.U16, PtxType.U32, PtxType.U64, PtxType.S16, PtxType.S32, PtxType.S64);
        SetOperands(type, type, type);
        delegate*<ulong, ulong, ulong, int, ulong> function = (name, type.IsSigned()) switch
        {
            ("div", false) => &Scalars.DivideUnsigned,
            ("div", true) => &Scalars.DivideSigned,
            (_, false) => &Scalars.RemainderUnsigned,
            _ => &Scalars.RemainderSigned,
        };
        SetScalar(function, type.Bytes() * 8, Widths(type, type, type, PtxType.None));
        _op.Handler = &ScalarHandlers.Divide;
    }

    private void DecodeSign(string name)
    {
        PtxType last = PtxTypes.Parse(_parts[^1]);
        if (last.Class() is PtxTypeClass.Float || last is PtxType.BF16 or PtxType.BF16x2)
        {
            DecodeFloatSign(name == "abs");
            return;
        }
        PtxType type = TakeType(PtxType.S16, PtxType.S32, PtxType.S64);
        SetUnaryOperands(type, type);
        _op.Handler = name == "abs"
            ? ByWidth(type, &LaneHandlers.Unary<uint, IntegerOperators.Low16Of<IntegerOperators.Absolute32>>,
                &LaneHandlers.Unary<uint, IntegerOperators.Absolute32>,
                &LaneHandlers.Unary<ulong, IntegerOperators.Absolute64>)
            : ByWidth(type, &LaneHandlers.Unary<uint, IntegerOperators.Low16Of<IntegerOperators.Negate32>>,
                &LaneHandlers.Unary<uint, IntegerOperators.Negate32>,
                &LaneHandlers.Unary<ulong, IntegerOperators.Negate64>);
    }

    private void DecodeLogic(string name)
    {
        PtxType type = TakeType(PtxType.Pred, PtxType.B16, PtxType.B32, PtxType.B64);
        if (type == PtxType.Pred)
        {
            DecodePredicateLogic(name);
            return;
        }
        if (name == "cnot")
        {
            SetUnaryOperands(type, type);
            SetScalar(&Scalars.ConditionalNot, 0, Widths(type, type, PtxType.None, PtxType.None));
            return;
        }
        if (name == "not")
        {
            SetUnaryOperands(type, type);
            _op.Handler =
                ByWidth(type, &LaneHandlers.Unary<uint, IntegerOperators.Low16Of<IntegerOperators.Not32>>,
                &LaneHandlers.Unary<uint, IntegerOperators.Not32>,
                &LaneHandlers.Unary<ulong, IntegerOperators.Not64>);
            return;
        }
        SetOperands(type, type, type);
        bool isWide = type.Bytes() == 8;
        _op.Handler = name switch
        {
            "and" =>
                isWide ? &LaneHandlers.Binary<ulong, IntegerOperators.And64>
                    : &LaneHandlers.Binary<uint, IntegerOperators.And32>,
            "or" =>
                isWide ? &LaneHandlers.Binary<ulong, IntegerOperators.Or64>
                    : &LaneHandlers.Binary<uint, IntegerOperators.Or32>,
            _ =>
                isWide ? &LaneHandlers.Binary<ulong, IntegerOperators.Xor64>
                    : &LaneHandlers.Binary<uint, IntegerOperators.Xor32>,
        };
    }

    private void DecodePredicateLogic(string name)
    {
        bool isNot = name == "not";
        DemandCount(isNot ? 2 : 3);
        _op.A = PredicateOrConstant(1, out bool negatedA);
        bool negatedB = false;
        _op.B = isNot ? _op.A : PredicateOrConstant(2, out negatedB);
        _op.D = Result(0, PtxType.Pred);
        // The truth table has bit (a << 1 | b); '!' swaps its halves or neighbours.
        int table = name switch { "and" => 8, "or" => 14, "xor" => 6, "not" => 3, _ => throw Unsupported() };
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
        PtxType type = isLeft
            ? TakeType(PtxType.B16, PtxType.B32, PtxType.B64)
            : TakeType(PtxType.B16, PtxType.B32, PtxType.B64, PtxType.U16, PtxType.U32, PtxType.U64,
                PtxType.S16, PtxType.S32, PtxType.S64);
        SetOperands(type, type, PtxType.U32);
        bool isSigned = type.IsSigned();
        _op.Handler = (isLeft, isSigned, type.Bytes()) switch
        {
            (true, _, 2) => &LaneHandlers.Binary<uint, IntegerOperators.Low16<IntegerOperators.ShiftLeft32>>,
            (true, _, 4) => &LaneHandlers.Binary<uint, IntegerOperators.ShiftLeft32>,
            (true, _, _) => &ShiftHandlers.Left64,
            (false, false, 2 or 4) => &LaneHandlers.Binary<uint, IntegerOperators.ShiftRightU32>,
            (false, false, _) => &ShiftHandlers.Right64,
            (false, true, 2) => &LaneHandlers.Binary<uint, IntegerOperators.ShiftRightS16>,
            (false, true, 4) => &LaneHandlers.Binary<uint, IntegerOperators.ShiftRightS32>,
            _ => &ShiftHandlers.RightSigned64,
        };
    }

    private void DecodeFunnel()
    {
        bool isLeft = Next() switch { "l" => true, "r" => false, string d => throw Unsupported($"'.{d}'") };
        bool wraps =
            Next() switch { "wrap" => true, "clamp" => false, string m => throw Unsupported($"'.{m}'") };
        TakeType(PtxType.B32);
        DemandCount(4);
        _op.A = Source(1, PtxType.B32);
        _op.B = Source(2, PtxType.B32);
        _op.C = Source(3, PtxType.U32);
        _op.D = Result(0, PtxType.B32);
        SetScalar(
            isLeft ? wraps ? &Scalars.FunnelLeftWrap : &Scalars.FunnelLeftClamp
                : wraps ? &Scalars.FunnelRightWrap : &Scalars.FunnelRightClamp, 0, 0);
    }

    private void DecodeLop3()
    {
        TakeType(PtxType.B32);
        DemandCount(5);
        _op.A = Source(1, PtxType.B32);
        _op.B = Source(2, PtxType.B32);
        _op.C = Source(3, PtxType.B32);
        _op.Imm = (long)Immediate(4, 255);
        _op.D = Result(0, PtxType.B32);
        _op.Handler = &LaneHandlers.Lop3;
    }

    private void DecodeBits(string name)
    {
        bool isFind = name == "bfind";
        int mode = isFind && Take("shiftamt") ? 0x200 : 0;
        PtxType type = isFind ? TakeType(PtxType.U32, PtxType.U64, PtxType.S32, PtxType.S64)
            : TakeType(PtxType.B32, PtxType.B64);
        PtxType result = name == "brev" ? type : PtxType.U32;
        SetUnaryOperands(result, type);
        int bits = type.Bytes() * 8;
        delegate*<ulong, ulong, ulong, int, ulong> function = name switch
        {
            "popc" => &Scalars.PopulationCount,
            "clz" => &Scalars.LeadingZeros,
            "brev" => &Scalars.ReverseBits,
            _ => &Scalars.FindLeading,
        };
        SetScalar(function, bits | mode | (type.IsSigned() ? 0x100 : 0),
            Widths(result, type, PtxType.None, PtxType.None));
    }

    private void DecodeExtract()
    {
        PtxType type = TakeType(PtxType.U32, PtxType.U64, PtxType.S32, PtxType.S64);
        DemandCount(4);
        _op.A = Source(1, type);
        _op.B = Source(2, PtxType.U32);
        _op.C = Source(3, PtxType.U32);
        _op.D = Result(0, type);
        SetScalar(type.IsSigned() ? &Scalars.ExtractSigned : &Scalars.ExtractUnsigned,
            type.Bytes() * 8, Widths(type, type, PtxType.U32, PtxType.U32));
    }

    private void DecodeInsert()
    {
        PtxType type = TakeType(PtxType.B32, PtxType.B64);
        DemandCount(5);
        _op.A = Source(1, type);
        _op.B = Source(2, type);
        int position = Source(3, PtxType.U32);
        int length = Source(4, PtxType.U32);
        BeginList();
        AddToList(position);
        AddToList(length);
        _op.D = Result(0, type);
        _op.Aux = type.Bytes() * 8;
        _op.Handler = &WarpHandlers.InsertBits;
    }

    private void DecodePermute()
    {
        TakeType(PtxType.B32);
        DemandCount(4);
        _op.A = Source(1, PtxType.B32);
        _op.B = Source(2, PtxType.B32);
        _op.C = Source(3, PtxType.B32);
        _op.D = Result(0, PtxType.B32);
        SetScalar(&Scalars.Permute, 0, 0);
    }

    private void DecodeSumOfDifferences()
    {
        PtxType type = TakeType(PtxType.U16, PtxType.U32, PtxType.U64, PtxType.S16, PtxType.S32, PtxType.S64);
        DemandCount(4);
        _op.A = Source(1, type);
        _op.B = Source(2, type);
        _op.C = Source(3, type);
        _op.D = Result(0, type);
        SetScalar(type.IsSigned() ? &Scalars.SumOfDifferencesSigned : &Scalars.SumOfDifferencesUnsigned,
            type.Bytes() * 8, Widths(type, type, type, type));
    }

    private void DecodeDotProduct()
    {
        PtxType a = TakeType(PtxType.U32, PtxType.S32);
        PtxType b = TakeType(PtxType.U32, PtxType.S32);
        PtxType sum = a.IsSigned() || b.IsSigned() ? PtxType.S32 : PtxType.U32;
        DemandCount(4);
        _op.A = Source(1, PtxType.B32);
        _op.B = Source(2, PtxType.B32);
        _op.C = Source(3, sum);
        _op.D = Result(0, sum);
        SetScalar(&Scalars.DotProduct4, (a.IsSigned() ? 1 : 0) | (b.IsSigned() ? 2 : 0), 0);
    }
}
