namespace NativeAttention.Benchmarks.Cases;

/// <summary>Inputs that cases of the same shape and type share.</summary>
internal sealed class OperandStore
{
    private readonly Dictionary<(ElementType Type, AttentionShape Shape), object> _drawn = [];

    /// <summary>The inputs of a case, drawn when they are first asked for.</summary>
    public Operands<T> Of<T>(BenchCase @case)
        where T : unmanaged
    {
        if (!_drawn.TryGetValue((@case.Type, @case.Shape), out object? operands))
        {
            _drawn[(@case.Type, @case.Shape)] = operands = Operands<T>.Draw(@case.Shape);
        }

        return (Operands<T>)operands;
    }
}
