using System.Numerics;

namespace NativeAttention.Emulation.Tests;

/// <summary>Forms that read or write the carry: the last operand of these cases is the carry that comes in.</summary>
internal static class CarryCases
{
    public static FormCase[] Of(string opcode, FormModel model, string register, string[] types)
    {
        string t = register == "b64" ? "u64" : "u32";
        string[] operands = [.. types.Select(_ => register), "b32"];
        string[] draws = [.. types, "u32"];
        string list = string.Join(", ", types.Select((_, i) => LaneKernel.Register(register, i + 1)));
        int bits = register == "b64" ? 64 : 32;
        bool reads = opcode.StartsWith("addc", StringComparison.Ordinal)
            || opcode.StartsWith("subc", StringComparison.Ordinal)
            || opcode.StartsWith("madc", StringComparison.Ordinal);
        // Adding all ones carries exactly when the operand is not 0.
        string carryIn = $"{{ .reg .b32 x; and.b32 x, %r{types.Length + 1}, 1; add.cc.u32 x, x, -1; }}\n";
        FormCase value = new(opcode, $"{carryIn}{opcode} {LaneKernel.Register(register, 0)}, {list};",
            register, operands, draws, (o, got) =>
            {
                ulong expected = (ulong)(Sum(opcode, model, o, bits, reads) & ((BigInteger.One << bits) - 1));
                return (got == expected, expected);
            });
        FormCase carry = new(opcode,
            $"{carryIn}{{ .reg .{t} x; {opcode} x, {list}; }} addc.u32 %r0, 0, 0;",
            "b32", operands, draws, (o, got) =>
            {
                bool isWritten = model.Has("cc");
                BigInteger sum = Sum(opcode, model, o, bits, reads);
                ulong expected = !isWritten ? o[^1] & 1 : sum < 0 || sum >> bits != 0 ? 1u : 0;
                return (got == expected, expected);
            });
        return [value, carry];
    }

    private static BigInteger Sum(string opcode, FormModel model, ulong[] o, int bits, bool reads)
    {
        BigInteger carry = reads ? o[^1] & 1 : 0;
        ulong Cut(BigInteger x) => (ulong)(x & ((BigInteger.One << bits) - 1));
        BigInteger a = Cut(o[0]);
        BigInteger b = Cut(o[1]);
        if (opcode[0] == 'm')
        {
            BigInteger Read(ulong x) => model.Type(0)[0] == 's' && (x >> (bits - 1)) != 0
                ? (BigInteger)x - (BigInteger.One << bits) : x;
            BigInteger product = Read((ulong)a) * Read((ulong)b);
            return Cut(model.Has("hi") ? product >> bits : product) + (BigInteger)Cut(o[2]) + carry;
        }
        return opcode.StartsWith("sub", StringComparison.Ordinal) ? a - b - carry : a + b + carry;
    }
}
