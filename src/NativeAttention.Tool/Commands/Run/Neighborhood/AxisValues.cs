using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>Whole numbers between commas: one for each axis of a map, or one that serves all.</summary>
/// <param name="Numbers">The numbers as given.</param>
internal sealed record AxisValues(IReadOnlyList<int> Numbers)
{
    /// <summary>An option with such a value.</summary>
    public static Option<AxisValues?> Option(string name, string description, int least, int most = int.MaxValue) =>
        new(name)
        {
            HelpName = "n,...",
            Description = description,
            CustomParser = result => Parse(name, least, most, result),
        };

    /// <summary>The number of an axis.</summary>
    public int Of(int axis) => Numbers.Count == 1 ? Numbers[0] : Numbers[axis];

    /// <summary>Reads such values; null when they are not.</summary>
    public static AxisValues? TryParse(string text, int least, int most)
    {
        string[] parts = text.Split(',');
        int[] numbers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[i])
                || numbers[i] < least || numbers[i] > most)
            {
                return null;
            }
        }

        return parts.Length > GridShape.MostAxes ? null : new AxisValues(numbers);
    }

    private static AxisValues? Parse(string name, int least, int most, ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        AxisValues? values = TryParse(text, least, most);
        if (values is null)
        {
            result.AddError($"{name} is '{text}'; allowed are whole numbers "
                + (most == int.MaxValue ? $"from {least}" : $"from {least} to {most}")
                + ", one for each of 1 to 3 axes or one for all, such as 1,1");
        }

        return values;
    }
}
