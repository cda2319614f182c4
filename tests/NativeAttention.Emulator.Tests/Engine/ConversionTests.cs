namespace NativeAttention.Emulation.Tests;

/// <summary>cvt and the arithmetic of the 16-bit formats: exhaustive where an operand has 16 bits, else
/// around every boundary.</summary>
internal sealed class ConversionTests
{
    private static readonly ulong[] _all16 = [.. Enumerable.Range(0, 65536).Select(i => (ulong)i)];

    /// <summary>For every 16-bit value its binary32 value, the midpoints to its neighbours, and the binary32
    /// numbers beside those.</summary>
    private static ulong[] Boundaries(bool isBFloat)
    {
        List<ulong> values = [];
        for (int i = 0; i < 65536; i++)
        {
            float x = Widen((ushort)i, isBFloat);
            if (!float.IsFinite(x))
            {
                values.Add(BitConverter.SingleToUInt32Bits(x));
                continue;
            }
            uint bits = BitConverter.SingleToUInt32Bits(x);
            uint half = isBFloat ? 0x8000u : 0x1000u;
            values.AddRange([bits, bits + 1, bits + half - 1, bits + half, bits + half + 1]);
        }
        // Below the normal numbers of binary16 the spacing is fixed.
        for (int i = 0; i < 4096 && !isBFloat; i++)
        {
            float x = i * MathF.ScaleB(1, -26);
            values.AddRange([BitConverter.SingleToUInt32Bits(x),
                BitConverter.SingleToUInt32Bits(MathF.BitIncrement(x))]);
        }
        values.AddRange([0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_0001, 0x7F80_0001, 0x7F7F_FFFF,
            0xFF7F_FFFF, 1, 0x8000_0001]);
        while (values.Count % 32 != 0)
        {
            values.Add(0);
        }
        return [.. values];
    }

    [TestCase("cvt.f32.f16", false)]
    [TestCase("cvt.f32.bf16", true)]
    public void Widening_is_exact(string opcode, bool isBFloat)
    {
        ulong[] got = LaneKernel.Run($"{opcode} {{d}}, {{a}};", "f32", ["b16"], [_all16], uint.MaxValue);
        for (int i = 0; i < got.Length; i++)
        {
            float x = Widen((ushort)i, isBFloat);
            uint expected = float.IsNaN(x) ? 0x7FFF_FFFF : BitConverter.SingleToUInt32Bits(x);
            Assert.That((uint)got[i], Is.EqualTo(expected), $"0x{i:x4}");
        }
    }

    [TestCase("cvt.rn.f16.f32 {d}, {a};", "b16", false)]
    [TestCase("cvt.rn.bf16.f32 {d}, {a};", "b16", true)]
    public void Narrowing_rounds_to_nearest_even(string text, string d, bool isBFloat)
    {
        ulong[] inputs = Boundaries(isBFloat);
        ulong[] got = LaneKernel.Run(text, d, ["f32"], [inputs], uint.MaxValue);
        for (int i = 0; i < got.Length; i++)
        {
            Assert.That((ushort)got[i], Is.EqualTo(NarrowModel((uint)inputs[i], isBFloat)),
                $"0x{inputs[i]:x8}");
        }
    }

    [TestCase("cvt.rn.f16x2.f32", false)]
    [TestCase("cvt.rn.bf16x2.f32", true)]
    public void Packing_puts_the_first_operand_above(string opcode, bool isBFloat)
    {
        ulong[] a = Boundaries(isBFloat);
        ulong[] b = [.. a.Skip(1), a[0]];
        ulong[] got =
            LaneKernel.Run($"{opcode} {{d}}, {{a}}, {{b}};", "b32", ["f32", "f32"], [a, b], uint.MaxValue);
        for (int i = 0; i < got.Length; i++)
        {
            uint expected = ((uint)NarrowModel((uint)a[i], isBFloat) << 16)
                | NarrowModel((uint)b[i], isBFloat);
            Assert.That((uint)got[i], Is.EqualTo(expected), $"0x{a[i]:x8}, 0x{b[i]:x8}");
        }
    }

