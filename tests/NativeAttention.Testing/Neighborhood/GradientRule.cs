namespace NativeAttention.Testing;

/// <summary>Compares one gradient with float64.</summary>
/// <remarks>
/// On the maximum the rule is that of <see cref="AttentionBound"/>: twice the error of the yardstick plus 1e-5. The
/// yardstick is plain steps in the element type, on the output and log-sum-exp that backward read; its own error counts
/// for at least what nobody can avoid: that of exact steps on the same (plain ones may round it away by luck), and half a
/// unit in the last place; where few elements make its maximum luck for the unit roundoff of what was added up, and for
/// the float32 error of scores. On the Euclidean norm, which is no luck: twice that of the yardstick plus 2^-21 of the
/// norm of what was added up, the rounding of three tf32 products; of few elements plus the unit roundoff. What no pair
/// touches is exactly 0.
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
    /// <param name="yardsticks">Plain and exact steps on what was read; the latter are computed if the former do not do.</param>
    /// <param name="rows">The rows that it has of those two.</param>
    /// <param name="view">The tensor.</param>
    public GradientErrors Check(string name, double[] actual, PairGradient reference,
        IEnumerable<PairGradient> yardsticks, Range rows, TensorView view)
    {
        (int first, int count) = rows.GetOffsetAndLength(reference.HasPairs.Length);
        ReadOnlySpan<double> expected = reference.Values.AsSpan(first * view.Dim, count * view.Dim);
        ReadOnlySpan<double> absolute = reference.Absolute.AsSpan(first * view.Dim, count * view.Dim);
        for (int i = 0; i < actual.Length; i++)
        {
            if (!reference.HasPairs[first + (i / view.Dim)] && actual[i] != 0)
            {
                throw new AttentionMismatchException(
                    $"{name} {view.Describe(i)} is part of no pair and must be 0: got {actual[i]}. Case: {context}");
            }
        }

        // Of many rows few may have pairs, and the others are exactly 0.
        bool few = reference.HasPairs.AsSpan(first, count).Count(true) * view.Dim < AttentionBound.FewOutputs;
        double roundoff = Elements.UnitRoundoff(type), all = Largest(absolute);
        double floor = (roundoff * (few ? all : Largest(expected))) + (Math.ScaleB(scoreMagnitude, -23) * all);
        double normFloor = ((few ? roundoff : Math.ScaleB(1, -21)) + Math.ScaleB(scoreMagnitude, -22)) * Norm(absolute);
        (double Max, double Norm) error = Distance(actual, expected), yardstick = default;
        double allowed = 0, allowedNorm = 0;
        foreach (PairGradient each in yardsticks)
        {
            (double max, double length) = Distance(each.Values.AsSpan(first * view.Dim, count * view.Dim), expected);
            yardstick = (Math.Max(yardstick.Max, max), Math.Max(yardstick.Norm, length));
            allowed = (2 * Math.Max(yardstick.Max, floor)) + 1e-5;
            allowedNorm = (2 * yardstick.Norm) + normFloor;
            if (error.Max <= allowed && error.Norm <= allowedNorm)
            {
                return new GradientErrors(name, error.Max, AttentionComparer.RelativeError(actual, expected), allowed);
            }
        }

        AttentionComparer.MaxError(name, actual, expected, allowed, view.Describe, context);
        throw new AttentionMismatchException($"{name}: the norm of the error is {error.Norm:G4}, allowed {allowedNorm:G4} "
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
