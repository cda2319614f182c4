namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>The 16 x 8 tile that a warp of a matrix probe leaves, and its comparison.</summary>
/// <param name="Values">Row-major, in float64, of one iteration.</param>
/// <param name="Magnitudes">Sum of the absolute products behind each value.</param>
internal sealed record FragmentSum(double[] Values, double[] Magnitudes)
{
    /// <summary>
    /// Relative to the sum of the absolute products. Tensor cores truncate when they add, which over the 80
    /// additions of a check may come to 1e-5; one product of 2048 that is missing is 5e-4.
    /// </summary>
    private const double Tolerance = 1e-4;

    private const int Columns = 8;
    private const int PerWarp = 32 * 4;

    /// <summary>Compares what a warp wrote.</summary>
    /// <param name="output">Four float32 of each lane: element e of lane 4 g + t is row g + 8 (e / 2), column
    /// 2 t + e % 2.</param>
    /// <param name="products">How often the tile was added.</param>
    public string? Check(ReadOnlySpan<uint> output, double products)
    {
        for (int i = 0; i < PerWarp; i++)
        {
            (int lane, int e) = Math.DivRem(i, 4);
            int at = (((lane / 4) + (8 * (e / 2))) * Columns) + (2 * (lane % 4)) + (e % 2);
            float actual = BitConverter.UInt32BitsToSingle(output[i]);
            double allowed = Tolerance * products * Magnitudes[at];
            if (!(Math.Abs(actual - (products * Values[at])) <= allowed))
            {
                return $"row {at / Columns}, column {at % Columns} is {actual}, not {products * Values[at]}";
            }
        }

        return null;
    }

    /// <summary>The tile a[row] . b[column], summed over what <paramref name="pairs"/> names.</summary>
    /// <param name="depth">Length of the rows.</param>
    /// <param name="pairs">Rows of a and b that belong to a row and a column.</param>
    public static FragmentSum Of(int depth, Func<int, int, IEnumerable<(double[] A, double[] B)>> pairs)
    {
        double[] values = new double[16 * Columns];
        double[] magnitudes = new double[16 * Columns];
        for (int at = 0; at < values.Length; at++)
        {
            foreach ((double[] a, double[] b) in pairs(at / Columns, at % Columns))
            {
                for (int k = 0; k < depth; k++)
                {
                    values[at] += a[k] * b[k];
                    magnitudes[at] += Math.Abs(a[k] * b[k]);
                }
            }
        }

        return new FragmentSum(values, magnitudes);
    }
}
