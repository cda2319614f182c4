using System.Numerics;

namespace NativeAttention.Emulation.Tests;

/// <summary>Integers and bits, in big integers that are cut at the end.</summary>
internal sealed partial class FormModel
{
    private int Bits => BitsOf(T);

    private ulong Integer(ulong[] o)
    {
        if (IsPair(T))
        {
            string half = T[..3];
            ulong low = Cut(Basic([(ushort)o[0], (ushort)o[1]], half), 16);
            return low | (Cut(Basic([(ushort)(o[0] >> 16), (ushort)(o[1] >> 16)], half), 16) << 16);
        }
        return Mnemonic switch
        {
            "add" or "sub" or "min" or "max" or "abs" or "neg" or "div" or "rem" => Cut(Basic(o, T), Bits),
            "mul" or "mad" or "madc" => Cut(Multiply(o), Has("wide") ? 2 * Bits : Bits),
            "mul24" or "mad24" => Cut(Multiply24(o), 32),
            "and" or "or" or "xor" or "not" => Cut(Logic(o), Bits),
            "cnot" => o[0] == 0 ? 1u : 0,
            "sad" => Cut(o[2] + BigInteger.Abs(Read(o[0], T) - Read(o[1], T)), Bits),
            "shl" => o[1] >= (ulong)Bits ? 0 : Cut((BigInteger)o[0] << (int)o[1], Bits),
            "shr" => Cut(Read(o[0], T) >> (int)Math.Min(o[1], 64), Bits),
            "shf" => Funnel(o),
            "prmt" => Permute(o),
            "popc" => (ulong)Text(o[0]).Count(c => c == '1'),
            "clz" => (ulong)(Text(o[0]) + "1").IndexOf('1', StringComparison.Ordinal),
            "brev" => System.Convert.ToUInt64(new string([.. Text(o[0]).Reverse()]), 2),
            "bfind" => Find(o[0]),
            "bfe" => Extract(o),
            "bfi" => Insert(o),
            "fns" => FindNth(o),
            "szext" => Extend(o),
            "bmsk" => Cut(((BigInteger.One << Amount(o[1])) - 1) << Amount(o[0]), 32),
            "dp4a" => Dot(o, 4, 8),
            "dp2a" => Dot(o, 2, 16),
            "lop3" => Lop3(o),
            _ => throw new NotSupportedException($"no model of {string.Join('.', _parts)}"),
        };
    }

    private string Text(ulong value) => System.Convert.ToString((long)value, 2).PadLeft(64, '0')[(64 - Bits)..];

    private BigInteger Basic(ulong[] o, string type)
    {
        BigInteger a = Read(o[0], type);
        BigInteger b = o.Length > 1 ? Read(o[1], type) : 0;
        BigInteger result = Mnemonic switch
        {
            "add" => a + b,
            "sub" => a - b,
            "min" => BigInteger.Min(a, b),
            "max" => BigInteger.Max(a, b),
            "abs" => BigInteger.Abs(a),
            "neg" => -a,
            "div" => BigInteger.Divide(a, b),
            _ => BigInteger.Remainder(a, b),
        };
        result = Has("relu") ? BigInteger.Max(result, 0) : result;
        return Has("sat") ? Clamp32(result) : result;
    }

    private static BigInteger Clamp32(BigInteger value) =>
        BigInteger.Max(BigInteger.Min(value, int.MaxValue), int.MinValue);

    private BigInteger Multiply(ulong[] o)
    {
        BigInteger product = Read(o[0], T) * Read(o[1], T);
        BigInteger part = Has("hi") ? product >> Bits : product;
        BigInteger c = o.Length > 2 ? Has("sat") ? Read(o[2], "s32") : o[2] : 0;
        return Has("sat") ? Clamp32(part + c) : part + c;
    }

    private BigInteger Multiply24(ulong[] o)
    {
        static BigInteger Low24(ulong x, bool isSigned) =>
            isSigned && (x & 0x80_0000) != 0 ? (BigInteger)(x & 0xFF_FFFF) - 0x100_0000 : x & 0xFF_FFFF;
        bool isSigned = T == "s32";
        BigInteger product = Low24(o[0], isSigned) * Low24(o[1], isSigned);
        BigInteger part = Has("hi") ? product >> 16 : Read(Cut(product, 32), T);
        BigInteger c = o.Length > 2 ? Read(o[2], T) : 0;
        return Has("sat") ? Clamp32(part + c) : part + c;
    }

