namespace NativeAttention.Emulation.Tests;

/// <summary>A form of the table, brought into a kernel of one instruction (with what makes its result visible).</summary>
internal sealed record FormCase(
    string Opcode, string Body, string Destination, string[] Operands, string[] Draws,
    Func<ulong[], ulong, (bool IsRight, ulong Expected)> Check)
{
    /// <summary>The constant operand of lop3 in these tests.</summary>
    public const int Table = 0xB4;

    /// <summary>The cases of one opcode.</summary>
    public static IEnumerable<FormCase> Of(string opcode, string[]? kinds)
    {
        FormModel model = new(opcode);
        kinds ??= KindsOf(model);
        bool hasConstant = kinds[^1][0] == '#';
        string[] types = [.. kinds.Where(k => k[0] != '#').Select(k => TypeOf(k, model))];
        string[] registers = [.. types.Select(RegisterOf)];
        string[] operands = registers[1..];
        string list = string.Join(", ", operands.Select((r, i) => LaneKernel.Register(r, i + 1)))
            + (hasConstant ? $", {Table}" : "");
        if (model.Has("cc") || model.Mnemonic is "addc" or "subc" or "madc")
        {
            return CarryCases.Of(opcode, model, registers[0], types[1..]);
        }
        if (model.Mnemonic == "lop3" && model.Has("b32") && opcode.Length > "lop3.b32".Length)
        {
            return Lop3Cases(opcode, model);
        }
        string d = LaneKernel.Register(registers[0], 0);
        FormCase plain = new(opcode, $"{opcode} {d}, {list};", registers[0], operands, types[1..],
            (o, got) => (model.IsRight(Narrow(o, types), got, out ulong expected), expected));
        return model.Mnemonic == "setp" ? [plain, SecondResult(opcode, model, list, operands, types)] : [plain];
    }

    /// <summary>Operand kinds of the forms whose operands the decoder reads itself.</summary>
    private static string[] KindsOf(FormModel model)
    {
        bool takesTwo = model.Mnemonic == "cvt" && model.Type(0).EndsWith("x2", StringComparison.Ordinal)
            && model.Type(1) == "f32";
        return model.Mnemonic switch
        {
            "and" or "or" or "xor" => ["pred", "pred", "pred"],
            "not" => ["pred", "pred"],
            "lop3" => ["T", "T", "T", "T", "p"],
            "mov" => ["T", "T"],
            _ => takesTwo ? ["T", "U", "U"] : ["T", "U"],
        };
    }

    private static string TypeOf(string kind, FormModel model) => kind switch
    {
        "T" => model.Type(0),
        "U" => model.Type(1),
        "W" => $"{model.Type(0)[0]}{2 * FormModel.BitsOf(model.Type(0))}",
        "p" or "q" => "pred",
        _ => kind,
    };

    private static string RegisterOf(string type) => type switch
    {
        "pred" or "f32" or "f64" => type,
        "tf32" => "b32",
        _ => $"b{Math.Max(FormModel.BitsOf(type), 16)}",
    };

    /// <summary>Operands as the instruction sees them.</summary>
    private static ulong[] Narrow(ulong[] o, string[] types) => [.. o.Select((x, i) => types[i + 1] switch
    {
        "pred" => x & 1,
        _ => FormModel.BitsOf(types[i + 1]) is int bits and < 64 ? x & ((1UL << bits) - 1) : x,
    })];

    /// <summary>The second predicate: for pairs the upper halves, otherwise the complement of the comparison.</summary>
    private static FormCase SecondResult(
        string opcode, FormModel model, string list, string[] operands, string[] types)
    {
        bool isPair = model.Type(0).EndsWith("x2", StringComparison.Ordinal);
        return new(opcode, $"{opcode} %p6|%p0, {list};", "pred", operands, types[1..], (o, got) =>
        {
            ulong[] seen = Narrow(o, types);
            ulong expected;
            if (isPair)
            {
                model.IsRight([seen[0] >> 16, seen[1] >> 16, .. seen[2..]], got, out expected);
            }
            else
            {
                new FormModel(WithoutCombination(opcode)).IsRight(seen, got, out ulong outcome);
                bool third = seen.Length > 2 && seen[2] != 0;
                bool complement = outcome == 0;
                bool combined = model.Has("and") ? complement && third : model.Has("or") ? complement || third
                    : model.Has("xor") ? complement != third : complement;
                expected = combined ? 1u : 0;
            }
            return (expected == got, expected);
        });
    }

    private static string WithoutCombination(string opcode) =>
        string.Join('.', opcode.Split('.').Where(p => p is not ("and" or "or" or "xor")));

    /// <summary>lop3 with a predicate: the value, then the predicate.</summary>
    private static FormCase[] Lop3Cases(string opcode, FormModel model)
    {
        string[] registers = ["b32", "b32", "b32", "pred"];
        string text = $"%r1, %r2, %r3, {Table}, %p4;";
        ulong Value(ulong[] o)
        {
            new FormModel("lop3.b32").IsRight([(uint)o[0], (uint)o[1], (uint)o[2]], 0, out ulong value);
            return value;
        }
        return
        [
            new(opcode, $"{opcode} %r0|%p6, {text}", "b32", registers, registers,
                (o, got) => (got == Value(o), Value(o))),
            new(opcode, $"{opcode} %r5|%p0, {text}", "pred", registers, registers, (o, got) =>
            {
                bool third = (o[3] & 1) != 0;
                bool isSet = model.Has("or") ? Value(o) != 0 || third : Value(o) != 0 && third;
                return (got == (isSet ? 1u : 0), isSet ? 1u : 0);
            }),
        ];
    }
}
