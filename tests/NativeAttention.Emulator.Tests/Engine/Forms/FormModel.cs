using System.Numerics;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// What an instruction does to one lane, written from the PTX ISA with big integers and exact fractions, without any
/// code of the emulator. Operands come zero-extended in the order of the text (without the destination); a predicate is
/// 0 or 1.
/// </summary>
internal sealed partial class FormModel
{
    private readonly string[] _parts;
    private readonly string[] _types;

    public FormModel(string opcode)
    {
        _parts = opcode.Split('.');
        _types = [.. _parts.Skip(1).Where(IsType)];
    }

    public string Mnemonic => _parts[0];

    /// <summary>The types in the opcode, in order.</summary>
    public string Type(int index) => _types[Math.Min(index, _types.Length - 1)];

    public bool Has(string part) => Array.IndexOf(_parts, part, 1) > 0;

    private static bool IsType(string part) => part is "pred" or "f16" or "f16x2" or "bf16" or "bf16x2" or "f32"
        or "f64" or "tf32" or "e4m3x2" or "e5m2x2" or "u16x2" or "s16x2"
        || (part[0] is 'b' or 'u' or 's' && int.TryParse(part.AsSpan(1), out _));

    public static int BitsOf(string type) => type switch
    {
        "pred" => 1,
        "tf32" => 32,
        "e4m3x2" or "e5m2x2" => 16,
        _ when type.EndsWith("x2", StringComparison.Ordinal) => 32,
        _ => int.Parse(type.AsSpan(type.StartsWith('b') && type[1] == 'f' ? 2 : 1)),
    };

    public static bool IsFloat(string type) => type is "f64" or "f32" or "f16" or "bf16" or "f16x2" or "bf16x2"
        or "tf32" or "e4m3x2" or "e5m2x2";

    private static bool IsPair(string type) => type.EndsWith("x2", StringComparison.Ordinal);

    private string T => Type(0);

    private string U => Type(1);

    /// <summary>True when a result is right. For approximate instructions that is a matter of error.</summary>
    public bool IsRight(ulong[] operands, ulong got, out ulong expected)
    {
        expected = 0;
        if (IsApproximate)
        {
            return IsPair(T)
                ? IsNear((ushort)operands[0], 0, (ushort)got)
                    && IsNear((ushort)(operands[0] >> 16), 0, (ushort)(got >> 16))
                : IsNear(operands[0], operands.Length > 1 ? operands[1] : 0, got);
        }
        expected = Evaluate(operands);
        return expected == got;
    }

    private ulong Evaluate(ulong[] o)
    {
        switch (Mnemonic)
        {
            case "cvt":
                return Convert(o);
            case "setp" or "set":
                return Compare(o);
            case "mov":
                return o[0];
            case "selp":
                return o[2] != 0 ? o[0] : o[1];
            case "slct":
                return SelectBySign(o);
            case "testp":
                return Test(o[0]) ? 1u : 0;
            case "copysign":
                ulong sign = 1UL << (BitsOf(T) - 1);
                return (o[0] & sign) | (o[1] & (sign - 1));
            case "and" or "or" or "xor" or "not" when T == "pred":
                return Cut(Logic(o), 1);
            default:
                return IsFloat(T) ? Arithmetic(o) : Integer(o);
        }
    }

    private static ulong Cut(BigInteger value, int bits) =>
        (ulong)(value & ((BigInteger.One << bits) - 1));

    private static BigInteger Read(ulong value, string type)
    {
        int bits = BitsOf(type);
        BigInteger cut = Cut(value, bits);
        return type[0] == 's' && (cut >> (bits - 1)) != 0 ? cut - (BigInteger.One << bits) : cut;
    }

    private BigInteger Logic(ulong[] o) => Mnemonic switch
    {
        "and" => o[0] & o[1],
        "or" => o[0] | o[1],
        "xor" => o[0] ^ o[1],
        _ => ~(BigInteger)o[0],
    };

    private ulong SelectBySign(ulong[] o)
    {
        bool isFirst = U == "s32" ? (int)(uint)o[2] >= 0
            : BitConverter.UInt32BitsToSingle((uint)(Has("ftz") ? ModelFormat.F32.Flush(o[2]) : o[2])) >= 0;
        return isFirst ? o[0] : o[1];
    }

    private bool Test(ulong a)
    {
        ModelFormat format = ModelFormat.Of(T);
        Rational x = Rational.Decode(a, format);
        return _parts[1] switch
        {
            "finite" => !x.IsNaN && !x.IsInfinite,
            "infinite" => x.IsInfinite,
            "number" => !x.IsNaN,
            "notanumber" => x.IsNaN,
            "normal" => !x.IsNaN && !x.IsInfinite && !x.IsZero && !format.IsSubnormal(a),
            _ => format.IsSubnormal(a),
        };
    }

    /// <summary>setp and set.</summary>
    private ulong Compare(ulong[] o)
    {
        bool isSet = Mnemonic == "set";
        string source = isSet ? U : T;
        string result = isSet ? T : "pred";
        ulong one = result switch
        {
            "pred" => 1,
            "f32" => 0x3F80_0000,
            "f16" or "f16x2" => 0x3C00,
            "bf16" or "bf16x2" => 0x3F80,
            "u16" or "s16" => 0xFFFF,
            _ => 0xFFFF_FFFF,
        };
        if (!IsPair(source))
        {
            return Combine(CompareOne(o[0], o[1], source), o) ? one : 0;
        }
        bool low = Combine(CompareOne((ushort)o[0], (ushort)o[1], source), o);
        bool high = Combine(CompareOne((ushort)(o[0] >> 16), (ushort)(o[1] >> 16), source), o);
        return isSet ? (low ? one : 0) | (high ? one << 16 : 0) : low ? 1u : 0;
    }

    private bool Combine(bool outcome, ulong[] o) => Has("and") ? outcome && o[2] != 0
        : Has("or") ? outcome || o[2] != 0 : Has("xor") ? outcome != (o[2] != 0) : outcome;

    private bool CompareOne(ulong a, ulong b, string type)
    {
        string name = _parts[1];
        int order;
        if (IsFloat(type))
        {
            ModelFormat format = ModelFormat.Of(type);
            (a, b) = Has("ftz") ? (format.Flush(a), format.Flush(b)) : (a, b);
            (Rational x, Rational y) = (Rational.Decode(a, format), Rational.Decode(b, format));
            bool hasNaN = x.IsNaN || y.IsNaN;
            if (hasNaN || name is "num" or "nan")
            {
                return name == "num" ? !hasNaN : name == "nan" ? hasNaN : name.EndsWith('u') && name.Length == 3;
            }
            name = name.Length == 3 ? name[..2] : name;
            order = x.Approximation.CompareTo(y.Approximation);
            order = x.IsZero && y.IsZero ? 0 : order;
        }
        else
        {
            order = Read(a, type).CompareTo(Read(b, type));
        }
        return name switch
        {
            "eq" => order == 0,
            "ne" => order != 0,
            "lt" or "lo" => order < 0,
            "le" or "ls" => order <= 0,
            "gt" or "hi" => order > 0,
            _ => order >= 0,
        };
    }
}
