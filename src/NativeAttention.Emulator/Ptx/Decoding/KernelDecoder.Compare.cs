namespace NativeAttention.Emulation;

/// <summary>Comparison and selection.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeSelect()
    {
        if (_isNegated)
        {
            (_op.A, _op.B) = (_op.B, _op.A);
        }
        _op.Handler = _t.Bytes() == 8 ? &PredicateHandlers.Select<ulong> : &PredicateHandlers.Select<uint>;
    }

    private void DecodeSelectBySign() =>
        SetScalar(&Scalars.SelectBySign, (_u == PtxType.F32 ? 1 : 0) | (Has("ftz") ? 2 : 0));

    private int Combination => Has("and") ? PredicateHandlers.CombineAnd
        : Has("or") ? PredicateHandlers.CombineOr : Has("xor") ? PredicateHandlers.CombineXor : 0;

    /// <summary>set: a comparison whose result is a number.</summary>
    private void DecodeSet()
    {
        SetScalar(&CompareScalars.Set, CompareScalars.Describe(
            Enum.Parse<Comparison>(_parts[1], ignoreCase: true), _u, _t, Has("ftz"), Combination, _isNegated));
    }

    private void DecodeSetPredicate()
    {
        if (_t is PtxType.F16x2 or PtxType.BF16x2)
        {
            _op.Imm = CompareScalars.Describe(Enum.Parse<Comparison>(_parts[1], ignoreCase: true),
                _t, PtxType.Pred, Has("ftz"), Combination, _isNegated);
            _op.Handler = &CompareScalars.SetPair;
            return;
        }
        _op.Aux = Combination | (_isNegated ? PredicateHandlers.NegateOperand : 0);
        _op.Handler = (_t, Has("ftz")) switch
        {
            (PtxType.F32, false) => FloatComparison<FloatOperators.Unchanged>(),
            (PtxType.F32, true) => FloatComparison<FloatOperators.Flushed>(),
            (PtxType.F64, _) => DoubleComparison(),
            (PtxType.F16, false) => FloatComparison<HalfOperators.FromHalf>(),
            (PtxType.F16, true) => FloatComparison<HalfOperators.FromFlushedHalf>(),
            (PtxType.BF16, _) => FloatComparison<HalfOperators.FromBFloat>(),
            _ => IntegerComparison(),
        };
    }

    private delegate*<Warp, Op*, void> IntegerComparison() => (_parts[1], _t.IsSigned()) switch
    {
        ("eq", _) => Compared<IntegerOperators.Equal32, IntegerOperators.Equal64>(),
        ("ne", _) => Compared<IntegerOperators.NotEqual32, IntegerOperators.NotEqual64>(),
        ("lt", true) => Compared<IntegerOperators.LessS32, IntegerOperators.LessS64>(),
        ("le", true) => Compared<IntegerOperators.LessEqualS32, IntegerOperators.LessEqualS64>(),
        ("gt", true) => Compared<IntegerOperators.GreaterS32, IntegerOperators.GreaterS64>(),
        ("ge", true) => Compared<IntegerOperators.GreaterEqualS32, IntegerOperators.GreaterEqualS64>(),
        ("lt" or "lo", _) => Compared<IntegerOperators.LessU32, IntegerOperators.LessU64>(),
        ("le" or "ls", _) => Compared<IntegerOperators.LessEqualU32, IntegerOperators.LessEqualU64>(),
        ("gt" or "hi", _) => Compared<IntegerOperators.GreaterU32, IntegerOperators.GreaterU64>(),
        _ => Compared<IntegerOperators.GreaterEqualU32, IntegerOperators.GreaterEqualU64>(),
    };

    private delegate*<Warp, Op*, void> Compared<TWord, TWide>()
        where TWord : struct, ICompare<uint>
        where TWide : struct, ICompare<ulong>
    {
        return _t.Bytes() switch
        {
            8 => &PredicateHandlers.Compare<ulong, TWide>,
            2 when _t.IsSigned() => &PredicateHandlers.Compare<uint, IntegerOperators.CompareSigned16<TWord>>,
            _ => &PredicateHandlers.Compare<uint, TWord>,
        };
    }

    /// <summary>A comparison in binary32 of operands that <typeparamref name="TRead"/> brings there.</summary>
    private delegate*<Warp, Op*, void> FloatComparison<TRead>()
        where TRead : struct, IUnary<uint>
    {
        return _parts[1] switch
        {
            "eq" => Read<FloatOperators.Equal32>(),
            "ne" => Read<FloatOperators.NotEqual32>(),
            "lt" => Read<FloatOperators.Less32>(),
            "le" => Read<FloatOperators.LessEqual32>(),
            "gt" => Read<FloatOperators.Greater32>(),
            "ge" => Read<FloatOperators.GreaterEqual32>(),
            "equ" => Read<FloatOperators.Unordered32<FloatOperators.Equal32>>(),
            "neu" => Read<FloatOperators.Unordered32<FloatOperators.NotEqual32>>(),
            "ltu" => Read<FloatOperators.Unordered32<FloatOperators.Less32>>(),
            "leu" => Read<FloatOperators.Unordered32<FloatOperators.LessEqual32>>(),
            "gtu" => Read<FloatOperators.Unordered32<FloatOperators.Greater32>>(),
            "geu" => Read<FloatOperators.Unordered32<FloatOperators.GreaterEqual32>>(),
            "num" => Read<FloatOperators.Numbers32>(),
            _ => Read<FloatOperators.NotNumbers32>(),
        };

        static delegate*<Warp, Op*, void> Read<TCompare>()
            where TCompare : struct, ICompare<uint>
            => &PredicateHandlers.Compare<uint, FloatOperators.CompareAs<TRead, TCompare>>;
    }

    private delegate*<Warp, Op*, void> DoubleComparison() => _parts[1] switch
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
        _ => &PredicateHandlers.Compare<ulong, FloatOperators.NotNumbers64>,
    };
}
