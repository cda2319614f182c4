namespace NativeAttention.Benchmarks.Problems;

/// <summary>How many elements each optional operand of a problem has; 0 for those it does not have.</summary>
internal readonly record struct OperandLengths(long Bias, long Mask, long AlibiSlopes, long Sinks,
    long Temperature, long KeyLogWeight, long HeadGate, int KeyLengths, int Cumulative)
{
    /// <summary>Bytes of all: a mask has one for an element, everything else four.</summary>
    public double Bytes => Mask + (4.0 * (Bias + AlibiSlopes + Sinks + Temperature + KeyLogWeight + HeadGate
        + KeyLengths + (2 * Cumulative)));

    /// <summary>Those of a problem.</summary>
    public static OperandLengths Of(DenseProblem problem)
    {
        AttentionShape s = problem.Shape;
        AttentionOperands o = problem.Options.Operands;
        PackedTokens? packed = problem.Packed;
        return new OperandLengths(
            Length(o.Bias?.Strides, f => OperandRules.Matrix(s, f)),
            Length(o.Mask, f => OperandRules.Matrix(s, f)),
            Length(o.AlibiSlopes, f => OperandRules.Head(s, f)),
            Length(o.Sinks, f => OperandRules.Head(s, f)),
            Length(o.QueryTemperature, f => OperandRules.QueryRow(s, f, packed)),
            Length(o.KeyLogWeight, f => OperandRules.KeyRow(s, f, packed)),
            Length(o.HeadGate, f => OperandRules.QueryRow(s, f, packed)),
            o.KeyLengths ? s.Batch : 0,
            packed is null ? 0 : s.Batch + 1);
    }

    private static long Length(OperandStrides? strides, Func<OperandStrides, OperandExtent> extent) =>
        strides is { } form ? (long)extent(form).RequiredLength : 0;
}
