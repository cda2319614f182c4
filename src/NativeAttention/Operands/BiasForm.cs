namespace NativeAttention;

/// <summary>How an additive bias lies in memory.</summary>
/// <param name="Strides">Strides of [batch, query heads, queries, keys]; 0 broadcasts.</param>
/// <param name="ElementType">
/// Element type: <see cref="ElementType.Float32"/>, or the element type of the query.
/// </param>
public readonly record struct BiasForm(OperandStrides Strides, ElementType ElementType);
