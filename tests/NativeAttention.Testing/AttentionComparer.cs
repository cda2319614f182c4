namespace NativeAttention.Testing;

/// <summary>
/// Compares results with the reference: maximum error, and the rules for rows that are not numbers.
/// </summary>
public static class AttentionComparer
{
    /// <summary>Largest |actual - expected|; a mismatch of NaN or infinity throws.</summary>
    /// <param name="what">"output" or "lse", for the message.</param>
    /// <param name="actual">What was computed.</param>
    /// <param name="expected">What the reference says.</param>
    /// <param name="bound">Largest allowed error.</param>
    /// <param name="describe">Names an element for the message.</param>
    /// <param name="context">The case, so that a failure can be made again.</param>
    public static double MaxError(string what, ReadOnlySpan<double> actual, ReadOnlySpan<double> expected,
        double bound, Func<int, string> describe, string context)
    {
        ArgumentNullException.ThrowIfNull(describe);
        double max = 0;
        int worst = -1, wrong = 0, first = -1;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Difference(actual[i], expected[i]);
            wrong += error <= bound ? 0 : 1;
            first = first < 0 && !(error <= bound) ? i : first;
            worst = error > max ? i : worst;
            max = Math.Max(max, error);
        }

        return wrong == 0 ? max : throw new AttentionMismatchException(
            $"{what} is wrong in {wrong} of {expected.Length} elements: largest error {max:G4} at "
            + $"{describe(worst)}: got {actual[worst]:G9}, expected {expected[worst]:G9}, allowed {bound:G4}; first at "
            + $"{describe(first)}: got {actual[first]:G9}, expected {expected[first]:G9}. Case: {context}");
    }

    /// <summary>||actual - expected|| / ||expected|| over the finite elements; 0 when both are 0.</summary>
    public static double RelativeError(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected)
    {
        double error = 0, norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (double.IsFinite(expected[i]))
            {
                error += (actual[i] - expected[i]) * (actual[i] - expected[i]);
                norm += expected[i] * expected[i];
            }
        }

        return error == 0 ? 0 : Math.Sqrt(error / norm);
    }

    // NaN belongs to NaN and an infinity to itself; any other pairing with them is infinitely wrong.
    private static double Difference(double actual, double expected) =>
        double.IsFinite(actual) && double.IsFinite(expected) ? Math.Abs(actual - expected)
        : actual.Equals(expected) ? 0
        : double.PositiveInfinity;
}
