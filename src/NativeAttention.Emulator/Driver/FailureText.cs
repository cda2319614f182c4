using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>
/// The text of a failure. Calls that succeed must not allocate, so it takes in nothing while the condition
/// holds.
/// </summary>
[InterpolatedStringHandler]
internal ref struct FailureText
{
    private DefaultInterpolatedStringHandler _text;

    public FailureText(int literalLength, int formattedCount, bool condition, out bool isWanted)
    {
        isWanted = !condition;
        _text = isWanted
            ? new(literalLength, formattedCount, CultureInfo.InvariantCulture)
            : default;
    }

    public void AppendLiteral(string literal)
    {
        _text.AppendLiteral(literal);
    }

    public void AppendFormatted<T>(T value, string? format = null)
    {
        _text.AppendFormatted(value, format);
    }

    internal string ToText()
    {
        return _text.ToStringAndClear();
    }
}