    [Test]
    public void Tf32_rounds_to_nearest_away()
    {
        Random random = new(7);
        ulong[] inputs = [.. Enumerable.Range(0, 4096).Select(i => (i & 3) switch
        {
            0 => (uint)random.NextInt64(),
            1 => ((uint)random.NextInt64() & 0xFFFF_E000) | 0x1000,
            2 => ((uint)random.NextInt64() & 0xFFFF_E000) | 0x0FFF,
            _ => 0x7F80_0000ul | (ulong)(i & 0x8000) << 16,
        })];
        ulong[] got = LaneKernel.Run("cvt.rna.tf32.f32 {d}, {a};", "b32", ["f32"], [inputs], uint.MaxValue);
        for (int i = 0; i < got.Length; i++)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)inputs[i]);
            uint size = (uint)inputs[i] & 0x7FFF_FFFF;
            uint down = size & 0xFFFF_E000;
            uint model = float.IsNaN(x) ? 0x7FFF_FFFF
                : float.IsInfinity(x) ? (uint)inputs[i] : ((uint)inputs[i] & 0x8000_0000)
                    | (size - down >= 0x1000 ? down + 0x2000 : down);
            Assert.That((uint)got[i], Is.EqualTo(model), $"0x{inputs[i]:x8}");
        }
    }

    [TestCase("cvt.s32.s8", "b32", "b16", 8, true)]
    [TestCase("cvt.u32.u8", "b32", "b16", 8, false)]
    [TestCase("cvt.s32.s16", "b32", "b16", 16, true)]
    [TestCase("cvt.u32.u16", "b32", "b16", 16, false)]
    [TestCase("cvt.s64.s16", "b64", "b16", 16, true)]
    [TestCase("cvt.u64.u16", "b64", "b16", 16, false)]
    [TestCase("cvt.s16.s8", "b16", "b16", 8, true)]
    public void Integers_extend_by_the_source_type(string opcode, string d, string a, int bits, bool isSigned)
    {
        ulong[] got = LaneKernel.Run($"{opcode} {{d}}, {{a}};", d, [a], [_all16], uint.MaxValue);
        for (int i = 0; i < got.Length; i++)
        {
            long value = isSigned ? (long)i << (64 - bits) >> (64 - bits) : i & ((1 << bits) - 1);
            ulong expected = d switch { "b16" => (ushort)value, "b32" => (uint)value, _ => (ulong)value };
            Assert.That(got[i], Is.EqualTo(expected), $"0x{i:x}");
        }
    }

    [TestCase("cvt.sat.s8.s16", -128, 127)]
    [TestCase("cvt.sat.u8.s16", 0, 255)]
    [TestCase("cvt.sat.u16.s16", 0, 65535)]
    public void Saturation_clamps_integers(string opcode, int low, int high)
    {
        ulong[] got = LaneKernel.Run($"{opcode} {{d}}, {{a}};", "b16", ["b16"], [_all16], uint.MaxValue);
        for (int i = 0; i < got.Length; i++)
        {
            Assert.That((ushort)got[i], Is.EqualTo((ushort)Math.Clamp((short)i, low, high)), $"0x{i:x}");
        }
    }

    [TestCase("cvt.rzi.s32.f32", "b32", -2147483648.0, 2147483647.0, MidpointRounding.ToZero)]
    [TestCase("cvt.rni.s32.f32", "b32", -2147483648.0, 2147483647.0, MidpointRounding.ToEven)]
    [TestCase("cvt.rmi.s32.f32", "b32", -2147483648.0, 2147483647.0, MidpointRounding.ToNegativeInfinity)]
    [TestCase("cvt.rpi.u32.f32", "b32", 0.0, 4294967295.0, MidpointRounding.ToPositiveInfinity)]
    [TestCase("cvt.rzi.u32.f32", "b32", 0.0, 4294967295.0, MidpointRounding.ToZero)]
    public void Float_to_integer_saturates(string opcode, string d, double low, double high,
        MidpointRounding rounding)
    {
        Random random = new(3);
        float[] special =
            [0, -0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 1e10f, -1e10f, float.PositiveInfinity,
                float.NegativeInfinity, float.NaN, 1e-40f, 2147483648f, -2147483648f, 4294967296f];
        ulong[] inputs = [.. Enumerable.Range(0, 1024).Select(i => (ulong)BitConverter.SingleToUInt32Bits(
            i < special.Length ? special[i]
                : (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(0, 11)))))];
        ulong[] got = LaneKernel.Run($"{opcode} {{d}}, {{a}};", d, ["f32"], [inputs], uint.MaxValue);
        for (int i = 0; i < got.Length; i++)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)inputs[i]);
            double rounded = Math.Clamp(Math.Round((double)x, rounding), low, high);
            uint expected = float.IsNaN(x) ? 0 : (uint)(long)rounded;
            Assert.That((uint)got[i], Is.EqualTo(expected), $"{x:R}");
        }
    }

    [Test]
    public void Integer_to_float_rounds_once()
    {
        Random random = new(4);
        ulong[] inputs = [.. Enumerable.Range(0, 2048).Select(i => i % 2 == 0
            ? (ulong)random.NextInt64() << 1 | 1
                : (1UL << (25 + (i % 38))) + (1UL << (i % 38)) + (ulong)(i % 3) - 1)];
        ulong[] wide = LaneKernel.Run("cvt.rn.f32.u64 {d}, {a};", "f32", ["b64"], [inputs], uint.MaxValue);
        ulong[] signed = LaneKernel.Run("cvt.rn.f32.s32 {d}, {a};", "f32", ["b32"], [inputs], uint.MaxValue);
        ulong[] unsigned =
            LaneKernel.Run("cvt.rn.f32.u32 {d}, {a};", "f32", ["b32"], [inputs], uint.MaxValue);
        for (int i = 0; i < inputs.Length; i++)
        {
            Assert.That((uint)wide[i], Is.EqualTo(BitConverter.SingleToUInt32Bits(RoundModel(inputs[i]))),
                $"{inputs[i]}");
            Assert.That((uint)signed[i],
                Is.EqualTo(BitConverter.SingleToUInt32Bits((float)(double)(int)inputs[i])),
                $"{(int)inputs[i]}");
            Assert.That((uint)unsigned[i],
                Is.EqualTo(BitConverter.SingleToUInt32Bits((float)(double)(uint)inputs[i])),
                $"{(uint)inputs[i]}");
        }
    }

    [TestCase("cvt.u32.u64", "b32", "b64")]
    [TestCase("cvt.u64.u32", "b64", "b32")]
    [TestCase("cvt.s64.s32", "b64", "b32")]
    [TestCase("cvt.u16.u32", "b16", "b32")]
    public void Integers_change_size(string opcode, string d, string a)
    {
        Random random = new(5);
        ulong[] inputs =
            [.. Enumerable.Range(0, 256).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue))];
        ulong[] got = LaneKernel.Run($"{opcode} {{d}}, {{a}};", d, [a], [inputs], 0xFFFF_0FFF);
        for (int i = 0; i < got.Length; i++)
        {
            ulong source = a == "b32" ? (uint)inputs[i] : inputs[i];
            ulong value = opcode.Contains(".s32", StringComparison.Ordinal) ? (ulong)(int)source : source;
            ulong expected = d switch { "b16" => (ushort)value, "b32" => (uint)value, _ => value };
            bool isActive = (0xFFFF_0FFFu >> (i & 31) & 1) != 0;
            Assert.That(got[i], Is.EqualTo(isActive ? expected : LaneKernel.SentinelOf(d)));
        }
    }

    [TestCase("add.f16", false, false, 2)]
    [TestCase("sub.f16x2", false, true, 2)]
    [TestCase("mul.f16", false, false, 2)]
    [TestCase("mul.bf16x2", true, true, 2)]
    [TestCase("fma.rn.f16", false, false, 3)]
    [TestCase("fma.rn.bf16", true, false, 3)]
    [TestCase("fma.rn.bf16x2", true, true, 3)]
    public void Arithmetic_of_16_bits_rounds_once(string opcode, bool isBFloat, bool isPair, int operands)
    {
        Random random = new(6);
        string type = isPair ? "b32" : "b16";
        ulong[][] inputs = [.. Enumerable.Range(0, operands).Select(_ => Enumerable.Range(0, 8192)
            .Select(_ => (ulong)(uint)random.NextInt64() & (random.Next(2) == 0 ? 0xBFFF_BFFFul
                : 0xFFFF_FFFF)).ToArray())];
        string text = $"{opcode} {{d}}, {{a}}, {{b}}{(operands == 3 ? ", {c}" : "")};";
        ulong[] got =
            LaneKernel.Run(text, type, [.. Enumerable.Repeat(type, operands)], inputs, uint.MaxValue);
        for (int i = 0; i < got.Length; i++)
        {
            for (int half = 0; half < (isPair ? 2 : 1); half++)
            {
                ushort At(int o) => (ushort)(inputs[o][i] >> (16 * half));
                double? exact = Exact(opcode, At(0), At(1), operands == 3 ? At(2) : (ushort)0, isBFloat);
                if (exact is null)
                {
                    continue;
                }
                ushort result = (ushort)(got[i] >> (16 * half));
                Assert.That(IsNearest(result, exact.Value, isBFloat), Is.True,
                    $"{opcode} 0x{At(0):x4} 0x{At(1):x4} 0x{(operands == 3 ? At(2) : 0):x4} gave 0x{result:x4}, exact {exact}");
            }
        }
    }

    /// <summary>The exact result, or null outside the range in which binary64 holds every sum of such
    /// products.</summary>
    private static double? Exact(string opcode, ushort a, ushort b, ushort c, bool isBFloat)
    {
        float x = Widen(a, isBFloat);
        float y = Widen(b, isBFloat);
        float z = Widen(c, isBFloat);
        bool isTame =
            new[] { x, y, z }.All(v => v == 0 || (float.IsFinite(v) && MathF.Abs(v) is > 1e-2f and < 3e4f));
        if (!isTame)
        {
            return null;
        }
        return opcode[..3] switch
        {
            "add" => (double)x + y,
            "sub" => (double)x - y,
            "mul" => (double)x * y,
            _ => ((double)x * y) + z,
        };
    }

    private static bool IsNearest(ushort result, double exact, bool isBFloat)
    {
        float value = Widen(result, isBFloat);
        if (!float.IsFinite(value))
        {
            return !isBFloat && Math.Abs(exact) >= 65520 && float.IsInfinity(value);
        }
        double error = Math.Abs(value - exact);
        foreach (int step in new[] { -1, 1 })
        {
            ushort neighbour = (ushort)(result + step);
            float other = Widen(neighbour, isBFloat);
            if ((result & 0x7FFF) == 0 || !float.IsFinite(other))
            {
                continue;
            }
            double otherError = Math.Abs(other - exact);
            if (otherError < error || (otherError == error && (result & 1) != 0))
            {
                return false;
            }
        }
        return true;
    }

    private static float Widen(ushort bits, bool isBFloat)
    {
        return isBFloat ? BitConverter.UInt32BitsToSingle((uint)bits << 16)
            : (float)BitConverter.UInt16BitsToHalf(bits);
    }

    private static ushort NarrowModel(uint bits, bool isBFloat)
    {
        float x = BitConverter.UInt32BitsToSingle(bits);
        if (float.IsNaN(x))
        {
            return 0x7FFF;
        }
        if (!isBFloat)
        {
            return BitConverter.HalfToUInt16Bits((Half)x);
        }
        uint low = bits & 0xFFFF;
        uint up = low > 0x8000 || (low == 0x8000 && (bits & 0x1_0000) != 0) ? 1u : 0;
        return (ushort)((bits >> 16) + up);
    }

    /// <summary>Rounds an integer to binary32 by hand.</summary>
    private static float RoundModel(ulong value)
    {
        int top = 63 - System.Numerics.BitOperations.LeadingZeroCount(value);
        if (top < 24)
        {
            return value;
        }
        int shift = top - 23;
        ulong kept = value >> shift;
        ulong rest = value & ((1UL << shift) - 1);
        ulong half = 1UL << (shift - 1);
        kept += rest > half || (rest == half && (kept & 1) != 0) ? 1u : 0;
        return MathF.ScaleB(kept, shift);
    }
}
