namespace NativeAttention.Emulation;

/// <summary>Floating-point arithmetic. What has no vector handler goes through <see cref="FloatScalars"/>.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private FloatRounding Rounding
    {
        get
        {
            foreach (string part in _parts)
            {
                switch (part)
                {
                    case "rz" or "rzi": return FloatRounding.Zero;
                    case "rm" or "rmi": return FloatRounding.Down;
                    case "rp" or "rpi": return FloatRounding.Up;
                    case "rna": return FloatRounding.NearestAway;
                    default: break;
                }
            }
            return FloatRounding.NearestEven;
        }
    }

    private void SetFloatScalar(FloatOperation operation)
    {
        int flags = (Has("ftz") ? FloatScalars.FlushFlag : 0) | (Has("sat") ? FloatScalars.SaturateFlag : 0)
            | (Has("relu") ? FloatScalars.ReluFlag : 0) | (Has("NaN") ? FloatScalars.NaNFlag : 0)
            | (Has("xorsign") ? FloatScalars.SignFlag : 0)
            | (_t == PtxType.F64 && Has("ftz") ? FloatScalars.CoarseFlag : 0);
        SetScalar(&FloatScalars.Evaluate, FloatScalars.Describe(operation, _t, Rounding, flags));
    }

    /// <summary>True when only the modifiers named, if any, are written, and rounding is to nearest.</summary>
    private bool IsPlain(params ReadOnlySpan<string> allowed)
    {
        foreach (string modifier in (ReadOnlySpan<string>)["ftz", "sat", "relu", "NaN", "xorsign"])
        {
            if (Has(modifier) && !allowed.Contains(modifier))
            {
                return false;
            }
        }
        return Rounding == FloatRounding.NearestEven;
    }

    private void DecodeFloatArithmetic(string name)
    {
        FloatOperation operation = name switch
        {
            "add" => FloatOperation.Add,
            "sub" => FloatOperation.Subtract,
            "mul" => FloatOperation.Multiply,
            "min" => FloatOperation.Min,
            _ => FloatOperation.Max,
        };
        bool propagates = Has("NaN");
        switch (_t)
        {
            case PtxType.F32 when IsPlain("ftz", "sat", "NaN"):
                _op.Handler = FloatHandler(operation, propagates);
                break;
            case PtxType.F64 when IsPlain():
                _op.Handler = DoubleHandler(operation);
                break;
            case PtxType.F16 or PtxType.F16x2 or PtxType.BF16 or PtxType.BF16x2
                when IsPlain("NaN") && operation != FloatOperation.Multiply:
                _op.Handler = SmallHandler(operation, propagates);
                break;
            default:
                SetFloatScalar(operation);
                break;
        }
    }

    private delegate*<Warp, Op*, void> FloatHandler(FloatOperation operation, bool propagates)
    {
        return operation switch
        {
            FloatOperation.Add => Wrapped<FloatOperators.Add32>(),
            FloatOperation.Subtract => Wrapped<FloatOperators.Subtract32>(),
            FloatOperation.Multiply => Wrapped<FloatOperators.Multiply32>(),
            FloatOperation.Min => propagates ? Wrapped<FloatOperators.MinNaN32>() : Wrapped<FloatOperators.Min32>(),
            _ => propagates ? Wrapped<FloatOperators.MaxNaN32>() : Wrapped<FloatOperators.Max32>(),
        };
    }

    private delegate*<Warp, Op*, void> Wrapped<TOperator>()
        where TOperator : struct, IBinary<uint>
    {
        return (Has("ftz"), Has("sat")) switch
        {
            (false, false) => &LaneHandlers.Binary<uint, TOperator>,
            (true, false) => &LaneHandlers.Binary<uint, FloatOperators.FlushBinary<TOperator>>,
            (false, true) => &LaneHandlers.Binary<uint, FloatOperators.SaturateBinary<TOperator>>,
            _ => &LaneHandlers.Binary<uint, FloatOperators.SaturateBinary<FloatOperators.FlushBinary<TOperator>>>,
        };
    }

    private delegate*<Warp, Op*, void> WrappedUnary<TOperator>()
        where TOperator : struct, IUnary<uint>
    {
        return Has("ftz") ? &LaneHandlers.Unary<uint, FloatOperators.FlushUnary<TOperator>>
            : &LaneHandlers.Unary<uint, TOperator>;
    }

    private static delegate*<Warp, Op*, void> DoubleHandler(FloatOperation operation) => operation switch
    {
        FloatOperation.Add => &LaneHandlers.Binary<ulong, FloatOperators.Add64>,
        FloatOperation.Subtract => &LaneHandlers.Binary<ulong, FloatOperators.Subtract64>,
        FloatOperation.Multiply => &LaneHandlers.Binary<ulong, FloatOperators.Multiply64>,
        FloatOperation.Min => &LaneHandlers.Binary<ulong, FloatOperators.Min64>,
        _ => &LaneHandlers.Binary<ulong, FloatOperators.Max64>,
    };

    /// <summary>16-bit formats through binary32, where that is exact.</summary>
    private delegate*<Warp, Op*, void> SmallHandler(FloatOperation operation, bool propagates) => operation switch
    {
        FloatOperation.Add => Small<FloatOperators.Add32>(),
        FloatOperation.Subtract => Small<FloatOperators.Subtract32>(),
        FloatOperation.Min => propagates ? Small<FloatOperators.MinNaN32>() : Small<FloatOperators.Min32>(),
        _ => propagates ? Small<FloatOperators.MaxNaN32>() : Small<FloatOperators.Max32>(),
    };

    private delegate*<Warp, Op*, void> Small<TOperator>()
        where TOperator : struct, IBinary<uint>
    {
        return _t switch
        {
            PtxType.F16 => &LaneHandlers.Binary<uint, HalfOperators.OnHalf<TOperator>>,
            PtxType.F16x2 => &LaneHandlers.Binary<uint, HalfOperators.OnHalfPair<TOperator>>,
            PtxType.BF16 => &LaneHandlers.Binary<uint, HalfOperators.OnBFloat<TOperator>>,
            _ => &LaneHandlers.Binary<uint, HalfOperators.OnBFloatPair<TOperator>>,
        };
    }

    private void DecodeFused()
    {
        switch (_t)
        {
            case PtxType.F32 when IsPlain("ftz", "sat"):
                _op.Handler = (Has("ftz"), Has("sat")) switch
                {
                    (false, false) => &LaneHandlers.Ternary<uint, FloatOperators.FusedMultiplyAdd32>,
                    (true, false) => &LaneHandlers.Ternary<uint,
                        FloatOperators.FlushTernary<FloatOperators.FusedMultiplyAdd32>>,
                    (false, true) => &LaneHandlers.Ternary<uint,
                        FloatOperators.SaturateTernary<FloatOperators.FusedMultiplyAdd32>>,
                    _ => &LaneHandlers.Ternary<uint, FloatOperators.SaturateTernary<
                        FloatOperators.FlushTernary<FloatOperators.FusedMultiplyAdd32>>>,
                };
                break;
            case PtxType.F64 when IsPlain():
                _op.Handler = &LaneHandlers.Ternary<ulong, FloatOperators.FusedMultiplyAdd64>;
                break;
            default:
                SetFloatScalar(FloatOperation.FusedMultiplyAdd);
                break;
        }
    }

    private void DecodeFloatDivision()
    {
        switch (_t)
        {
            case PtxType.F64 when IsPlain():
                _op.Handler = &LaneHandlers.Binary<ulong, FloatOperators.Divide64>;
                break;
            case PtxType.F32 when IsPlain("ftz"):
                _op.Handler = Wrapped<FloatOperators.Divide32>();
                break;
            default:
                SetFloatScalar(FloatOperation.Divide);
                break;
        }
    }

    private void DecodeFloatSign(bool isAbsolute)
    {
        if (Has("ftz") && _t != PtxType.F32)
        {
            SetFloatScalar(isAbsolute ? FloatOperation.Absolute : FloatOperation.Negate);
            return;
        }
        _op.Handler = _t switch
        {
            PtxType.F32 => isAbsolute ? WrappedUnary<FloatOperators.Absolute32>()
                : WrappedUnary<FloatOperators.Negate32>(),
            PtxType.F64 => isAbsolute ? &LaneHandlers.Unary<ulong, FloatOperators.Absolute64>
                : &LaneHandlers.Unary<ulong, FloatOperators.Negate64>,
            PtxType.F16 or PtxType.BF16 => isAbsolute ? &LaneHandlers.Unary<uint, HalfOperators.AbsoluteLow>
                : &LaneHandlers.Unary<uint, HalfOperators.NegateLow>,
            _ => isAbsolute ? &LaneHandlers.Unary<uint, HalfOperators.AbsolutePair>
                : &LaneHandlers.Unary<uint, HalfOperators.NegatePair>,
        };
    }

    private void DecodeSpecial(string name)
    {
        switch (name, _t)
        {
            case ("rcp", PtxType.F32) when IsPlain("ftz"):
                _op.Handler = WrappedUnary<FloatOperators.Reciprocal32>();
                break;
            case ("rcp", PtxType.F64) when IsPlain():
                _op.Handler = &LaneHandlers.Unary<ulong, FloatOperators.Reciprocal64>;
                break;
            case ("rcp", _):
                SetFloatScalar(FloatOperation.Reciprocal);
                break;
            case ("sqrt", PtxType.F32) when IsPlain("ftz"):
                _op.Handler = WrappedUnary<FloatOperators.SquareRoot32>();
                break;
            case ("sqrt", PtxType.F64) when IsPlain():
                _op.Handler = &LaneHandlers.Unary<ulong, FloatOperators.SquareRoot64>;
                break;
            case ("sqrt", _):
                SetFloatScalar(FloatOperation.SquareRoot);
                break;
            case ("rsqrt", PtxType.F32):
                _op.Handler = WrappedUnary<FloatOperators.ReciprocalSquareRoot32>();
                break;
            case ("rsqrt", _):
                SetFloatScalar(FloatOperation.ReciprocalSquareRoot);
                break;
            case ("ex2", PtxType.F32):
                _op.Handler = WrappedUnary<FloatOperators.Exp2>();
                break;
            case ("ex2", _):
                SetFloatScalar(FloatOperation.Exp2);
                break;
            case ("tanh", PtxType.F16 or PtxType.F16x2 or PtxType.BF16 or PtxType.BF16x2):
                SetFloatScalar(FloatOperation.Tanh);
                break;
            default:
                SetScalar(name switch
                {
                    "lg2" => &Scalars.Log2,
                    "sin" => &Scalars.Sine,
                    "cos" => &Scalars.Cosine,
                    _ => &Scalars.HyperbolicTangent,
                }, Has("ftz") ? 1 : 0);
                break;
        }
    }

    private void DecodeCopySign() =>
        SetScalar(_t == PtxType.F32 ? &Scalars.CopySign32 : &Scalars.CopySign64, 0);

    private void DecodeTestProperty()
    {
        string[] properties = ["finite", "infinite", "number", "notanumber", "normal", "subnormal"];
        SetScalar(&Scalars.TestProperty,
            Array.IndexOf(properties, _parts[1]) | (_t == PtxType.F64 ? 0x100 : 0));
    }
}
