using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>Video instructions: their operands have selectors, <c>%r1.h0</c>.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeVideo()
    {
        string name = _parts[0].TrimEnd('2', '4');
        VideoForm form = new()
        {
            Operation = VideoOperationOf(name),
            Comparison = name == "vset" ? Enum.Parse<Comparison>(_parts[3], ignoreCase: true) : default,
            Second = Has("add") ? VideoStep.Add : Has("min") ? VideoStep.Minimum : Has("max") ? VideoStep.Maximum
                : VideoStep.Merge,
            Flags = VideoFlagsOf(name),
            Scale = Has("shr7") ? 7 : Has("shr15") ? 15 : 0,
            Count = name.Length == _parts[0].Length ? 1 : _parts[0][^1] - '0',
        };
        ReadVideoOperands(ref form);
        BeginList();
        foreach (int word in MemoryMarshal.Cast<VideoForm, int>(new ReadOnlySpan<VideoForm>(in form)))
        {
            AddToList(word);
        }
        _op.Handler = &VideoHandlers.Run;
    }

    private static VideoOperation VideoOperationOf(string name) => name switch
    {
        "vadd" => VideoOperation.Add,
        "vsub" => VideoOperation.Subtract,
        "vabsdiff" => VideoOperation.AbsoluteDifference,
        "vavrg" => VideoOperation.Average,
        "vmin" => VideoOperation.Minimum,
        "vmax" => VideoOperation.Maximum,
        "vshl" => VideoOperation.ShiftLeft,
        "vshr" => VideoOperation.ShiftRight,
        "vset" => VideoOperation.Compare,
        _ => VideoOperation.MultiplyAdd,
    };

    private VideoFlags VideoFlagsOf(string name)
    {
        // The types are those of d, a and b; the result of vset is unsigned and has no type.
        int a = name == "vset" ? 1 : 2;
        return (name != "vset" && _parts[1] == "s32" ? VideoFlags.SignedD : 0)
            | (_parts[a] == "s32" ? VideoFlags.SignedA : 0) | (_parts[a + 1] == "s32" ? VideoFlags.SignedB : 0)
            | (Has("sat") ? VideoFlags.Saturates : 0) | (Has("wrap") ? VideoFlags.Wraps : 0)
            | (Has("po") ? VideoFlags.PlusOne : 0);
    }

    private void ReadVideoOperands(ref VideoForm form)
    {
        bool isMultiplyAdd = form.Operation == VideoOperation.MultiplyAdd;
        bool isScalar = form.Count == 1;
        (PtxOperand d, string mask) = Selected(Operand(0));
        bool takesC = !isScalar || isMultiplyAdd || form.Second != VideoStep.Merge || mask.Length > 0;
        DemandCount(takesC ? 4 : 3);
        if (isScalar && mask.Length > 0 && (isMultiplyAdd || form.Second != VideoStep.Merge))
        {
            throw Error($"the selector '.{mask}' of the destination cannot stand here");
        }
        if (isMultiplyAdd)
        {
            form.Flags |= Negations();
        }
        _op.A = VideoSource(1, isScalar, isMultiplyAdd, out string selectorA);
        _op.B = VideoSource(2, isScalar, isMultiplyAdd, out string selectorB);
        if (takesC)
        {
            _op.C = VideoSource(3, isScalar, isMultiplyAdd, out string selector);
            _op.C = selector.Length == 0 ? _op.C : throw BadSelector(3, selector);
        }
        for (int i = 0; i < form.Count; i++)
        {
            form.A[i] = isScalar ? ScalarField(1, selectorA) : ElementField(1, selectorA, form.Count, i);
            form.B[i] = isScalar ? ScalarField(2, selectorB) + VideoForm.Field(32, 0)
                : ElementField(2, selectorB, form.Count, i);
            form.D[i] = isScalar ? ScalarField(0, mask) : MaskedField(mask, form.Count, i);
        }
        _op.D = d.Kind == PtxOperandKind.Sink ? throw Error("'_' cannot stand here") : Destination(d, PtxType.U32);
    }

    /// <summary>vmad: either the product or c may be negative, and neither where one is added.</summary>
    private VideoFlags Negations()
    {
        bool IsNegative(int index) => Operand(index).Kind == PtxOperandKind.Negative;
        bool negatesProduct = IsNegative(1) != IsNegative(2);
        if ((negatesProduct && IsNegative(3)) || (Has("po") && (negatesProduct || IsNegative(3))))
        {
            throw Error("only one of the product, c and '.po' can be negated or present");
        }
        return (negatesProduct ? VideoFlags.NegatesProduct : 0) | (IsNegative(3) ? VideoFlags.NegatesC : 0);
    }

    /// <summary>An operand without the selector behind its name, and the selector or "".</summary>
    private static (PtxOperand Operand, string Selector) Selected(PtxOperand operand)
    {
        int dot = operand.Name.LastIndexOf('.');
        return dot < 0 ? (operand, "")
            : (new PtxOperand { Kind = operand.Kind, Name = operand.Name[..dot], IsNegated = operand.IsNegated },
                operand.Name[(dot + 1)..]);
    }

    /// <summary>A register, or in a scalar instruction a constant; never a special register.</summary>
    private int VideoSource(int index, bool takesConstant, bool takesNegative, out string selector)
    {
        PtxOperand operand = Operand(index);
        bool isNegative = takesNegative && operand.Kind == PtxOperandKind.Negative;
        (operand, selector) = Selected(isNegative ? operand.Elements[0] : operand);
        if (!takesConstant || operand.Kind != PtxOperandKind.Integer)
        {
            RegisterOperand(operand);
        }
        return Source(operand, PtxType.U32);
    }

    private int ScalarField(int operand, string selector)
    {
        bool isPart = selector.Length == 2 && selector[1] is >= '0' and <= '3';
        return selector switch
        {
            "" => VideoForm.Field(0, 32),
            ['b', _] when isPart => VideoForm.Field(8 * (selector[1] - '0'), 8),
            ['h', '0' or '1'] => VideoForm.Field(16 * (selector[1] - '0'), 16),
            _ => throw BadSelector(operand, selector),
        };
    }

    /// <summary>Element <paramref name="i"/> that a selector picks from b:a: its digits, the last element first, count
    /// halves or bytes. Without a selector a gives its own elements, and so does b.</summary>
    private int ElementField(int operand, string selector, int count, int i)
    {
        int bits = 32 / count;
        if (selector.Length == 0)
        {
            return VideoForm.Field(bits * (i + (operand == 2 ? count : 0)), bits);
        }
        bool fits = selector.Length == count + 1 && selector[0] == (count == 2 ? 'h' : 'b')
            && selector[1..].All(c => c >= '0' && c < '0' + (2 * count));
        return fits ? VideoForm.Field(bits * (selector[count - i] - '0'), bits) : throw BadSelector(operand, selector);
    }

    /// <summary>The place of element <paramref name="i"/> in the destination, or 0 when it is not in the mask, whose
    /// digits fall.</summary>
    private int MaskedField(string mask, int count, int i)
    {
        int bits = 32 / count;
        if (mask.Length == 0)
        {
            return VideoForm.Field(bits * i, bits);
        }
        string digits = mask[1..];
        bool fits = digits.Length > 0 && mask[0] == (count == 2 ? 'h' : 'b')
            && digits.All(c => c >= '0' && c < '0' + count)
            && digits.Zip(digits.Skip(1)).All(p => p.First > p.Second);
        return !fits ? throw BadSelector(0, mask)
            : digits.Contains((char)('0' + i), StringComparison.Ordinal) ? VideoForm.Field(bits * i, bits) : 0;
    }

    private PtxParseException BadSelector(int operand, string selector) =>
        Error($"'.{selector}' is not a selector for operand {operand + 1}");
}
