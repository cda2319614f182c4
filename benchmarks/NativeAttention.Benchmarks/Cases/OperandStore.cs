namespace NativeAttention.Benchmarks.Cases;

/// <summary>Inputs that cases of the same shape and type share.</summary>
internal sealed class OperandStore
{
    private readonly Dictionary<(ElementType Type, AttentionShape Shape), object> _made = [];

    /// <summary>The inputs of a case, made when they are first asked for.</summary>
    public Operands<T> Of<T>(BenchCase @case)
        where T : unmanaged
    {
        if (!_made.TryGetValue((@case.Type, @case.Shape), out object? operands))
        {
            _made[(@case.Type, @case.Shape)] = operands = Operands<T>.Of(@case.Shape);
        }

        return (Operands<T>)operands;
    }
}
