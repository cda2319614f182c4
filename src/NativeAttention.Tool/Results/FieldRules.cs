using System.Globalization;

namespace NativeAttention.Tool.Results;

/// <summary>What a field of a result may be; failures name field, value and what is allowed.</summary>
internal static class FieldRules
{
    /// <summary>Requires a condition.</summary>
    public static void Require(bool condition, string field, object? value, string allowed)
    {
        if (!condition)
        {
            throw new FormatException(string.Create(CultureInfo.InvariantCulture,
                $"'{field}' is '{value}'; allowed is {allowed}"));
        }
    }

    /// <summary>Requires some text.</summary>
    public static void RequireName(string field, string value) =>
        Require(!string.IsNullOrWhiteSpace(value), field, value, "any text that is not blank");

    /// <summary>Requires one of a few words.</summary>
    public static void RequireOneOf(string field, string value, params string[] allowed) =>
        Require(allowed.Contains(value), field, value, string.Join(", ", allowed));

    /// <summary>Requires a finite number above 0.</summary>
    public static void RequirePositive(string field, double value) =>
        Require(double.IsFinite(value) && value > 0, field, value, "a finite number above 0");

    /// <summary>Requires a finite number of at least 0, or nothing.</summary>
    public static void RequireNotNegative(string field, double? value) =>
        Require(value is null || (double.IsFinite(value.Value) && value >= 0), field, value,
            "a finite number of at least 0");
}
