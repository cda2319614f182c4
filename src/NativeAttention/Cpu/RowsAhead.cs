using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Rows of keys or values that will be read after those of a product. They are asked for bit by bit while it runs: the
/// processor itself does not look beyond a page, and could not wait for all of them at once.
/// </summary>
internal unsafe struct RowsAhead
{
    private const int LineFloats = CachePrefetch.LineBytes / sizeof(float);

    private readonly nint stride;
    private readonly int dim;
    private float* row;
    private int left;

    /// <summary>Rows that nothing has been asked of yet.</summary>
    /// <param name="first">The first.</param>
    /// <param name="stride">Floats from a row to the next.</param>
    /// <param name="rows">How many.</param>
    /// <param name="dim">Floats of a row.</param>
    public RowsAhead(float* first, nint stride, int rows, int dim)
    {
        row = first;
        this.stride = stride;
        left = rows;
        this.dim = dim;
    }

    /// <summary>Whether there is nothing to ask for.</summary>
    public readonly bool IsEmpty => left == 0;

    /// <summary>Asks for some more rows, if there are any.</summary>
    /// <param name="rows">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Ask(int rows)
    {
        for (int n = Math.Min(rows, left); n > 0; n--)
        {
            for (int d = 0; d < dim; d += LineFloats)
            {
                CachePrefetch.Far(row + d);
            }

            // Rows seldom begin where cache lines do: the last line is one more.
            CachePrefetch.Far(row + dim - 1);
            row += stride;
            left--;
        }
    }
}
