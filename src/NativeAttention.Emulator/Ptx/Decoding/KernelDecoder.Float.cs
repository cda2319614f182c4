namespace NativeAttention.Emulation;

/// <summary>Floating-point arithmetic, comparison and selection.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeFloatArithmetic(string name)
    {
        bool isMinMax = name is "min" or "max";
        if (!isMinMax)
        {
            TakeNearest();
        }
        bool flushes = Take("ftz");
        bool saturates = !isMinMax && Take("sat");
        bool propagates = isMinMax && Take("NaN");
        PtxType type =
            TakeType(PtxType.F32, PtxType.F64, PtxType.F16, PtxType.F16x2, PtxType.BF16, PtxType.BF16x2);
        SetOperands(type, type, type);
        if (type is PtxType.F32)
        {
            _op.Handler = FloatHandler(name, flushes, saturates, propagates);
            return;
        }
        if (flushes && type == PtxType.F64 || saturates)
        {
            throw Unsupported("'.ftz' or '.sat' on this type");
        }
        if (type == PtxType.F64)
        {
            _op.Handler = DoubleHandler(name, propagates);
            return;
        }
        SetSmallHandler(name, type, propagates);
    }

    private static delegate*<Warp, Op*, void> FloatHandler(string name, bool flushes, bool saturates,
    bool propagates)
    {
        return name switch
        {
            "add" => Wrapped<FloatOperators.Add32>(flushes, saturates),
            "sub" => Wrapped<FloatOperators.Subtract32>(flushes, saturates),
            "mul" => Wrapped<FloatOperators.Multiply32>(flushes, saturates),
            "min" when propagates => Wrapped<FloatOperators.MinNaN32>(flushes, saturates),
            "min" => Wrapped<FloatOperators.Min32>(flushes, saturates),
            "max" when propagates => Wrapped<FloatOperators.MaxNaN32>(flushes, saturates),
            _ => Wrapped<FloatOperators.Max32>(flushes, saturates),
        };
    }

    private static delegate*<Warp, Op*, void> Wrapped<TOperator>(bool flushes, bool saturates)
        where TOperator : struct, IBinary<uint>
    {
        return (flushes, saturates) switch
        {
            (false, false) => &LaneHandlers.Binary<uint, TOperator>,
            (true, false) => &LaneHandlers.Binary<uint, FloatOperators.FlushBinary<TOperator>>,
            (false, true) => &LaneHandlers.Binary<uint, FloatOperators.SaturateBinary<TOperator>>,
            _ =>
                &LaneHandlers.Binary<uint,
                    FloatOperators.SaturateBinary<FloatOperators.FlushBinary<TOperator>>>,
        };
    }

    private static delegate*<Warp, Op*, void> WrappedUnary<TOperator>(bool flushes)
        where TOperator : struct, IUnary<uint>
    {
        return flushes ? &LaneHandlers.Unary<uint, FloatOperators.FlushUnary<TOperator>>
            : &LaneHandlers.Unary<uint, TOperator>;
    }

    private static delegate*<Warp, Op*, void> DoubleHandler(string name, bool propagates) => name switch
    {
        "add" => &LaneHandlers.Binary<ulong, FloatOperators.Add64>,
        "sub" => &LaneHandlers.Binary<ulong, FloatOperators.Subtract64>,
        "mul" => &LaneHandlers.Binary<ulong, FloatOperators.Multiply64>,
        "min" =>
            propagates ? &LaneHandlers.Binary<ulong, FloatOperators.MinNaN64>
                : &LaneHandlers.Binary<ulong, FloatOperators.Min64>,
        _ =>
            propagates ? &LaneHandlers.Binary<ulong, FloatOperators.MaxNaN64>
                : &LaneHandlers.Binary<ulong, FloatOperators.Max64>,
    };

    /// <summary>16-bit formats: through binary32 where that is exact, else lane by lane.</summary>
    private void SetSmallHandler(string name, PtxType type, bool propagates)
    {
        switch (name)
        {
            case "add":
                _op.Handler = Small<FloatOperators.Add32>(type);
                break;
            case "sub":
                _op.Handler = Small<FloatOperators.Subtract32>(type);
                break;
            case "mul":
                SetScalar(&Scalars.MultiplyHalf, SmallFormat(type), 0);
                break;
            case "min":
                _op.Handler = propagates ? Small<FloatOperators.MinNaN32>(type)
                    : Small<FloatOperators.Min32>(type);
                break;
            default:
                _op.Handler = propagates ? Small<FloatOperators.MaxNaN32>(type)
                    : Small<FloatOperators.Max32>(type);
                break;
        }
    }

    private static delegate*<Warp, Op*, void> Small<TOperator>(PtxType type)
        where TOperator : struct, IBinary<uint>
    {
        return type switch
        {
            PtxType.F16 => &LaneHandlers.Binary<uint, HalfOperators.OnHalf<TOperator>>,
            PtxType.F16x2 => &LaneHandlers.Binary<uint, HalfOperators.OnHalfPair<TOperator>>,
            PtxType.BF16 => &LaneHandlers.Binary<uint, HalfOperators.OnBFloat<TOperator>>,
            _ => &LaneHandlers.Binary<uint, HalfOperators.OnBFloatPair<TOperator>>,
        };
    }

    /// <summary>Bit 0: bfloat16; bit 1: a packed pair.</summary>
    private static int SmallFormat(PtxType type)
    {
        return (type is PtxType.BF16 or PtxType.BF16x2 ? 1 : 0)
            | (type is PtxType.F16x2 or PtxType.BF16x2 ? 2 : 0);
    }

    private void TakeNearest()
    {
        if (_part < _parts.Length && _parts[_part] is "rz" or "rm" or "rp")
        {
            throw Unsupported($"rounding '.{_parts[_part]}'");
        }
        Take("rn");
    }

    private void DecodeFused()
    {
        TakeNearest();
        bool flushes = Take("ftz");
        bool saturates = Take("sat");
        bool relu = Take("relu");
        PtxType type =
            TakeType(PtxType.F32, PtxType.F64, PtxType.F16, PtxType.F16x2, PtxType.BF16, PtxType.BF16x2);
        DemandCount(4);
        _op.A = Source(1, type);
        _op.B = Source(2, type);
        _op.C = Source(3, type);
        _op.D = Result(0, type);
        switch (type)
        {
            case PtxType.F32 when !relu:
                _op.Handler = (flushes, saturates) switch
                {
                    (false, false) => &LaneHandlers.Ternary<uint, FloatOperators.FusedMultiplyAdd32>,
                    (true, false) =>
                        &LaneHandlers.Ternary<uint,
                            FloatOperators.FlushTernary<FloatOperators.FusedMultiplyAdd32>>,
                    (false, true) =>
                        &LaneHandlers.Ternary<uint,
                            FloatOperators.SaturateTernary<FloatOperators.FusedMultiplyAdd32>>,
                    _ => &LaneHandlers.Ternary<uint,
                        FloatOperators.SaturateTernary<FloatOperators.FlushTernary<FloatOperators.FusedMultiplyAdd32>>>,
                };
                break;
            case PtxType.F64 when !relu && !flushes && !saturates:
                _op.Handler = &LaneHandlers.Ternary<ulong, FloatOperators.FusedMultiplyAdd64>;
                break;
            case PtxType.F16 or PtxType.F16x2 or PtxType.BF16 or PtxType.BF16x2 when !flushes && !saturates:
                SetScalar(&Scalars.FusedHalf, SmallFormat(type) | (relu ? 4 : 0), 0);
                break;
            default:
                throw Unsupported();
        }
    }

    private void DecodeFloatDivision()
    {
        bool isApproximate = Take("approx") || Take("full");
        if (!isApproximate)
        {
            TakeNearest();
        }
        bool flushes = Take("ftz");
        PtxType type = TakeType(PtxType.F32, PtxType.F64);
        SetOperands(type, type, type);
        if (type == PtxType.F64 && (flushes || isApproximate))
        {
            throw Unsupported();
        }
        _op.Handler = type == PtxType.F64
            ? &LaneHandlers.Binary<ulong, FloatOperators.Divide64>
                : Wrapped<FloatOperators.Divide32>(flushes, saturates: false);
    }

    private void DecodeFloatSign(bool isAbsolute)
    {
        bool flushes = Take("ftz");
        PtxType type =
            TakeType(PtxType.F32, PtxType.F64, PtxType.F16, PtxType.F16x2, PtxType.BF16, PtxType.BF16x2);
        SetUnaryOperands(type, type);
        _op.Handler = type switch
        {
            PtxType.F32 =>
                isAbsolute ? WrappedUnary<FloatOperators.Absolute32>(flushes)
                    : WrappedUnary<FloatOperators.Negate32>(flushes),
            PtxType.F64 => isAbsolute
                ? &LaneHandlers.Unary<ulong, FloatOperators.Absolute64>
                    : &LaneHandlers.Unary<ulong, FloatOperators.Negate64>,
            PtxType.F16 or PtxType.BF16 => isAbsolute
                ? &LaneHandlers.Unary<uint, HalfOperators.AbsoluteLow>
                    : &LaneHandlers.Unary<uint, HalfOperators.NegateLow>,
            _ => isAbsolute
                ? &LaneHandlers.Unary<uint, HalfOperators.AbsolutePair>
                    : &LaneHandlers.Unary<uint, HalfOperators.NegatePair>,
        };
    }

    private void DecodeSpecial(string name)
    {
        bool isApproximate = Take("approx");
        if (!isApproximate)
        {
            if (name is not ("rcp" or "sqrt"))
            {
                throw Unsupported("'.approx' is expected");
            }
            TakeNearest();
        }
        bool flushes = Take("ftz");
        PtxType type =
            TakeType(PtxType.F32, PtxType.F64, PtxType.F16, PtxType.F16x2, PtxType.BF16, PtxType.BF16x2);
        SetUnaryOperands(type, type);
        if (type == PtxType.F64)
        {
            _op.Handler = (name, isApproximate) switch
            {
                ("sqrt", false) => &LaneHandlers.Unary<ulong, FloatOperators.SquareRoot64>,
                ("rcp", false) => &LaneHandlers.Unary<ulong, FloatOperators.Reciprocal64>,
                _ => throw Unsupported(),
            };
            return;
        }
        if (type != PtxType.F32)
        {
            SetScalar(
                name switch
                {
                    "ex2" => &Scalars.Exp2Half,
                    "tanh" => &Scalars.TanhHalf,
                    _ => throw Unsupported()
                }, SmallFormat(type), 0);
            return;
        }
        SetSpecialHandler(name, flushes);
    }

    private void SetSpecialHandler(string name, bool flushes)
    {
        switch (name)
        {
            case "rcp":
                _op.Handler = WrappedUnary<FloatOperators.Reciprocal32>(flushes);
                break;
            case "sqrt":
                _op.Handler = WrappedUnary<FloatOperators.SquareRoot32>(flushes);
                break;
            case "rsqrt":
                _op.Handler = WrappedUnary<FloatOperators.ReciprocalSquareRoot32>(flushes);
                break;
            case "ex2":
                _op.Handler = WrappedUnary<FloatOperators.Exp2>(flushes);
                break;
            case "lg2":
                SetScalar(&Scalars.Log2, flushes ? 1 : 0, 0);
                break;
            case "sin":
                SetScalar(&Scalars.Sine, flushes ? 1 : 0, 0);
                break;
            case "cos":
                SetScalar(&Scalars.Cosine, flushes ? 1 : 0, 0);
                break;
            default:
                SetScalar(&Scalars.HyperbolicTangent, flushes ? 1 : 0, 0);
                break;
        }
    }

    private void DecodeCopySign()
    {
        PtxType type = TakeType(PtxType.F32, PtxType.F64);
        SetOperands(type, type, type);
        SetScalar(type == PtxType.F32 ? &Scalars.CopySign32 : &Scalars.CopySign64, 0,
            Widths(type, type, type, PtxType.None));
    }

    private void DecodeTestProperty()
    {
        int property = Next() switch
        {
            "finite" => 0,
            "infinite" => 1,
            "number" => 2,
            "notanumber" => 3,
            "normal" => 4,
            "subnormal" => 5,
            string other => throw Unsupported($"'.{other}'"),
        };
        PtxType type = TakeType(PtxType.F32, PtxType.F64);
        SetUnaryOperands(PtxType.Pred, type);
        SetScalar(&Scalars.TestProperty, property | (type == PtxType.F64 ? 0x100 : 0),
            Widths(PtxType.Pred, type, PtxType.None, PtxType.None) | ScalarHandlers.PredicateD);
    }

    private void DecodeSelect()
    {
        PtxType type = TakeType();
        if (type.Bytes() is not (2 or 4 or 8) || type == PtxType.Pred
            || !type.IsRegisterType() && type != PtxType.None)
        {
            throw Unsupported();
        }
        DemandCount(4);
        _op.A = Source(1, type);
        _op.B = Source(2, type);
        _op.C = SourcePredicate(3, out bool isNegated);
        _op.D = Result(0, type);
        if (isNegated)
        {
            (_op.A, _op.B) = (_op.B, _op.A);
        }
        _op.Handler = type.Bytes() == 8 ? &PredicateHandlers.Select<ulong> : &PredicateHandlers.Select<uint>;
    }

    private void DecodeSelectBySign()
    {
        Take("ftz");
        PtxType type = TakeType(
            PtxType.B16, PtxType.B32, PtxType.B64, PtxType.U16, PtxType.U32, PtxType.U64, PtxType.S16,
            PtxType.S32, PtxType.S64,
            PtxType.F32, PtxType.F64);
        PtxType by = TakeType(PtxType.S32, PtxType.F32);
        DemandCount(4);
        _op.A = Source(1, type);
        _op.B = Source(2, type);
        _op.C = Source(3, by);
        _op.D = Result(0, type);
        SetScalar(&Scalars.SelectBySign, by == PtxType.F32 ? 1 : 0, Widths(type, type, type, by));
    }

    private void DecodeSetPredicate()
    {
        string comparison = Next();
        int combine = Take("and") ? PredicateHandlers.CombineAnd : Take("or") ? PredicateHandlers.CombineOr
            : Take("xor") ? PredicateHandlers.CombineXor : 0;
        bool flushes = Take("ftz");
        PtxType type = TakeType();
        DemandCount(combine == 0 ? 3 : 4);
        _op.A = Source(1, type);
        _op.B = Source(2, type);
        if (combine != 0)
        {
            _op.C = SourcePredicate(3, out bool isNegated);
            combine |= isNegated ? PredicateHandlers.NegateOperand : 0;
        }
        _op.Aux = combine;
        PtxOperand d = Operand(0);
        _op.D = d.Kind == PtxOperandKind.Pair ? Destination(d.Elements[0], PtxType.Pred)
            : Result(0, PtxType.Pred);
        _op.Slot = d.Kind == PtxOperandKind.Pair ? Destination(d.Elements[1], PtxType.Pred) : Op.None;
        if (flushes && type != PtxType.F32)
        {
            throw Unsupported("'.ftz' on this type");
        }
        _op.Handler = ComparisonHandler(comparison, type, flushes);
    }

    private delegate*<Warp, Op*, void> ComparisonHandler(string comparison, PtxType type, bool flushes) =>
        type switch
        {
            PtxType.F32 => flushes ? FlushedComparison(comparison) : FloatComparison(comparison),
            PtxType.F64 => DoubleComparison(comparison),
            PtxType.F16 => HalfComparison(comparison),
            PtxType.BF16 => BFloatComparison(comparison),
            PtxType.U16 or PtxType.B16 or PtxType.S16 or PtxType.U32 or PtxType.B32 or PtxType.S32 or PtxType.U64 or PtxType.B64
                or PtxType.S64 => IntegerComparison(comparison, type),
            _ => throw Unsupported(),
        };

    private delegate*<Warp, Op*, void> IntegerComparison(string comparison, PtxType type)
    {
        bool isBits = type.Class() == PtxTypeClass.Bits;
        bool isSigned = type.IsSigned();
        bool isEquality = comparison is "eq" or "ne";
        bool isUnsignedName = comparison is "lo" or "ls" or "hi" or "hs";
        if ((isBits && !isEquality) || (isSigned && isUnsignedName))
        {
            throw Unsupported($"'.{comparison}' on .{type.Name()}");
        }
        return (comparison, isSigned) switch
        {
            ("eq", _) => Compared<IntegerOperators.Equal32, IntegerOperators.Equal64>(type),
            ("ne", _) => Compared<IntegerOperators.NotEqual32, IntegerOperators.NotEqual64>(type),
            ("lt", true) => Compared<IntegerOperators.LessS32, IntegerOperators.LessS64>(type),
            ("le", true) => Compared<IntegerOperators.LessEqualS32, IntegerOperators.LessEqualS64>(type),
            ("gt", true) => Compared<IntegerOperators.GreaterS32, IntegerOperators.GreaterS64>(type),
            ("ge", true) =>
                Compared<IntegerOperators.GreaterEqualS32, IntegerOperators.GreaterEqualS64>(type),
            ("lt" or "lo", false) => Compared<IntegerOperators.LessU32, IntegerOperators.LessU64>(type),
            ("le" or "ls", false) =>
                Compared<IntegerOperators.LessEqualU32, IntegerOperators.LessEqualU64>(type),
            ("gt" or "hi", false) => Compared<IntegerOperators.GreaterU32, IntegerOperators.GreaterU64>(type),
            ("ge" or "hs", false) =>
                Compared<IntegerOperators.GreaterEqualU32, IntegerOperators.GreaterEqualU64>(type),
            _ => throw Unsupported($"comparison '.{comparison}'"),
        };
    }

    private static delegate*<Warp, Op*, void> Compared<TWord, TWide>(PtxType type)
        where TWord : struct, ICompare<uint>
        where TWide : struct, ICompare<ulong>
    {
        return type.Bytes() switch
        {
            8 => &PredicateHandlers.Compare<ulong, TWide>,
            2 when type.IsSigned() =>
                &PredicateHandlers.Compare<uint, IntegerOperators.CompareSigned16<TWord>>,
            _ => &PredicateHandlers.Compare<uint, TWord>,
        };
    }

    private delegate*<Warp, Op*, void> FloatComparison(string comparison) => comparison switch
    {
        "eq" => &PredicateHandlers.Compare<uint, FloatOperators.Equal32>,
        "ne" => &PredicateHandlers.Compare<uint, FloatOperators.NotEqual32>,
        "lt" => &PredicateHandlers.Compare<uint, FloatOperators.Less32>,
        "le" => &PredicateHandlers.Compare<uint, FloatOperators.LessEqual32>,
        "gt" => &PredicateHandlers.Compare<uint, FloatOperators.Greater32>,
        "ge" => &PredicateHandlers.Compare<uint, FloatOperators.GreaterEqual32>,
        "equ" => &PredicateHandlers.Compare<uint, FloatOperators.Unordered32<FloatOperators.Equal32>>,
        "neu" => &PredicateHandlers.Compare<uint, FloatOperators.Unordered32<FloatOperators.NotEqual32>>,
        "ltu" => &PredicateHandlers.Compare<uint, FloatOperators.Unordered32<FloatOperators.Less32>>,
        "leu" => &PredicateHandlers.Compare<uint, FloatOperators.Unordered32<FloatOperators.LessEqual32>>,
        "gtu" => &PredicateHandlers.Compare<uint, FloatOperators.Unordered32<FloatOperators.Greater32>>,
        "geu" => &PredicateHandlers.Compare<uint, FloatOperators.Unordered32<FloatOperators.GreaterEqual32>>,
        "num" => &PredicateHandlers.Compare<uint, FloatOperators.Numbers32>,
        "nan" => &PredicateHandlers.Compare<uint, FloatOperators.NotNumbers32>,
        _ => throw Unsupported($"comparison '.{comparison}'"),
    };

    private delegate*<Warp, Op*, void> FlushedComparison(string comparison) => comparison switch
    {
        "eq" => &PredicateHandlers.Compare<uint, FloatOperators.FlushCompare<FloatOperators.Equal32>>,
        "ne" => &PredicateHandlers.Compare<uint, FloatOperators.FlushCompare<FloatOperators.NotEqual32>>,
        "lt" => &PredicateHandlers.Compare<uint, FloatOperators.FlushCompare<FloatOperators.Less32>>,
        "le" => &PredicateHandlers.Compare<uint, FloatOperators.FlushCompare<FloatOperators.LessEqual32>>,
        "gt" => &PredicateHandlers.Compare<uint, FloatOperators.FlushCompare<FloatOperators.Greater32>>,
        "ge" => &PredicateHandlers.Compare<uint, FloatOperators.FlushCompare<FloatOperators.GreaterEqual32>>,
        "equ" =>
            &PredicateHandlers.Compare<uint,
                FloatOperators.FlushCompare<FloatOperators.Unordered32<FloatOperators.Equal32>>>,
        "neu" =>
            &PredicateHandlers.Compare<uint,
                FloatOperators.FlushCompare<FloatOperators.Unordered32<FloatOperators.NotEqual32>>>,
        "ltu" =>
            &PredicateHandlers.Compare<uint,
                FloatOperators.FlushCompare<FloatOperators.Unordered32<FloatOperators.Less32>>>,
        "leu" =>
            &PredicateHandlers.Compare<uint,
                FloatOperators.FlushCompare<FloatOperators.Unordered32<FloatOperators.LessEqual32>>>,
        "gtu" =>
            &PredicateHandlers.Compare<uint,
                FloatOperators.FlushCompare<FloatOperators.Unordered32<FloatOperators.Greater32>>>,
        "geu" =>
            &PredicateHandlers.Compare<uint,
                FloatOperators.FlushCompare<FloatOperators.Unordered32<FloatOperators.GreaterEqual32>>>,
        "num" => &PredicateHandlers.Compare<uint, FloatOperators.FlushCompare<FloatOperators.Numbers32>>,
        "nan" => &PredicateHandlers.Compare<uint, FloatOperators.FlushCompare<FloatOperators.NotNumbers32>>,
        _ => throw Unsupported($"comparison '.{comparison}'"),
    };

    private delegate*<Warp, Op*, void> DoubleComparison(string comparison) => comparison switch
    {
        "eq" => &PredicateHandlers.Compare<ulong, FloatOperators.Equal64>,
        "ne" => &PredicateHandlers.Compare<ulong, FloatOperators.NotEqual64>,
        "lt" => &PredicateHandlers.Compare<ulong, FloatOperators.Less64>,
        "le" => &PredicateHandlers.Compare<ulong, FloatOperators.LessEqual64>,
        "gt" => &PredicateHandlers.Compare<ulong, FloatOperators.Greater64>,
        "ge" => &PredicateHandlers.Compare<ulong, FloatOperators.GreaterEqual64>,
        "equ" => &PredicateHandlers.Compare<ulong, FloatOperators.Unordered64<FloatOperators.Equal64>>,
        "neu" => &PredicateHandlers.Compare<ulong, FloatOperators.Unordered64<FloatOperators.NotEqual64>>,
        "ltu" => &PredicateHandlers.Compare<ulong, FloatOperators.Unordered64<FloatOperators.Less64>>,
        "leu" => &PredicateHandlers.Compare<ulong, FloatOperators.Unordered64<FloatOperators.LessEqual64>>,
        "gtu" => &PredicateHandlers.Compare<ulong, FloatOperators.Unordered64<FloatOperators.Greater64>>,
        "geu" => &PredicateHandlers.Compare<ulong, FloatOperators.Unordered64<FloatOperators.GreaterEqual64>>,
        "num" => &PredicateHandlers.Compare<ulong, FloatOperators.Numbers64>,
        "nan" => &PredicateHandlers.Compare<ulong, FloatOperators.NotNumbers64>,
        _ => throw Unsupported($"comparison '.{comparison}'"),
    };

    private delegate*<Warp, Op*, void> HalfComparison(string comparison) => comparison switch
    {
        "eq" => &PredicateHandlers.Compare<uint, HalfOperators.CompareHalf<FloatOperators.Equal32>>,
        "ne" => &PredicateHandlers.Compare<uint, HalfOperators.CompareHalf<FloatOperators.NotEqual32>>,
        "lt" => &PredicateHandlers.Compare<uint, HalfOperators.CompareHalf<FloatOperators.Less32>>,
        "le" => &PredicateHandlers.Compare<uint, HalfOperators.CompareHalf<FloatOperators.LessEqual32>>,
        "gt" => &PredicateHandlers.Compare<uint, HalfOperators.CompareHalf<FloatOperators.Greater32>>,
        "ge" => &PredicateHandlers.Compare<uint, HalfOperators.CompareHalf<FloatOperators.GreaterEqual32>>,
        "equ" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareHalf<FloatOperators.Unordered32<FloatOperators.Equal32>>>,
        "neu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareHalf<FloatOperators.Unordered32<FloatOperators.NotEqual32>>>,
        "ltu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareHalf<FloatOperators.Unordered32<FloatOperators.Less32>>>,
        "leu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareHalf<FloatOperators.Unordered32<FloatOperators.LessEqual32>>>,
        "gtu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareHalf<FloatOperators.Unordered32<FloatOperators.Greater32>>>,
        "geu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareHalf<FloatOperators.Unordered32<FloatOperators.GreaterEqual32>>>,
        "num" => &PredicateHandlers.Compare<uint, HalfOperators.CompareHalf<FloatOperators.Numbers32>>,
        "nan" => &PredicateHandlers.Compare<uint, HalfOperators.CompareHalf<FloatOperators.NotNumbers32>>,
        _ => throw Unsupported($"comparison '.{comparison}'"),
    };

    private delegate*<Warp, Op*, void> BFloatComparison(string comparison) => comparison switch
    {
        "eq" => &PredicateHandlers.Compare<uint, HalfOperators.CompareBFloat<FloatOperators.Equal32>>,
        "ne" => &PredicateHandlers.Compare<uint, HalfOperators.CompareBFloat<FloatOperators.NotEqual32>>,
        "lt" => &PredicateHandlers.Compare<uint, HalfOperators.CompareBFloat<FloatOperators.Less32>>,
        "le" => &PredicateHandlers.Compare<uint, HalfOperators.CompareBFloat<FloatOperators.LessEqual32>>,
        "gt" => &PredicateHandlers.Compare<uint, HalfOperators.CompareBFloat<FloatOperators.Greater32>>,
        "ge" => &PredicateHandlers.Compare<uint, HalfOperators.CompareBFloat<FloatOperators.GreaterEqual32>>,
        "equ" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareBFloat<FloatOperators.Unordered32<FloatOperators.Equal32>>>,
        "neu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareBFloat<FloatOperators.Unordered32<FloatOperators.NotEqual32>>>,
        "ltu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareBFloat<FloatOperators.Unordered32<FloatOperators.Less32>>>,
        "leu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareBFloat<FloatOperators.Unordered32<FloatOperators.LessEqual32>>>,
        "gtu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareBFloat<FloatOperators.Unordered32<FloatOperators.Greater32>>>,
        "geu" =>
            &PredicateHandlers.Compare<uint,
                HalfOperators.CompareBFloat<FloatOperators.Unordered32<FloatOperators.GreaterEqual32>>>,
        "num" => &PredicateHandlers.Compare<uint, HalfOperators.CompareBFloat<FloatOperators.Numbers32>>,
        "nan" => &PredicateHandlers.Compare<uint, HalfOperators.CompareBFloat<FloatOperators.NotNumbers32>>,
        _ => throw Unsupported($"comparison '.{comparison}'"),
    };
}
