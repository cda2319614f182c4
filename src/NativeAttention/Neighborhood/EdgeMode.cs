namespace NativeAttention;

/// <summary>What a window does where it would reach beyond the map.</summary>
public enum EdgeMode
{
    /// <summary>
    /// It is shifted inside, so that every query has a whole window (neighborhood attention, arXiv 2204.07143).
    /// </summary>
    Shift,

    /// <summary>It is cut, so that border queries have fewer keys.</summary>
    Clip,

    /// <summary>It goes on at the other side: the map is a ring, or a torus.</summary>
    Wrap,
}
