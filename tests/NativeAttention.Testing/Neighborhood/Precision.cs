namespace NativeAttention.Testing;

/// <summary>In what precision <see cref="PairAttention"/> computes.</summary>
public interface IPrecision
{
    /// <summary>The result of one operation.</summary>
    double Result(double value);

    /// <summary>What is stored as an element, or goes into a product as one.</summary>
    double Element(double value);
}

/// <summary>Float64 throughout: the reference.</summary>
public readonly struct FullPrecision : IPrecision
{
    /// <inheritdoc/>
    public double Result(double value) => value;

    /// <inheritdoc/>
    public double Element(double value) => value;
}

/// <summary>
/// What plain attention does in the precision of its inputs: float32 steps in order of index, P and dS rounded to
/// the element type before the second product, results rounded. Its error is the yardstick.
/// </summary>
/// <param name="type">The element type.</param>
public readonly struct PlainPrecision(ElementType type) : IPrecision
{
    /// <inheritdoc/>
    public double Result(double value) => (float)value;

    /// <inheritdoc/>
    public double Element(double value) => Elements.Round(type, value);
}
