using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

/// <summary>The part of a span that a problem uses.</summary>
internal static class SpanLength
{
    /// <summary>The part that is used; a span that is shorter is refused.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="problem">Whose span it is, for messages.</param>
    /// <param name="name">Name of the argument.</param>
    /// <param name="span">The span.</param>
    /// <param name="needed">Elements that are used.</param>
    public static ReadOnlySpan<T> Used<T>(object problem, string name, ReadOnlySpan<T> span, long needed)
        where T : unmanaged
    {
        if (span.Length < needed)
        {
            ThrowTooShort(problem, name, span.Length, needed);
        }

        return span[..(int)needed];
    }

    /// <summary>Refuses a span that is too short.</summary>
    /// <param name="problem">Whose span it is.</param>
    /// <param name="name">Name of the argument.</param>
    /// <param name="given">Elements that it has.</param>
    /// <param name="needed">Elements that are used.</param>
    [DoesNotReturn]
    public static void ThrowTooShort(object problem, string name, int given, Int128 needed) =>
        throw new ArgumentException($"The {name} span has {given} elements: {problem} needs {needed}"
            + (needed > int.MaxValue ? ", more than a span can hold." : "."), name);
}
