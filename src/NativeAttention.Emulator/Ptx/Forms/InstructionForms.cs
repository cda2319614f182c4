using System.Collections.Concurrent;
using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>
/// The instructions that exist: the table in <c>InstructionForms.Table.cs</c>, read once. What is not in it is not
/// an instruction. The tests walk the same table, so that no form is accepted without a test.
/// </summary>
internal static partial class InstructionForms
{
    private static readonly ConcurrentDictionary<string, InstructionForm?> _found = new(StringComparer.Ordinal);

    private static readonly Dictionary<string, PtxLevel> _qualifiers = new(StringComparer.Ordinal);

    /// <summary>The forms in order, by the first word of their opcodes.</summary>
    public static ILookup<string, InstructionForm> ByMnemonic { get; } = Read();

    /// <summary>The form of an opcode, or null.</summary>
    public static InstructionForm? Find(string opcode) => _found.GetOrAdd(opcode, Search);

    /// <summary>What a module lacks for an opcode of this form, or null.</summary>
    public static string? Lack(PtxLevel module, InstructionForm form, ReadOnlySpan<string> parts)
    {
        string? lack = module.Lacks(form.Level);
        foreach (string part in parts[1..])
        {
            lack ??= _qualifiers.TryGetValue(part, out PtxLevel level) ? module.Lacks(level) : null;
        }
        return lack;
    }

    /// <summary>The first qualifier of an unknown opcode that no form has at its place, or "" when the opcode only
    /// ends too early.</summary>
    public static string FirstUnknown(string opcode)
    {
        int furthest = 0;
        foreach (InstructionForm form in ByMnemonic[Mnemonic(opcode)])
        {
            form.Pattern.Covers(opcode, ref furthest);
        }
        int dot = furthest < opcode.Length ? opcode.LastIndexOf('.', furthest) : -1;
        return dot < 0 ? "" : opcode[dot..].Split('.')[1];
    }

    public static string Mnemonic(string opcode)
    {
        int dot = opcode.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? opcode : opcode[..dot];
    }

    private static InstructionForm? Search(string opcode)
    {
        int furthest = 0;
        return ByMnemonic[Mnemonic(opcode)].FirstOrDefault(f => f.Pattern.Covers(opcode, ref furthest));
    }

    private static ILookup<string, InstructionForm> Read()
    {
        List<(string Name, string Text)> macros = [];
        List<(string Mnemonic, InstructionForm Form)> forms = [];
        foreach (string line in (Table + HopperTable).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '#')
            {
                continue;
            }
            string[] cells = line.Split(line[0] == '<' ? '=' : '|', StringSplitOptions.TrimEntries);
            string text = macros.Aggregate(cells[0], (t, m) => t.Replace(m.Name, m.Text, StringComparison.Ordinal));
            if (line[0] == '<')
            {
                macros.Add((cells[0],
                    macros.Aggregate(cells[1], (t, m) => t.Replace(m.Name, m.Text, StringComparison.Ordinal))));
                continue;
            }
            if (line[0] == '.')
            {
                _qualifiers.Add(text[1..], ReadLevel(cells[1]));
                continue;
            }
            InstructionForm form = new()
            {
                Pattern = OpcodePattern.Parse(text),
                Operands = cells[1] == "*" ? null
                    : cells[1].Split(' ', StringSplitOptions.RemoveEmptyEntries),
                Level = ReadLevel(cells.Length > 2 ? cells[2] : ""),
            };
            forms.AddRange(Mnemonics(text).Select(m => (m, form)));
        }
        return forms.ToLookup(f => f.Mnemonic, f => f.Form, StringComparer.Ordinal);
    }

    /// <summary>The first words of a pattern; a choice may only stand for all of it.</summary>
    private static string[] Mnemonics(string pattern)
    {
        string head = pattern[0] == '{' ? pattern[1..pattern.IndexOf('}', StringComparison.Ordinal)]
            : pattern[..pattern.AsSpan().IndexOfAny('.', '[', '{').Or(pattern.Length)];
        return head.Split(',');
    }

    private static int Or(this int index, int otherwise) => index < 0 ? otherwise : index;

    private static PtxLevel ReadLevel(string cell)
    {
        string[] words = cell.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int version = words.Length > 0 ? (int)(decimal.Parse(words[0], CultureInfo.InvariantCulture) * 10) : 0;
        int target = words.Length > 1 ? int.Parse(words[1].TrimEnd('a'), CultureInfo.InvariantCulture) : 0;
        return new PtxLevel(version, target, words.Length > 1 && words[1].EndsWith('a'));
    }
}
