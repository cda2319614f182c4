namespace NativeAttention.Emulation.Tests;

/// <summary>Operand values of a type: its extremes, its neighbours of powers of two, and random bits.</summary>
internal static class Draws
{
    private static readonly ulong[] _integers =
    [
        0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000,
        0x7F_FFFF, 0x80_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE,
    ];

    public static ulong One(string type, Random random)
    {
        if (type.EndsWith("x2", StringComparison.Ordinal) && FormModel.IsFloat(type))
        {
            string half = type[..^2];
            return type[0] == 'e' ? (ulong)random.Next(65536) : One(half, random) | (One(half, random) << 16);
        }
        return FormModel.IsFloat(type) ? Float(ModelFormat.Of(type), random) : Integer(random);
    }

    private static ulong Integer(Random random) => random.Next(4) switch
    {
        0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        1 => (ulong)random.Next(80),
        2 => (ulong)-random.Next(80),
        _ => _integers[random.Next(_integers.Length)],
    };

    private static ulong Float(ModelFormat format, Random random)
    {
        ulong sign = random.Next(2) == 0 ? format.Sign : 0;
        ulong bits = (ulong)random.NextInt64(long.MinValue, long.MaxValue) & (format.Sign - 1);
        ulong fraction = (1UL << format.Fraction) - 1;
        ulong one = (ulong)format.Bias << format.Fraction;
        return sign | random.Next(8) switch
        {
            // Any bits; near one, also with few bits, so that results are exact or nearly so; integers and halves.
            0 => bits,
            1 => one + (ulong)random.Next(-8, 8),
            2 => one + ((ulong)random.Next(-6, 6) << format.Fraction) + (bits & fraction),
            3 => one + ((ulong)random.Next(0, 12) << format.Fraction) + (bits & fraction & ~(fraction >> 3)),
            // Subnormal numbers, the smallest and the largest normal ones.
            4 => bits & fraction,
            5 => (1UL << format.Fraction) + (ulong)random.Next(-4, 4),
            6 => format.Infinity - (ulong)random.Next(1, 8),
            _ => random.Next(4) switch { 0 => 0, 1 => format.Infinity, 2 => format.NaN, _ => one },
        };
    }
}
