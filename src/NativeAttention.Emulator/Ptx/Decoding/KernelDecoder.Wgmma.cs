using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>wgmma.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private readonly WgmmaHazards _hazards = new();

    private void DecodeWgmma()
    {
        switch (Next())
        {
            case "fence":
                DemandCount(0);
                _hazards.Fences.Add(_ops.Count);
                _op.Handler = &WgmmaHandlers.Fence;
                break;
            case "commit_group":
                DemandCount(0);
                _hazards.Commits.Add(_ops.Count);
                _op.Handler = &WgmmaHandlers.Commit;
                break;
            case "wait_group":
                DemandCount(1);
                _op.Imm = (long)Immediate(0, 7);
                _hazards.Waits[_ops.Count] = (int)_op.Imm;
                _op.Handler = &WgmmaHandlers.Wait;
                break;
            default:
                DecodeWgmmaProduct();
                break;
        }
    }

    private void DecodeWgmmaProduct()
    {
        // mma_async.sync.aligned.m64nNkK[.satfinite].d.a.b
        string shape = _parts[4];
        bool saturates = Has("satfinite");
        string[] types = _parts[(saturates ? 6 : 5)..];
        int columns = int.Parse(shape.AsSpan(4, shape.IndexOf('k', StringComparison.Ordinal) - 4),
            CultureInfo.InvariantCulture);
        (string d, string a, string b) = (types[0], types[1], types[2]);
        bool isInteger = d == "s32";
        bool isHalf = d == "f16";
        bool is16 = a is "f16" or "bf16";
        WgmmaOperands operands = new()
        {
            Columns = columns,
            Depth = is16 ? 16 : a == "tf32" ? 8 : 32,
            AccumulatorCount = isHalf ? columns / 4 : columns / 2,
            Flags = (isHalf ? WgmmaOperands.HalfAccumulators : 0)
                | (isInteger ? WgmmaOperands.IntegerAccumulators : 0)
                | (saturates ? WgmmaOperands.Saturates : 0),
        };
        bool isRegisterA = Operand(1).Kind == PtxOperandKind.Vector;
        operands.Flags |= isRegisterA ? WgmmaOperands.RegisterA : 0;
        SetWgmmaImmediates(ref operands, isInteger, is16, isRegisterA);
        SetWgmmaRegisters(ref operands, isRegisterA,
            isHalf ? PtxType.B32 : isInteger ? PtxType.S32 : PtxType.F32);
        BeginList();
        int* words = (int*)&operands;
        for (int i = 0; i < WgmmaOperands.Count; i++)
        {
            AddToList(words[i]);
        }
        _hasAsyncReaders = true;
        _flop = 2 * 16 * columns * operands.Depth;
        _op.Imm = (long)ProductOf(a, b);
        _op.Handler = &WgmmaHandlers.Issue;
    }

    /// <summary>scale-d, then for floats the signs of A and B, then for 16-bit elements the
    /// transpositions.</summary>
    private void SetWgmmaImmediates(ref WgmmaOperands operands, bool isInteger, bool is16, bool isRegisterA)
    {
        int expected = isInteger ? 4 : is16 ? isRegisterA ? 7 : 8 : 6;
        DemandCount(expected);
        operands.ScaleD = SourcePredicate(3, out bool isNegated);
        if (isNegated)
        {
            throw Unsupported("'!' on scale-d");
        }
        if (isInteger)
        {
            return;
        }
        operands.Flags |= Sign(4) != Sign(5) ? WgmmaOperands.Negated : 0;
        if (is16)
        {
            operands.Flags |= !isRegisterA && Immediate(6, 1) != 0 ? WgmmaOperands.TransposedA : 0;
            operands.Flags |= Immediate(expected - 1, 1) != 0 ? WgmmaOperands.TransposedB : 0;
        }
    }

    private bool Sign(int index)
    {
        PtxOperand operand = Operand(index);
        return operand is { Kind: PtxOperandKind.Integer, Bits: 1 or ulong.MaxValue }
            ? operand.Bits != 1 : throw Error("a sign is 1 or -1");
    }

    private void SetWgmmaRegisters(ref WgmmaOperands operands, bool isRegisterA, PtxType accumulator)
    {
        operands.DescriptorB = Source(2, PtxType.B64);
        if (isRegisterA)
        {
            int[] a = Fragment(1, PtxType.B32, 4, isDestination: false);
            for (int i = 0; i < 4; i++)
            {
                operands.A[i] = a[i];
            }
        }
        else
        {
            operands.A[0] = Source(1, PtxType.B64);
        }
        // The accumulators are read as well, whatever scale-d will say.
        Fragment(0, accumulator, operands.AccumulatorCount, isDestination: false);
        int[] d = Fragment(0, accumulator, operands.AccumulatorCount, isDestination: true);
        if (d.Distinct().Count() != d.Length)
        {
            throw Error("an accumulator register stands twice");
        }
        for (int i = 0; i < d.Length; i++)
        {
            operands.Accumulators[i] = d[i];
        }
        _hazards.Products[_ops.Count] =
            ([.. RegistersOf(0)], isRegisterA ? [.. RegistersOf(1)] : []);
    }

    private IEnumerable<int> RegistersOf(int index) =>
        Operand(index).Elements.Select(e => FindRegister(e.Name).Register);

    private nint ProductOf(string a, string b) => (a, b) switch
    {
        ("f16", "f16") => Product<MmaHandlers.HalfElement, MmaHandlers.HalfElement>(),
        ("bf16", "bf16") => Product<MmaHandlers.BFloatElement, MmaHandlers.BFloatElement>(),
        ("tf32", "tf32") => Product<MmaHandlers.Tf32Element, MmaHandlers.Tf32Element>(),
        ("e4m3", "e4m3") => Product<MmaHandlers.E4M3Element, MmaHandlers.E4M3Element>(),
        ("e4m3", "e5m2") => Product<MmaHandlers.E4M3Element, MmaHandlers.E5M2Element>(),
        ("e5m2", "e4m3") => Product<MmaHandlers.E5M2Element, MmaHandlers.E4M3Element>(),
        ("e5m2", "e5m2") => Product<MmaHandlers.E5M2Element, MmaHandlers.E5M2Element>(),
        ("s8", "s8") => Product<MmaHandlers.S8Element, MmaHandlers.S8Element>(),
        ("s8", "u8") => Product<MmaHandlers.S8Element, MmaHandlers.U8Element>(),
        ("u8", "s8") => Product<MmaHandlers.U8Element, MmaHandlers.S8Element>(),
        ("u8", "u8") => Product<MmaHandlers.U8Element, MmaHandlers.U8Element>(),
        _ => throw Unsupported(),
    };

    private static nint Product<TA, TB>()
        where TA : struct, IMmaElement
        where TB : struct, IMmaElement =>
        (nint)(delegate*<Warp, WgmmaEntry, bool, void>)&WgmmaHandlers.Multiply<TA, TB>;
}