    private ulong Funnel(ulong[] o)
    {
        int n = (int)(Has("wrap") ? o[2] & 31 : Math.Min(o[2], 32));
        BigInteger both = ((BigInteger)o[1] << 32) | o[0];
        return Cut(Has("l") ? (both << n) >> 32 : both >> n, 32);
    }

    /// <summary>The modes by their tables in the ISA: the bytes picked for the four values of the selector, most
    /// significant first.</summary>
    private ulong Permute(ulong[] o)
    {
        byte[] bytes = [.. BitConverter.GetBytes((uint)o[0]), .. BitConverter.GetBytes((uint)o[1])];
        string[]? table = _parts.Length < 3 ? null : _parts[2] switch
        {
            "f4e" => ["3210", "4321", "5432", "6543"],
            "b4e" => ["5670", "6701", "7012", "0123"],
            "rc8" => ["0000", "1111", "2222", "3333"],
            "ecl" => ["3210", "3211", "3222", "3333"],
            "ecr" => ["0000", "1110", "2210", "3210"],
            _ => ["1010", "3232", "1010", "3232"],
        };
        ulong result = 0;
        for (int i = 3; i >= 0; i--)
        {
            int selector = table is null ? (int)(o[2] >> (4 * i)) & 15 : table[o[2] & 3][3 - i] - '0';
            byte value = bytes[selector & 7];
            value = (selector & 8) == 0 ? value : (byte)((sbyte)value < 0 ? 0xFF : 0);
            result = (result << 8) | value;
        }
        return result;
    }

    private ulong Find(ulong a)
    {
        string text = Text(a);
        char wanted = T[0] == 's' && text[0] == '1' ? '0' : '1';
        int at = text.IndexOf(wanted, StringComparison.Ordinal);
        return at < 0 ? 0xFFFF_FFFF : (ulong)(Has("shiftamt") ? at : Bits - 1 - at);
    }

    private ulong Extract(ulong[] o)
    {
        int position = (int)(o[1] & 0xFF);
        int length = (int)(o[2] & 0xFF);
        // The value goes on with its sign, or zeros, beyond the top.
        BigInteger value = Read(o[0], T) >> position;
        if (length == 0)
        {
            return 0;
        }
        BigInteger field = value & ((BigInteger.One << length) - 1);
        if (T[0] == 's' && ((field >> (length - 1)) & 1) != 0)
        {
            field -= BigInteger.One << length;
        }
        return Cut(field, Bits);
    }

    private ulong Insert(ulong[] o)
    {
        int position = (int)(o[2] & 0xFF);
        BigInteger mask = ((BigInteger.One << (int)(o[3] & 0xFF)) - 1) << position;
        return Cut(((BigInteger)o[1] & ~mask) | (((BigInteger)o[0] << position) & mask), Bits);
    }

    private static ulong FindNth(ulong[] o)
    {
        int offset = (int)(uint)o[2];
        int from = (int)Math.Min(o[1], 99);
        IEnumerable<int> set = Enumerable.Range(0, 32).Where(i => (o[0] >> i & 1) != 0);
        List<int> found = [.. from > 31 ? [] : offset switch
        {
            0 => set.Where(i => i == from),
            > 0 => set.Where(i => i >= from),
            _ => set.Where(i => i <= from).Reverse(),
        }];
        long index = Math.Max(Math.Abs((long)offset), 1) - 1;
        return index < found.Count ? (ulong)found[(int)index] : 0xFFFF_FFFF;
    }

    private int Amount(ulong value) => (int)(Has("wrap") ? value & 31 : Math.Min(value, 32));

    private ulong Extend(ulong[] o)
    {
        int length = Amount(o[1]);
        BigInteger low = Cut(o[0], length);
        bool isNegative = T == "s32" && length > 0 && ((low >> (length - 1)) & 1) != 0;
        return Cut(isNegative ? low - (BigInteger.One << length) : low, 32);
    }

    private ulong Dot(ulong[] o, int count, int width)
    {
        BigInteger sum = o[2];
        int first = Has("hi") ? 2 : 0;
        for (int i = 0; i < count; i++)
        {
            BigInteger x = Read(o[0] >> (width * i), T[0] + width.ToString());
            sum += x * Read(o[1] >> (8 * (first + i)), U[0] + "8");
        }
        return Cut(sum, 32);
    }

    private static ulong Lop3(ulong[] o)
    {
        ulong result = 0;
        for (int i = 0; i < 32; i++)
        {
            int row = (int)((4 * (o[0] >> i & 1)) + (2 * (o[1] >> i & 1)) + (o[2] >> i & 1));
            result |= (ulong)(FormCase.Table >> row & 1) << i;
        }
        return result;
    }
}
