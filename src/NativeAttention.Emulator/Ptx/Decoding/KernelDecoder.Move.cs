namespace NativeAttention.Emulation;

/// <summary>Moves, address conversions and cvt.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeMove()
    {
        PtxType type = _t;
        DemandCount(2);
        if (Operand(0).Kind == PtxOperandKind.Vector)
        {
            DecodeUnpack(type);
        }
        else if (Operand(1).Kind == PtxOperandKind.Vector)
        {
            DecodePack(type);
        }
        else if (type == PtxType.Pred)
        {
            DecodePredicateMove();
        }
        else if (Operand(1).Kind == PtxOperandKind.Name
            && Operand(1).Name is "%clock" or "%clock64" or "%globaltimer" or "%clock_hi")
        {
            _op.D = Result(0, type);
            _op.Aux = type.Bytes() == 8 ? 1 : 0;
            _op.Handler = &WarpHandlers.Clock;
        }
        else
        {
            _op.D = Result(0, type);
            _op.A = Source(1, type);
            _op.Handler = type.Bytes() == 8
                ? &LaneHandlers.Unary<ulong, IntegerOperators.Move64>
                    : &LaneHandlers.Unary<uint, IntegerOperators.Move32>;
        }
    }

    private void DecodePredicateMove()
    {
        _op.D = Result(0, PtxType.Pred);
        if (Operand(1).Kind == PtxOperandKind.Integer)
        {
            _op.Imm = Immediate(1, ulong.MaxValue) != 0 ? uint.MaxValue : 0;
            _op.Handler = &PredicateHandlers.Set;
            return;
        }
        _op.A = _op.B = SourcePredicate(1, out bool isNegated);
        _op.Imm = isNegated ? 1 : 8;
        _op.Handler = &PredicateHandlers.Logic;
    }

    private void DecodePack(PtxType type)
    {
        PtxOperand[] elements = Operand(1).Elements;
        _op.D = Result(0, type);
        switch (type.Bytes(), elements.Length)
        {
            case (4, 2):
                _op.A = Source(elements[0], PtxType.B16);
                _op.B = Source(elements[1], PtxType.B16);
                _op.Handler = &LaneHandlers.Pack32;
                break;
            case (8, 2):
                _op.A = Source(elements[0], PtxType.B32);
                _op.B = Source(elements[1], PtxType.B32);
                _op.Handler = &LaneHandlers.Pack64;
                break;
            case (8, 4):
                DecodeFourHalves(elements, isPack: true);
                break;
            default:
                throw Unsupported($"{elements.Length} elements");
        }
    }

    private void DecodeUnpack(PtxType type)
    {
        PtxOperand[] elements = Operand(0).Elements;
        _op.A = Source(1, type);
        switch (type.Bytes(), elements.Length)
        {
            case (4, 2):
                _op.D = Destination(elements[0], PtxType.B16);
                _op.B = Destination(elements[1], PtxType.B16);
                _op.Handler = &LaneHandlers.Unpack32;
                break;
            case (8, 2):
                _op.D = Destination(elements[0], PtxType.B32);
                _op.B = Destination(elements[1], PtxType.B32);
                _op.Handler = &LaneHandlers.Unpack64;
                break;
            case (8, 4):
                DecodeFourHalves(elements, isPack: false);
                break;
            default:
                throw Unsupported($"{elements.Length} elements");
        }
    }

    private void DecodeFourHalves(PtxOperand[] elements, bool isPack)
    {
        BeginList();
        foreach (PtxOperand element in elements)
        {
            AddToList(isPack ? Source(element, PtxType.B16) : Destination(element, PtxType.B16));
        }
        _op.Aux = isPack ? 0 : 1;
        _op.Handler = &WarpHandlers.FourHalves;
    }

    private void DecodeConvertAddress()
    {
        if (_t != PtxType.U64)
        {
            throw Unsupported("addresses have 64 bits");
        }
        DemandCount(2);
        _op.D = Result(0, _t);
        _op.A = Source(1, _t);
        ulong window = Window(SpaceOf(_parts[^2]));
        if (window == 0)
        {
            _op.Handler = &LaneHandlers.Unary<ulong, IntegerOperators.Move64>;
            return;
        }
        _op.B = Constant(window, isWide: true);
        _op.Handler = Has("to") ? &LaneHandlers.Binary<ulong, IntegerOperators.Subtract64>
            : &LaneHandlers.Binary<ulong, IntegerOperators.Add64>;
    }

    private void DecodeIsSpace()
    {
        DemandCount(2);
        _op.D = Result(0, PtxType.Pred);
        _op.A = Source(1, PtxType.U64);
        _op.Imm = (long)Window(SpaceOf(_parts[1]));
        _op.Handler = &WarpHandlers.IsSpace;
    }

    private void DecodeConvert()
    {
        PtxType to = _t;
        PtxType from = _u == PtxType.None ? _t : _u;
        int flags = (Has("relu") ? ConvertScalars.ReluFlag : 0) | (Has("ftz") ? ConvertScalars.FlushFlag : 0)
            | (Has("sat") ? ConvertScalars.SaturateFlag : 0) | (Has("satfinite") ? ConvertScalars.FiniteFlag : 0)
            | (_parts[1] is "rni" or "rzi" or "rmi" or "rpi" ? ConvertScalars.IntegerFlag : 0);
        if (IsPair(to))
        {
            DecodePackedConvert(to, from, flags);
        }
        else
        {
            DecodeScalarConvert(to, from, flags);
        }
    }

    private static bool IsPair(PtxType type) =>
        type is PtxType.F16x2 or PtxType.BF16x2 or PtxType.E4M3x2 or PtxType.E5M2x2;

    private void DecodePackedConvert(PtxType to, PtxType from, int flags)
    {
        PtxType d = to.Bytes() == 2 ? PtxType.B16 : PtxType.B32;
        int mode = ConvertScalars.Describe(from, to, Rounding, flags);
        _widths = 0;
        if (IsPair(from))
        {
            DemandCount(2);
            _op.A = Source(1, from.Bytes() == 2 ? PtxType.B16 : PtxType.B32);
            _op.D = Result(0, d);
            SetScalar(&ConvertScalars.ConvertPair, mode);
            return;
        }
        DemandCount(3);
        _op.A = Source(1, PtxType.F32);
        _op.B = Source(2, PtxType.F32);
        _op.D = Result(0, d);
        if (flags == 0 && Rounding == FloatRounding.NearestEven)
        {
            _op.Handler = to == PtxType.F16x2 ? &LaneHandlers.Binary<uint, HalfOperators.PackHalf>
                : &LaneHandlers.Binary<uint, HalfOperators.PackBFloat>;
            return;
        }
        SetScalar(&ConvertScalars.ConvertToPair, mode);
    }

    private void DecodeScalarConvert(PtxType to, PtxType from, int flags)
    {
        DemandCount(2);
        PtxSymbol d = RegisterOperand(Operand(0));
        PtxType aType = SourceTypeOf(1, from);
        bool fits = to.Class() is PtxTypeClass.Signed or PtxTypeClass.Unsigned
            ? d.Type.Bytes() >= to.Bytes() && d.Type.Class() != PtxTypeClass.Float : to.Accepts(d.Type);
        if (!fits || d.Type == PtxType.Pred)
        {
            throw Error($"register '{d.Name}' of type .{d.Type.Name()} cannot take .{to.Name()}");
        }
        _op.A = Source(1, aType);
        _use.Write(NumberOf(d));
        _op.D = SlotOf(d);
        if (flags == 0 && SetFastConvert(to, from, d.Type, aType))
        {
            return;
        }
        _widths = Widths(d.Type, aType);
        SetScalar(d.Type.Bytes() == 2 ? &ConvertTo16 : &ConvertScalars.Convert,
            ConvertScalars.Describe(from, to, Rounding, flags));
    }

    private static ulong ConvertTo16(ulong a, ulong b, ulong c, int mode) =>
        (ushort)ConvertScalars.Convert(a, b, c, mode);

    private static bool IsConvertFloat(PtxType type) =>
        type is PtxType.F16 or PtxType.BF16 or PtxType.F32 or PtxType.F64;

    /// <summary>Operands of cvt may be wider than the type; the register's own type then counts.</summary>
    private PtxType SourceTypeOf(int index, PtxType type)
    {
        PtxOperand operand = Operand(index);
        if (operand.Kind != PtxOperandKind.Name
            || _instruction.Scope.Find(operand.Name)?.Kind != PtxSymbolKind.Register)
        {
            return type.Bytes() == 1 ? PtxType.B16 : type;
        }
        PtxType register = FindRegister(operand.Name).Type;
        bool fits = IsConvertFloat(type) ? type.Accepts(register)
            : register.Bytes() >= type.Bytes() && register != PtxType.Pred && register.Class() != PtxTypeClass.Float;
        return fits ? register
            : throw Error(
                $"register '{operand.Name}' of type .{register.Name()} cannot stand for .{type.Name()}");
    }

    /// <summary>The conversions kernels are full of have vector forms.</summary>
    private bool SetFastConvert(PtxType to, PtxType from, PtxType d, PtxType a)
    {
        bool nearest = Rounding == FloatRounding.NearestEven;
        switch (from, to)
        {
            case (PtxType.F32, PtxType.TF32) when Rounding == FloatRounding.NearestAway:
                _op.Handler = &LaneHandlers.Unary<uint, HalfOperators.FloatToTf32>;
                return true;
            case (PtxType.F16, PtxType.F32):
                _op.Handler = &LaneHandlers.Unary<uint, HalfOperators.HalfToFloat>;
                return true;
            case (PtxType.BF16, PtxType.F32):
                _op.Handler = &LaneHandlers.Unary<uint, HalfOperators.BFloatToFloat>;
                return true;
            case (PtxType.F32, PtxType.F16) when nearest:
                _op.Handler = &LaneHandlers.Unary<uint, HalfOperators.FloatToHalf>;
                return true;
            case (PtxType.F32, PtxType.BF16) when nearest:
                _op.Handler = &LaneHandlers.Unary<uint, HalfOperators.FloatToBFloat>;
                return true;
            case (PtxType.S32, PtxType.F32) when nearest:
                _op.Handler = &LaneHandlers.Unary<uint, FloatOperators.FromSigned>;
                return true;
            case (PtxType.U32, PtxType.F32) when nearest:
                _op.Handler = &LaneHandlers.Unary<uint, FloatOperators.FromUnsigned>;
                return true;
            case (PtxType.U32, PtxType.U64 or PtxType.S64) when a.Bytes() == 4 && d.Bytes() == 8:
                _op.Handler = &LaneHandlers.WidenUnsigned;
                return true;
            case (PtxType.S32, PtxType.S64 or PtxType.U64) when a.Bytes() == 4 && d.Bytes() == 8:
                _op.Handler = &LaneHandlers.WidenSigned;
                return true;
            case (PtxType.U16, PtxType.U32 or PtxType.S32) when a.Bytes() == 2 && d.Bytes() == 4:
                _op.Handler = &LaneHandlers.Unary<uint, IntegerOperators.Move32>;
                return true;
            case (PtxType.S16, PtxType.S32 or PtxType.U32) when a.Bytes() <= 4 && d.Bytes() == 4:
                _op.Handler = &LaneHandlers.Unary<uint, IntegerOperators.SignExtend16>;
                return true;
            case (PtxType.U64 or PtxType.S64, PtxType.U32 or PtxType.S32) when d.Bytes() == 4:
                _op.Handler = &LaneHandlers.Narrow;
                return true;
            case (PtxType.U32 or PtxType.S32, PtxType.U16 or PtxType.S16) when a.Bytes() == 4
                && d.Bytes() == 2:
                _op.Handler = &LaneHandlers.Unary<uint, IntegerOperators.Truncate16>;
                return true;
            default:
                return false;
        }
    }
}
