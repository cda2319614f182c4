using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace NativeAttention.Tool.Commands;

/// <summary>
/// Options that understand their values themselves, so that messages are one line in our own words.
/// </summary>
internal static class OptionParsers
{
    /// <summary>An option that names a NumPy file and may be left out.</summary>
    public static Option<string?> File(string name, string description) => new(name)
    {
        HelpName = "file.npy",
        Description = description,
    };

    /// <summary>An option whose value is one of a few words.</summary>
    public static Option<string?> Choice(string name, string description, params string[] allowed) =>
        new(name)
        {
            Description = description,
            HelpName = string.Join('|', allowed),
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (!allowed.Contains(text))
                {
                    result.AddError($"{name} is '{text}'; allowed are {string.Join(", ", allowed)}");
                }

                return text;
            },
        };

    /// <summary>An option whose value is a finite number.</summary>
    public static Option<float?> Finite(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "number",
        CustomParser = result => ParseFinite(name, result),
    };

    /// <summary>An option whose value is a finite number above 0.</summary>
    public static Option<float?> Positive(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "number",
        CustomParser = result =>
        {
            float? value = ParseFinite(name, result);
            if (value <= 0)
            {
                result.AddError($"{name} is '{result.Tokens[0].Value}'; allowed are numbers above 0");
            }

            return value;
        },
    };

    /// <summary>An option whose value is a whole number, at least <paramref name="least"/>.</summary>
    public static Option<int> Whole(
        string name, string description, int otherwise, int least = int.MinValue) => new(name)
        {
            Description = description,
            HelpName = "number",
            DefaultValueFactory = _ => otherwise,
            CustomParser = result => ParseWhole(name, least, result),
        };

    /// <summary>As <see cref="Whole"/>, without a default.</summary>
    public static Option<int?> WholeOrNone(string name, string description, int least = int.MinValue) =>
        new(name)
        {
            Description = description,
            HelpName = "number",
            CustomParser = result => ParseWhole(name, least, result),
        };

    private static int ParseWhole(string name, int least, ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value))
        {
            result.AddError($"{name} is '{text}'; allowed are whole numbers");
        }
        else if (value < least)
        {
            result.AddError($"{name} is {value}; allowed are whole numbers from {least}");
        }

        return value;
    }

    private static float? ParseFinite(string name, ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value)
            || !float.IsFinite(value))
        {
            result.AddError($"{name} is '{text}'; allowed are finite numbers such as 0.125");
        }

        return value;
    }
}
