namespace NativeAttention.Emulation;

/// <summary>Moves, address conversions and cvt.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeMove()
    {
        PtxType type = TakeType();
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
            if (!type.IsRegisterType())
            {
                throw Unsupported($"type '.{type.Name()}'");
            }
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
        bool toSpace = Take("to");
        ulong window = Next() switch
        {
            "global" or "const" => 0,
            "shared" => SharedLayout.SharedWindow,
            "local" => SharedLayout.LocalWindow,
            "param" => SharedLayout.ParameterWindow,
            string space => throw Unsupported($"space '.{space}'"),
        };
        PtxType type = TakeType(PtxType.U64);
        DemandCount(2);
        _op.D = Result(0, type);
        _op.A = Source(1, type);
        if (window == 0)
        {
            _op.Handler = &LaneHandlers.Unary<ulong, IntegerOperators.Move64>;
            return;
        }
        _op.B = Constant(window, isWide: true);
        _op.Handler = toSpace
            ? &LaneHandlers.Binary<ulong, IntegerOperators.Subtract64>
                : &LaneHandlers.Binary<ulong, IntegerOperators.Add64>;
    }

    private void DecodeIsSpace()
    {
        ulong window = Next() switch
        {
            "global" => 0,
            "shared" => SharedLayout.SharedWindow,
            "local" => SharedLayout.LocalWindow,
            "param" => SharedLayout.ParameterWindow,
            string space => throw Unsupported($"space '.{space}'"),
        };
        DemandCount(2);
        _op.D = Result(0, PtxType.Pred);
        _op.A = Source(1, PtxType.U64);
        _op.Imm = (long)window;
        _op.Handler = &WarpHandlers.IsSpace;
    }

    private void DecodeConvert()
    {
        ConvertScalars.Rounding rounding = ConvertScalars.Rounding.None;
        bool isIntegerRounding = false;
        if (_part < _parts.Length
            && ParseRounding(_parts[_part], out ConvertScalars.Rounding parsed, out bool isInteger))
        {
            (rounding, isIntegerRounding) = (parsed, isInteger);
            _part++;
        }
        int flags = Take("relu") ? ConvertScalars.ReluFlag : 0;
        bool isFinite = Take("satfinite");
        flags |= !isFinite && Take("relu") ? ConvertScalars.ReluFlag : 0;
        flags |= Take("ftz") ? ConvertScalars.FlushFlag : 0;
        flags |= Take("sat") ? ConvertScalars.SaturateFlag : 0;
        PtxType to = TakeType();
        PtxType from = TakeType();
        if (isFinite)
        {
            throw Unsupported("'.satfinite'");
        }
        if (to is PtxType.F16x2 or PtxType.BF16x2)
        {
            DecodePackedConvert(to, from, rounding, flags);
            return;
        }
        DemandCount(2);
        if (to == PtxType.TF32)
        {
            if (from != PtxType.F32 || rounding != ConvertScalars.Rounding.NearestAway || flags != 0)
            {
                throw Unsupported("tf32 is made by cvt.rna.tf32.f32");
            }
            _op.D = Result(0, PtxType.B32);
            _op.A = Source(1, PtxType.F32);
            _op.Handler = &LaneHandlers.Unary<uint, HalfOperators.FloatToTf32>;
            return;
        }
        DecodeScalarConvert(to, from, rounding, isIntegerRounding, flags);
    }

    private static bool ParseRounding(string text, out ConvertScalars.Rounding rounding, out bool isInteger)
    {
        isInteger = text.Length == 3 && text[2] == 'i';
        rounding = text switch
        {
            "rn" or "rni" => ConvertScalars.Rounding.NearestEven,
            "rz" or "rzi" => ConvertScalars.Rounding.Zero,
            "rm" or "rmi" => ConvertScalars.Rounding.Down,
            "rp" or "rpi" => ConvertScalars.Rounding.Up,
            "rna" => ConvertScalars.Rounding.NearestAway,
            _ => ConvertScalars.Rounding.None,
        };
        return rounding != ConvertScalars.Rounding.None;
    }

    private void DecodePackedConvert(PtxType to, PtxType from, ConvertScalars.Rounding rounding, int flags)
    {
        DemandCount(3);
        if (from != PtxType.F32 || rounding != ConvertScalars.Rounding.NearestEven || flags != 0)
        {
            throw Unsupported("packed conversions are .rn from .f32");
        }
        _op.D = Result(0, PtxType.B32);
        _op.A = Source(1, PtxType.F32);
        _op.B = Source(2, PtxType.F32);
        _op.Handler = to == PtxType.F16x2
            ? &LaneHandlers.Binary<uint, HalfOperators.PackHalf>
                : &LaneHandlers.Binary<uint, HalfOperators.PackBFloat>;
    }

    private void DecodeScalarConvert(
        PtxType to, PtxType from, ConvertScalars.Rounding rounding, bool isIntegerRounding, int flags)
    {
        bool fromFloat = IsConvertFloat(from);
        bool toFloat = IsConvertFloat(to);
        CheckConvert(to, from, fromFloat, toFloat, rounding, isIntegerRounding, flags);
        PtxSymbol d = RegisterOperand(Operand(0));
        PtxType aType = SourceTypeOf(1, from);
        if (d.Type.Bytes() < to.Bytes() || d.Type == PtxType.Pred
            || (toFloat && d.Type.Bytes() != to.Bytes()))
        {
            throw Error($"register '{d.Name}' of type .{d.Type.Name()} cannot take .{to.Name()}");
        }
        _op.A = Source(1, aType);
        _use.Write(d.Register);
        _op.D = SlotOf(d);
        if (flags == 0 && SetFastConvert(to, from, d.Type, aType, rounding))
        {
            return;
        }
        bool cuts = d.Type.Bytes() == 2;
        SetScalar(
            cuts ? &ConvertTo16 : &ConvertScalars.Convert,
            ConvertScalars.Describe(from, to, rounding, flags),
            Widths(d.Type, aType, PtxType.None, PtxType.None));
    }

    private static ulong ConvertTo16(ulong a, ulong b, ulong c, int mode) =>
        (ushort)ConvertScalars.Convert(a, b, c, mode);

    private static bool IsConvertFloat(PtxType type) =>
        type is PtxType.F16 or PtxType.BF16 or PtxType.F32 or PtxType.F64;

    /// <summary>Operands of cvt, ld and st may be wider than the type; the register's own type then
    /// counts.</summary>
    private PtxType SourceTypeOf(int index, PtxType type)
    {
        PtxOperand operand = Operand(index);
        if (operand.Kind != PtxOperandKind.Name
            || _instruction.Scope.Find(operand.Name)?.Kind != PtxSymbolKind.Register)
        {
            return type.Bytes() == 1 ? PtxType.B16 : type;
        }
        PtxType register = FindRegister(operand.Name).Type;
        bool fits = register.Bytes() >= type.Bytes() && register != PtxType.Pred
            && (!IsConvertFloat(type) || register.Bytes() == type.Bytes());
        return fits ? register
            : throw Error(
                $"register '{operand.Name}' of type .{register.Name()} cannot stand for .{type.Name()}");
    }

    private void CheckConvert(
        PtxType to, PtxType from, bool fromFloat, bool toFloat, ConvertScalars.Rounding rounding,
        bool isIntegerRounding, int flags)
    {
        bool isPlain = to.Class() is PtxTypeClass.Signed or PtxTypeClass.Unsigned || toFloat;
        isPlain &= from.Class() is PtxTypeClass.Signed or PtxTypeClass.Unsigned || fromFloat;
        if (!isPlain || rounding == ConvertScalars.Rounding.NearestAway)
        {
            throw Unsupported();
        }
        bool narrows = toFloat
            && (!fromFloat || to.Bytes() < from.Bytes() || (to != from && to.Bytes() == from.Bytes()));
        bool needsRounding = narrows || (fromFloat && !toFloat);
        bool wantsInteger = fromFloat && (!toFloat || (to == from));
        if (needsRounding && rounding == ConvertScalars.Rounding.None)
        {
            throw Unsupported("a rounding is missing");
        }
        if (rounding != ConvertScalars.Rounding.None && isIntegerRounding != wantsInteger)
        {
            throw Unsupported("the rounding does not fit the types");
        }
        if (!fromFloat && !toFloat && (flags & ~ConvertScalars.SaturateFlag) != 0)
        {
            throw Unsupported("'.ftz' on integers");
        }
    }

    /// <summary>The conversions kernels are full of have vector forms.</summary>
    private bool SetFastConvert(PtxType to, PtxType from, PtxType d, PtxType a,
        ConvertScalars.Rounding rounding)
    {
        bool nearest = rounding == ConvertScalars.Rounding.NearestEven;
        switch (from, to)
        {
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
