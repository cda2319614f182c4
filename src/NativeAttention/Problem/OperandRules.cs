using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

/// <summary>
/// The optional operands of a problem: how long their axes are, and the rules that their forms must keep.
/// </summary>
internal static class OperandRules
{
    /// <summary>[batch, query heads, queries, keys]: bias and mask.</summary>
    public static OperandExtent Matrix(AttentionShape s, OperandStrides strides) =>
        new(s.Batch, s.QueryHeads, s.QueryLength, s.KeyLength, strides);

    /// <summary>[batch, query heads, queries], or of all tokens: temperature and gate.</summary>
    public static OperandExtent QueryRow(AttentionShape s, OperandStrides strides, PackedTokens? packed) =>
        new(packed is null ? s.Batch : 1, s.QueryHeads, packed?.Queries ?? s.QueryLength, 1, strides);

    /// <summary>[batch, key heads, keys], or of all tokens: the key log-weight.</summary>
    public static OperandExtent KeyRow(AttentionShape s, OperandStrides strides, PackedTokens? packed) =>
        new(packed is null ? s.Batch : 1, s.KeyValueHeads, 1, packed?.Keys ?? s.KeyLength, strides);

    /// <summary>[batch, query heads]: slopes and sinks.</summary>
    public static OperandExtent Head(AttentionShape s, OperandStrides strides) =>
        new(s.Batch, s.QueryHeads, 1, 1, strides);

    /// <summary>Checks the forms of all operands.</summary>
    public static void Check(ElementType elementType, AttentionOptions options, PackedTokens? packed)
    {
        AttentionOperands operands = options.Operands;
        if (operands.Bias is BiasForm bias && bias.ElementType != ElementType.Float32
            && bias.ElementType != elementType)
        {
            Throw($"The bias has elements of type {bias.ElementType}: it must be Float32"
                + (elementType == ElementType.Float32 ? "." : $" or {elementType}, as the query."));
        }

        CheckAxes("Bias", operands.Bias?.Strides, "batch, head, query, key");
        CheckAxes("Mask", operands.Mask, "batch, head, query, key");
        CheckAxes("AlibiSlopes", operands.AlibiSlopes, "batch, head");
        CheckAxes("Sinks", operands.Sinks, "head");
        CheckAxes("QueryTemperature", operands.QueryTemperature, "batch, head, query");
        CheckAxes("KeyLogWeight", operands.KeyLogWeight, "batch, head, key");
        CheckAxes("HeadGate", operands.HeadGate, "batch, head, query");
        if (packed is not null)
        {
            CheckPacked(operands);
        }
    }

    private static void CheckPacked(AttentionOperands operands)
    {
        if (operands.KeyLengths)
        {
            Throw("KeyLengths is set with a packed layout, whose cumulative lengths say how many keys count: "
                + "leave it out.");
        }

        CheckTokens("QueryTemperature", operands.QueryTemperature);
        CheckTokens("KeyLogWeight", operands.KeyLogWeight);
        CheckTokens("HeadGate", operands.HeadGate);
    }

    private static void CheckTokens(string operand, OperandStrides? strides)
    {
        if (strides is { Batch: not 0 } s)
        {
            Throw($"{operand} has the batch stride {s.Batch}: with a packed layout it is indexed by token, "
                + "and the batch stride must be 0.");
        }
    }

    private static void CheckAxes(string operand, OperandStrides? strides, string axes)
    {
        if (strides is OperandStrides s)
        {
            CheckAxis(operand, "batch", s.Batch, axes);
            CheckAxis(operand, "head", s.Head, axes);
            CheckAxis(operand, "query", s.Query, axes);
            CheckAxis(operand, "key", s.Key, axes);
        }
    }

    private static void CheckAxis(string operand, string axis, long stride, string axes)
    {
        if (stride < 0)
        {
            Throw($"{operand} has the {axis} stride {stride}: strides must not be negative.");
        }

        if (stride != 0 && !axes.Contains(axis, StringComparison.Ordinal))
        {
            Throw($"{operand} has the {axis} stride {stride}: it has only the axes {axes}, and the other "
                + "strides must be 0.");
        }
    }

    [DoesNotReturn]
    private static void Throw(string message, string options = "options") =>
        throw new ArgumentException(message, options);
}
