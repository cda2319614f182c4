using System.Globalization;
using System.Text.RegularExpressions;

namespace NativeAttention.Bindings.Generator;

/// <summary>An <c>enum Name : u32</c> of single bits in the parameter header, written <c>kName = 1u &lt;&lt; n</c>.</summary>
internal sealed partial record FlagsEnum(string Name, IReadOnlyList<(string Name, int Bit)> Members)
{
    /// <summary>All such enums of a header.</summary>
    public static IReadOnlyList<FlagsEnum> ReadAll(string header) =>
        [.. Enum().Matches(header).Select(match => new FlagsEnum(match.Groups["name"].Value, ReadMembers(match)))];

    private static List<(string Name, int Bit)> ReadMembers(Match match) =>
        [.. Member().Matches(match.Groups["body"].Value).Select(member =>
            (member.Groups["name"].Value, int.Parse(member.Groups["bit"].Value, CultureInfo.InvariantCulture)))];

    [GeneratedRegex(@"enum (?<name>\w+) : u32 \{(?<body>[^}]*)\}")]
    private static partial Regex Enum();

    [GeneratedRegex(@"k(?<name>\w+) = 1u << (?<bit>\d+)")]
    private static partial Regex Member();
}
