using System.Text.RegularExpressions;

namespace NativeAttention.PublicApi.Tests;

/// <summary>Rules of the sources that no analyzer knows.</summary>
public partial class SourceRulesTests
{
    // Kernels, foreign functions, and the emulator's memory, entry points and decoded instructions: nowhere else.
    private static readonly string[] UnsafeFolders =
    [
        "src/NativeAttention/Cpu/",
        "src/NativeAttention.Cuda/Interop/",
        "src/NativeAttention.Emulator/Driver/",
        "src/NativeAttention.Emulator/Execution/",
        "src/NativeAttention.Emulator/Memory/",
        "src/NativeAttention.Emulator/Ptx/Decoding/",
    ];

    [Test]
    public void Unsafe_code_stays_where_it_belongs()
    {
        string root = SourceTree.Root();
        string[] elsewhere =
            [.. Sources(root).Where(f => Unsafe().IsMatch(File.ReadAllText(Path.Combine(root, f))))
            .Where(f => !UnsafeFolders.Any(folder => f.StartsWith(folder, StringComparison.Ordinal)))];
        Assert.That(elsewhere, Is.Empty);
    }

    [Test]
    public void Every_file_has_one_public_type_and_its_name()
    {
        string root = SourceTree.Root();
        List<string> wrong = [];
        foreach (string file in Sources(root))
        {
            string[] types = [.. PublicType().Matches(File.ReadAllText(Path.Combine(root, file))).Select(m =>
                m.Groups[1].Value)];
            string name = Path.GetFileName(file).Split('.')[0].Split('{')[0];
            if (types.Length > 1 || (types.Length == 1 && types[0] != name))
            {
                wrong.Add($"{file}: {string.Join(", ", types)}");
            }
        }

        Assert.That(wrong, Is.Empty);
    }

    private static string[] Sources(string root)
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(root, "src"), "*.cs",
            SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(root, f).Replace('\\', '/'))
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal)
            && !f.Contains("/bin/", StringComparison.Ordinal))];
        Assert.That(files, Has.Length.GreaterThan(30));
        return files;
    }

    [GeneratedRegex(@"\bunsafe\b(?=[^;/\n]*\b(class|struct|interface|void|partial|static|delegate)\b|\s*\{)")]
    private static partial Regex Unsafe();

    [GeneratedRegex(@"^public (?:(?:static|abstract|sealed|readonly|unsafe|partial|ref) )*(?:record struct|record|class|struct|interface|enum|delegate \w+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex PublicType();
}
