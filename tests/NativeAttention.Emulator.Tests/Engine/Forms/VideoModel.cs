using System.Numerics;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// A video instruction with its selectors, and what it does to one lane: written from the PTX ISA (its sections on scalar
/// and SIMD video instructions) with big integers, without any code of the emulator. A selector is "" or what follows
/// the dot; Negated holds the letters of the operands of vmad with a minus.
/// </summary>
internal sealed record VideoModel(string Opcode, string D, string A, string B, string Negated = "")
{
    private string[] Parts => Opcode.Split('.');

    private string Name => Parts[0].TrimEnd('2', '4');

    private int Lanes => Name == Parts[0] ? 1 : Parts[0][^1] - '0';

    private bool Has(string part) => Parts.Skip(1).Contains(part);

    private bool IsSet => Name == "vset";

    private string TypeD => IsSet ? "u32" : Parts[1];

    private string TypeA => IsSet ? Parts[1] : Parts[2];

    private string TypeB => IsSet ? Parts[2] : Parts[3];

    public bool TakesC => Lanes > 1 || Name == "vmad" || D.Length > 0 || Has("add") || Has("min") || Has("max");

    /// <summary>The instruction with registers 0 to 3.</summary>
    public string Text
    {
        get
        {
            string Operand(int index, char letter, string selector) => (Negated.Contains(letter) ? "-" : "")
                + $"%r{index}" + (selector.Length > 0 ? "." + selector : "");
            return $"{Opcode} {Operand(0, 'd', D)}, {Operand(1, 'a', A)}, {Operand(2, 'b', B)}"
                + (TakesC ? ", " + Operand(3, 'c', "") : "") + ";";
        }
    }

    public FormCase Case => new(Opcode, Text, "b32", ["b32", "b32", "b32"], ["u32", "u32", "u32"], (o, got) =>
    {
        uint expected = Evaluate((uint)o[0], (uint)o[1], (uint)o[2]);
        return (got == expected, expected);
    });

    public uint Evaluate(uint a, uint b, uint c) =>
        Lanes > 1 ? Simd(a, b, c) : Name == "vmad" ? MultiplyAdd(a, b, c) : Scalar(a, b, c);

    private static uint Low(BigInteger value) => (uint)(value & uint.MaxValue);

    /// <summary>The value of the low bits, by sign.</summary>
    private static BigInteger Number(BigInteger value, int bits, bool isSigned)
    {
        BigInteger cut = value & ((BigInteger.One << bits) - 1);
        return isSigned && cut >= BigInteger.One << (bits - 1) ? cut - (BigInteger.One << bits) : cut;
    }

    private static BigInteger Part(uint value, string selector, string type)
    {
        int bits = BitsOf(selector);
        int index = selector.Length > 0 ? selector[1] - '0' : 0;
        return Number(value / BigInteger.Pow(2, bits * index), bits, type == "s32");
    }

    private static int BitsOf(string selector) => selector.Length == 0 ? 32 : selector[0] == 'b' ? 8 : 16;

    private static BigInteger Clamp(BigInteger value, int bits, string type)
    {
        (BigInteger least, BigInteger most) = (type, bits) switch
        {
            ("s32", 8) => (sbyte.MinValue, sbyte.MaxValue),
            ("s32", 16) => (short.MinValue, short.MaxValue),
            ("s32", _) => (int.MinValue, (BigInteger)int.MaxValue),
            (_, 8) => (0, byte.MaxValue),
            (_, 16) => (0, ushort.MaxValue),
            _ => (0, uint.MaxValue),
        };
        return value < least ? least : value > most ? most : value;
    }

