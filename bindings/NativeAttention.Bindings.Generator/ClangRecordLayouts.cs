using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace NativeAttention.Bindings.Generator;

/// <summary>Reads the structs of namespace <c>na</c> in a header through clang's record-layout dump.</summary>
internal static partial class ClangRecordLayouts
{
    private const string Compiler = "clang-19";

    /// <summary>All structs of namespace <c>na</c> that a header defines, in order of definition.</summary>
    /// <exception cref="GeneratorException">clang is missing or refuses the header.</exception>
    public static IReadOnlyList<RecordLayout> Read(string includeFolder, string header) =>
        Parse(RunClang(includeFolder, header));

    /// <summary>Parses the text of a dump.</summary>
    internal static IReadOnlyList<RecordLayout> Parse(string dump)
    {
        List<RecordLayout> records = [];
        foreach (string block in dump.Split("*** Dumping AST Record Layout", StringSplitOptions.RemoveEmptyEntries))
        {
            Match head = RecordHead().Match(block);
            if (head.Success)
            {
                records.Add(ParseRecord(head.Groups["name"].Value, block));
            }
        }

        return records.Count > 0 ? records : throw new GeneratorException("clang's dump names no struct of namespace na");
    }

    private static RecordLayout ParseRecord(string name, string block)
    {
        // Three blanks after the bar are the record's own fields; more are fields of its fields.
        List<RecordField> fields = [.. DirectField().Matches(block).Select(match => new RecordField(
            int.Parse(match.Groups["offset"].Value, CultureInfo.InvariantCulture),
            match.Groups["type"].Value.TrimEnd(), match.Groups["field"].Value))];
        Match size = RecordSize().Match(block);
        return size.Success
            ? new RecordLayout(name, int.Parse(size.Groups["size"].Value, CultureInfo.InvariantCulture), fields)
            : throw new GeneratorException($"clang's dump gives no size for '{name}'");
    }

    private static string RunClang(string includeFolder, string header)
    {
        ProcessStartInfo start = new(Compiler)
        {
            ArgumentList =
            {
                "-std=c++17", "-fsyntax-only", "-x", "c++", "-I", includeFolder,
                "-Xclang", "-fdump-record-layouts-complete", header,
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process clang = Process.Start(start)!;
            Task<string> errors = clang.StandardError.ReadToEndAsync();
            string output = clang.StandardOutput.ReadToEnd();
            clang.WaitForExit();
            return clang.ExitCode == 0
                ? output
                : throw new GeneratorException($"{Compiler} refused {header}:\n{errors.Result}");
        }
        catch (Win32Exception exception)
        {
            throw new GeneratorException($"{Compiler} cannot be started ({exception.Message}); './build.sh setup' installs it");
        }
    }

    [GeneratedRegex(@"^\s*0 \| struct na::(?<name>\w+)\s*$", RegexOptions.Multiline)]
    private static partial Regex RecordHead();

    [GeneratedRegex(@"^\s*(?<offset>\d+) \|   (?<type>\S.*?[ *])(?<field>\w+)\s*$", RegexOptions.Multiline)]
    private static partial Regex DirectField();

    [GeneratedRegex(@"\[sizeof=(?<size>\d+)")]
    private static partial Regex RecordSize();
}
