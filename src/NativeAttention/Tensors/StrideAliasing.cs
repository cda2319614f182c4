namespace NativeAttention;

/// <summary>Finds out whether two elements of a strided tensor share an address.</summary>
internal static class StrideAliasing
{
    /// <summary>Most differences the exact search looks at, some tens of milliseconds of work.</summary>
    private const long MostSteps = 1 << 24;

    /// <summary>
    /// Describes a collision, or returns null when every element has an address of its own.
    /// </summary>
    /// <remarks>
    /// Strides that nest (each at least as large as everything inside it) cannot collide, and nearly all
    /// layouts nest. The others, for example rows of two tensors woven into each other, are searched: two
    /// elements collide exactly when some difference of indices, not all zero, moves the offset by less than
    /// one vector.
    /// </remarks>
    public static string? Find(TensorExtents tensor)
    {
        if (tensor.IsEmpty)
        {
            return null;
        }

        Axis[] axes =
        [
            new("batch", tensor.Batch, tensor.Strides.Batch),
            new("sequence", tensor.Sequence, tensor.Strides.Sequence),
            new("head", tensor.Heads, tensor.Strides.Head),
        ];
        return Nest(axes, tensor.Dim) ? null : Search(axes, tensor.Dim);
    }

    private static bool Nest(Axis[] axes, int dim)
    {
        Int128 inside = dim;
        foreach (Axis axis in axes.Where(a => a.Extent > 1).OrderBy(a => a.Stride))
        {
            if (axis.Stride < inside)
            {
                return false;
            }

            inside += (Int128)axis.Stride * (axis.Extent - 1);
        }

        return true;
    }

    // Tries every difference along the two shorter axes and solves for the longest.
    private static string? Search(Axis[] axes, int dim)
    {
        Axis[] order = [.. axes.OrderBy(a => a.Extent)];
        (Axis a, Axis b, Axis solved) = (order[0], order[1], order[2]);
        if (((2 * (Int128)a.Extent) - 1) * ((2 * (Int128)b.Extent) - 1) > MostSteps)
        {
            return "they interleave so widely that it cannot be shown that they do not.";
        }

        for (long da = 0; da < a.Extent; da++) // a difference and its negative are one collision
        {
            for (long db = 1L - b.Extent; db < b.Extent; db++)
            {
                Int128 offset = ((Int128)da * a.Stride) + ((Int128)db * b.Stride);
                if (Solve(offset, solved, dim, da == 0 && db == 0) is long ds)
                {
                    Int128 apart = offset + ((Int128)ds * solved.Stride);
                    return $"they differ by {da} along {a.Name}, {db} along {b.Name} and {ds} along "
                        + $"{solved.Name}, but only by {apart} in offset, with vectors of {dim}.";
                }
            }
        }

        return null;
    }

    // A difference d along the axis with |offset + d * stride| < dim, if there is one; d = 0 only counts when
    // the other differences are not all zero.
    private static long? Solve(Int128 offset, Axis axis, int dim, bool othersAreZero)
    {
        if (othersAreZero)
        {
            return axis.Extent > 1 && axis.Stride < dim ? 1 : null;
        }

        if (axis.Stride == 0)
        {
            return Int128.Abs(offset) < dim ? 0 : null;
        }

        // The nearest multiple of the stride is on one side of -offset or the other.
        Int128 below = Int128.Clamp(-offset / axis.Stride, 1 - (Int128)axis.Extent, (Int128)axis.Extent - 1);
        for (Int128 d = below - 1; d <= below + 1; d++)
        {
            if (Int128.Abs(d) < axis.Extent && Int128.Abs(offset + (d * axis.Stride)) < dim)
            {
                return (long)d;
            }
        }

        return null;
    }

    private readonly record struct Axis(string Name, int Extent, long Stride);
}
