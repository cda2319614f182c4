namespace NativeAttention.Tool.Npy;

/// <summary>What a .npy header says about the data behind it.</summary>
/// <param name="Dtype">Element type and byte order.</param>
/// <param name="FortranOrder">True when the first axis varies fastest in the file.</param>
/// <param name="Shape">Length of every axis; empty for a scalar.</param>
internal sealed record NpyHeader(NpyDtype Dtype, bool FortranOrder, long[] Shape)
{
    /// <summary>Number of elements and bytes, or false when they pass 2^63.</summary>
    public bool TryCount(out long elements, out long bytes)
    {
        elements = 1;
        bytes = 0;
        if (Array.IndexOf(Shape, 0L) >= 0)
        {
            elements = 0;
            return true;
        }

        foreach (long length in Shape)
        {
            if (Math.BigMul(elements, length, out elements) != 0 || elements < 0)
            {
                return false;
            }
        }

        return Math.BigMul(elements, (long)Dtype.Size, out bytes) == 0 && bytes >= 0;
    }
}
