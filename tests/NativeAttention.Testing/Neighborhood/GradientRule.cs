namespace NativeAttention.Testing;

/// <summary>Compares one gradient with float64.</summary>
/// <remarks>
/// On the maximum the rule is that of <see cref="AttentionBound"/>: twice the error of the yardstick plus 1e-5, the
/// yardstick's own counting for at least the rounding that nobody can avoid, where few elements make its maximum
/// luck for the unit roundoff of what was added up, and for the float32 error of scores. On the Euclidean norm,
/// which is no luck: twice that of the yardstick plus 2^-21 of the norm of what was added up, the rounding of three
/// tf32 products; of few elements plus the unit roundoff. What no pair touches is exactly 0.
/// </remarks>
/// <param name="type">Element type.</param>
/// <param name="scoreMagnitude">Largest magnitude of a score.</param>
/// <param name="context">The case, for messages.</param>
internal sealed class GradientRule(ElementType type, double scoreMagnitude, string context)
{
    /// <summary>Checks a gradient.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="actual">What was computed.</param>
    /// <param name="reference">Float64.</param>
    /// <param name="yardstick">Plain steps in the element type.</param>
    /// <param name="rows">The rows that it has of those two.</param>
    /// <param name="view">The tensor.</param>
    public GradientErrors Check(string name, double[] actual, PairGradient reference, PairGradient yardstick, Range rows,
        TensorView view)
    {
        (int first, int count) = rows.GetOffsetAndLength(reference.HasPairs.Length);
        ReadOnlySpan<double> expected = reference.Values.AsSpan(first * view.Dim, count * view.Dim);
        ReadOnlySpan<double> plain = yardstick.Values.AsSpan(first * view.Dim, count * view.Dim);
        ReadOnlySpan<double> absolute = reference.Absolute.AsSpan(first * view.Dim, count * view.Dim);
        for (int i = 0; i < actual.Length; i++)
        {
            if (!reference.HasPairs[first + (i / view.Dim)] && actual[i] != 0)
            {
                throw new AttentionMismatchException(
                    $"{name} {view.Describe(i)} is part of no pair and must be 0: got {actual[i]}. Case: {context}");
            }
        }

        bool few = actual.Length < AttentionBound.FewOutputs;
        double roundoff = Elements.UnitRoundoff(type), all = Largest(absolute);
        double floor = (roundoff * (few ? all : Largest(expected))) + (Math.ScaleB(scoreMagnitude, -23) * all);
        double allowed = (2 * Math.Max(Distance(plain, expected).Max, floor)) + 1e-5;
        double max = AttentionComparer.MaxError(name, actual, expected, allowed, view.Describe, context);
        double norm = Distance(actual, expected).Norm;
        double allowedNorm = (2 * Distance(plain, expected).Norm)
            + ((few ? roundoff : Math.ScaleB(1, -21)) * Norm(absolute)) + (Math.ScaleB(scoreMagnitude, -22) * Norm(absolute));
        return norm <= allowedNorm
            ? new GradientErrors(name, max, AttentionComparer.RelativeError(actual, expected), allowed)
            : throw new AttentionMismatchException($"{name}: the norm of the error is {norm:G4}, allowed {allowedNorm:G4} "
                + $"(that of the gradient is {Norm(expected):G4}). Case: {context}");
    }

    private static double Largest(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double value in values)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        return largest;
    }

    private static double Norm(ReadOnlySpan<double> values) => Distance(values, new double[values.Length]).Norm;

    private static (double Max, double Norm) Distance(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double max = 0, squares = 0;
        for (int i = 0; i < a.Length; i++)
        {
            max = Math.Max(max, Math.Abs(a[i] - b[i]));
            squares += (a[i] - b[i]) * (a[i] - b[i]);
        }

        return (max, Math.Sqrt(squares));
    }
}