    private BigInteger First(BigInteger a, BigInteger b)
    {
        BigInteger amount = Has("wrap") ? b % 32 : BigInteger.Min(b, 32);
        return Name switch
        {
            "vadd" => a + b,
            "vsub" => a - b,
            "vabsdiff" => BigInteger.Abs(a - b),
            "vmin" => a < b ? a : b,
            "vmax" => a < b ? b : a,
            "vavrg" => Floor(a + b >= 0 ? a + b + 1 : a + b, 2),
            "vshl" => Number(a * BigInteger.Pow(2, (int)amount), 34, isSigned: true),
            "vshr" => Floor(a, BigInteger.Pow(2, (int)amount)),
            "vset" => Compare(a.CompareTo(b)) ? 1 : 0,
            _ => throw new NotSupportedException(Opcode),
        };
    }

    private bool Compare(int order) => Parts[3] switch
    {
        "eq" => order == 0,
        "ne" => order != 0,
        "lt" => order < 0,
        "le" => order <= 0,
        "gt" => order > 0,
        "ge" => order >= 0,
        _ => throw new NotSupportedException(Opcode),
    };

    private static BigInteger Floor(BigInteger value, BigInteger divisor)
    {
        BigInteger quotient = BigInteger.DivRem(value, divisor, out BigInteger rest);
        return rest < 0 ? quotient - 1 : quotient;
    }

    private uint Scalar(uint a, uint b, uint c)
    {
        BigInteger value = First(Part(a, A, TypeA), Part(b, B, TypeB));
        value = Has("sat") ? Clamp(value, BitsOf(D), TypeD) : Number(value, 33, isSigned: true);
        BigInteger third = Number(c, 32, TypeD == "s32");
        if (D.Length > 0)
        {
            byte[] bytes = BitConverter.GetBytes(c);
            int size = BitsOf(D) / 8;
            BitConverter.GetBytes(Low(value)).AsSpan(0, size).CopyTo(bytes.AsSpan(size * (D[1] - '0')));
            return BitConverter.ToUInt32(bytes);
        }
        return Low(Has("add") ? value + third : Has("min") ? BigInteger.Min(value, third)
            : Has("max") ? BigInteger.Max(value, third) : value);
    }

    private uint MultiplyAdd(uint a, uint b, uint c)
    {
        bool negatesProduct = Negated.Contains('a') != Negated.Contains('b');
        bool negatesC = Negated.Contains('c');
        bool isSigned = TypeA == "s32" || TypeB == "s32" || negatesProduct || negatesC;
        BigInteger product = Part(a, A, TypeA) * Part(b, B, TypeB);
        BigInteger third = Number(negatesC ? ~c : c, 32, isSigned);
        BigInteger sum = (negatesProduct ? -product - 1 : product) + third
            + (negatesProduct || negatesC || Has("po") ? 1 : 0);
        sum = Floor(sum, Has("shr7") ? 128 : Has("shr15") ? 32768 : 1);
        return Low(Has("sat") ? Clamp(sum, 32, isSigned ? "s32" : "u32") : sum);
    }

    private uint Simd(uint a, uint b, uint c)
    {
        int bits = 32 / Lanes;
        byte[] both = [.. BitConverter.GetBytes(a), .. BitConverter.GetBytes(b)];
        byte[] bytes = BitConverter.GetBytes(c);
        BigInteger sum = c;
        for (int i = 0; i < Lanes; i++)
        {
            BigInteger value = First(Element(both, A, i, 0, TypeA), Element(both, B, i, Lanes, TypeB));
            value = Has("sat") ? Clamp(value, bits, TypeD) : value;
            if (D.Length == 0 || D[1..].Contains((char)('0' + i)))
            {
                sum += value;
                BitConverter.GetBytes(Low(value)).AsSpan(0, bits / 8).CopyTo(bytes.AsSpan(i * bits / 8));
            }
        }
        return Has("add") ? Low(sum) : BitConverter.ToUInt32(bytes);
    }

    private BigInteger Element(byte[] both, string selector, int i, int otherwise, string type)
    {
        int index = selector.Length > 0 ? selector[^(i + 1)] - '0' : otherwise + i;
        int size = 4 / Lanes;
        return Number(new BigInteger(both.AsSpan(index * size, size), isUnsigned: true), size * 8, type == "s32");
    }
}
