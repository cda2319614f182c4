using NativeAttention.Benchmarks.Problems;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>
/// Inputs that cases of the same shape and type share, and optional operands that do not depend on the head dim.
/// </summary>
internal sealed class OperandStore
{
    private readonly Dictionary<(ElementType Type, AttentionShape Shape), object> _made = [];
    private readonly Dictionary<(Modifier Modifier, AttentionShape Shape), OperandValues> _optional = [];

    /// <summary>The inputs of a case, made when they are first asked for.</summary>
    public Operands<T> Of<T>(BenchCase @case)
        where T : unmanaged
    {
        if (!_made.TryGetValue((@case.Type, @case.Shape), out object? operands))
        {
            _made[(@case.Type, @case.Shape)] = operands = Operands<T>.Of(@case.Shape);
        }

        return (Operands<T>)operands with { Optional = Optional(@case) };
    }

    private OperandValues Optional(BenchCase @case)
    {
        if (@case.Modifier is not { } modifier)
        {
            return OperandValues.None;
        }

        AttentionShape lengths = @case.Shape with { HeadDim = 1, ValueHeadDim = 1 };
        if (!_optional.TryGetValue((modifier, lengths), out OperandValues? operands))
        {
            _optional[(modifier, lengths)] = operands = OperandValues.Of(@case.Problem);
        }

        return operands;
    }
}
