namespace NativeAttention.Benchmarks.Problems;

/// <summary>Rows of tensors, where they lie in storage.</summary>
internal static class StoredRows
{
    /// <summary>The place of a row's first element.</summary>
    /// <param name="strides">Strides of the tensor.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="position">Position in the sequence.</param>
    /// <param name="head">Head.</param>
    public static long Place(TensorStrides strides, int batch, long position, int head) =>
        (batch * strides.Batch) + (position * strides.Sequence) + (head * strides.Head);

    /// <summary>Some rows, one after another.</summary>
    /// <param name="element">The element at a place.</param>
    /// <param name="places">Where the rows begin.</param>
    /// <param name="dim">Elements of a row.</param>
    public static double[] Read(Func<long, double> element, long[] places, int dim)
    {
        double[] values = new double[places.Length * dim];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = element(places[i / dim] + (i % dim));
        }

        return values;
    }
}
