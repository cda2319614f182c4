namespace NativeAttention.Emulation.Tests;

/// <summary>mma, ldmatrix, stmatrix and the operations among lanes, against the layouts of the PTX
/// ISA.</summary>
internal sealed class MatrixTests
{
    private const string Header = ".version 8.4\n.target sm_90a\n.address_size 64\n";

    /// <summary>A kernel of one warp that loads n 32-bit registers per lane from a buffer of
    /// [register][lane], runs a body, and stores m.</summary>
    private static string WarpKernel(int inputs, int outputs, string body)
    {
        string text = Header
            + ".visible .entry k(.param .u64 o, .param .u64 i)\n{\n.reg .b32 %a<20>; .reg .b32 %d<8>; .reg .b32 %t<8>; .reg .b64 %rd<8>; .reg .pred %p<4>;\n"
            + ".shared .align 16 .b8 tile[2048];\n"
            + "mov.u32 %t0, %tid.x; mul.wide.u32 %rd0, %t0, 4; ld.param.u64 %rd1, [i]; ld.param.u64 %rd2, [o]; add.u64 %rd1, %rd1, %rd0; add.u64 %rd2, %rd2, %rd0;\n";
        for (int i = 0; i < inputs; i++)
        {
            text += $"ld.global.b32 %a{i}, [%rd1+{i * 128}];\n";
        }
        text += body;
        for (int i = 0; i < outputs; i++)
        {
            text += $"st.global.b32 [%rd2+{i * 128}], %d{i};\n";
        }
        return text + "ret;\n}\n";
    }

    private static uint[] RunWarp(string ptx, uint[] inputs, int outputs)
    {
        using PtxMachine machine = new(ptx, EmulatorOptions.Default with { Threads = 1, Target = "sm_90a" });
        ulong o = machine.Allocate(outputs * 128);
        EmulatorFault? fault = machine.Launch(1, 32, 0, o, machine.Upload<uint>(inputs));
        Assert.That(fault, Is.Null, fault?.ToString());
        return machine.Download<uint>(o, outputs * 32);
    }

    [TestCase("m16n8k16", "f16", 16)]
    [TestCase("m16n8k16", "bf16", 16)]
    [TestCase("m16n8k8", "f16", 8)]
    [TestCase("m16n8k8", "bf16", 8)]
    [TestCase("m16n8k8", "tf32", 8)]
    [TestCase("m16n8k4", "tf32", 4)]
    public void Product_in_the_layout_of_the_isa(string shape, string type, int depth)
    {
        Random random = new(11);
        float[,] a = new float[16, depth], b = new float[depth, 8], c = new float[16, 8];
        Fill(a, random);
        Fill(b, random);
        Fill(c, random);
        bool is32 = type == "tf32";
        int aCount = is32 ? depth / 2 : depth / 4;
        int bCount = is32 ? depth / 4 : depth / 8;
        uint[] inputs = new uint[(aCount + bCount + 4) * 32];
        for (int lane = 0; lane < 32; lane++)
        {
            int g = lane >> 2, t = lane & 3;
            for (int i = 0; i < aCount; i++)
            {
                int row = g + (8 * (i & 1));
                inputs[(i * 32) + lane] = is32 ? Bits(a[row, t + (4 * (i >> 1))])
                    : Pack(a[row, (2 * t) + (8 * (i >> 1))], a[row, (2 * t) + (8 * (i >> 1)) + 1], type);
            }
            for (int i = 0; i < bCount; i++)
            {
                inputs[((aCount + i) * 32) + lane] = is32 ? Bits(b[t + (4 * i), g])
                    : Pack(b[(2 * t) + (8 * i), g], b[(2 * t) + (8 * i) + 1, g], type);
            }
            for (int i = 0; i < 4; i++)
            {
                inputs[((aCount + bCount + i) * 32) + lane] = Bits(c[g + (8 * (i >> 1)), (2 * t) + (i & 1)]);
            }
        }
        string List(string prefix, int from, int count) =>
            "{" + string.Join(", ", Enumerable.Range(from, count).Select(i => $"%{prefix}{i}")) + "}";
        string body =
            $"mma.sync.aligned.{shape}.row.col.f32.{type}.{type}.f32 {List("d", 0, 4)}, {List("a", 0, aCount)}, {List("a", aCount, bCount)}, {List("a", aCount + bCount, 4)};\n";
        uint[] got = RunWarp(WarpKernel(aCount + bCount + 4, 4, body), inputs, 4);
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                int row = (lane >> 2) + (8 * (i >> 1)), column = (2 * (lane & 3)) + (i & 1);
                float expected = c[row, column];
                for (int k = 0; k < depth; k++)
                {
                    expected = MathF.FusedMultiplyAdd(a[row, k], b[k, column], expected);
                }
                Assert.That(BitConverter.UInt32BitsToSingle(got[(i * 32) + lane]), Is.EqualTo(expected),
                    $"({row}, {column})");
            }
        }
    }

    private static IEnumerable<string> ProductsOfBytes => InstructionForms.ByMnemonic["mma"]
        .SelectMany(f => f.Pattern.Expand()).Where(o => o.Split('.')[^2] is "s8" or "u8" or "e4m3" or "e5m2");

    /// <summary>Element i of byte register r of lane 4g + t is k = 16 (r / 2) + 4t + i in row g + 8 (r % 2) of A, and
    /// k = 16 r + 4t + i in column g of B.</summary>
    [TestCaseSource(nameof(ProductsOfBytes))]
    public void Product_of_bytes_in_the_layout_of_the_isa(string opcode)
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        string[] parts = opcode.Split('.');
        bool isInteger = parts[^4] == "s32";
        int bCount = parts[3] == "m16n8k32" ? 2 : 1;
        byte[] bytes = new byte[((bCount * 3) * 32) * 4];
        random.NextBytes(bytes);
        // Near the limits, so that sums overflow; and no NaN, which the last line of the test is about.
        bytes = [.. bytes.Select(x => isInteger || (x & 0x7F) < 0x70 ? x : (byte)(x & 0x8F))];
        uint[] inputs = [.. Enumerable.Range(0, bytes.Length / 4).Select(i => BitConverter.ToUInt32(bytes, i * 4)),
            .. Enumerable.Range(0, 128).Select(i => isInteger
                ? (uint)(random.Next(3) switch { 0 => int.MaxValue - 5, 1 => int.MinValue + 5, _ => random.Next() })
                : Bits((float)random.NextDouble()))];
        string List(string prefix, int from, int count) =>
            "{" + string.Join(", ", Enumerable.Range(from, count).Select(i => $"%{prefix}{i}")) + "}";
        int c = bCount * 3;
        uint[] got = RunWarp(WarpKernel(c + 4, 4,
            $"{opcode} {List("d", 0, 4)}, {List("a", 0, bCount * 2)}, {List("a", bCount * 2, bCount)}, {List("a", c, 4)};\n"),
            inputs, 4);
        byte Byte(int register, int lane, int i) => bytes[(((register * 32) + lane) * 4) + i];
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                int row = (lane >> 2) + (8 * (i >> 1)), column = (2 * (lane & 3)) + (i & 1);
                uint start = inputs[((c + i) * 32) + lane];
                double sum = isInteger ? (double)(int)start : BitConverter.UInt32BitsToSingle(start);
                double size = Math.Abs(sum);
                for (int k = 0; k < bCount * 16; k++)
                {
                    int t = k % 16 / 4;
                    double x = ByteOf(Byte((2 * (k / 16)) + (row / 8), (4 * (row % 8)) + t, k % 4), parts[^3]);
                    double y = ByteOf(Byte((bCount * 2) + (k / 16), (4 * column) + t, k % 4), parts[^2]);
                    sum += x * y;
                    size += Math.Abs(x * y);
                }
                uint result = got[(i * 32) + lane];
                if (isInteger)
                {
                    int expected = parts.Contains("satfinite")
                        ? (int)Math.Clamp(sum, int.MinValue, int.MaxValue) : unchecked((int)(long)sum);
                    Assert.That((int)result, Is.EqualTo(expected), $"({row}, {column})");
                }
                else
                {
                    Assert.That(BitConverter.UInt32BitsToSingle(result), Is.EqualTo(sum).Within(size * 2e-6));
                }
            }
        }
    }

    private static double ByteOf(byte bits, string type) => type switch
    {
        "s8" => (sbyte)bits,
        "u8" => bits,
        _ => Rational.Decode(bits, ModelFormat.Of(type)).Approximation,
    };

    [TestCase("e4m3", 0x7F)]
    [TestCase("e5m2", 0x7E)]
    public void A_NaN_of_8_bits_makes_the_sums_of_its_row_NaN(string type, int bits)
    {
        uint[] inputs = new uint[10 * 32];
        inputs[5] = (uint)bits;
        uint[] got = RunWarp(WarpKernel(10, 4,
            $"mma.sync.aligned.m16n8k32.row.col.f32.{type}.{type}.f32 {{%d0, %d1, %d2, %d3}}, {{%a0, %a1, %a2, %a3}}, {{%a4, %a5}}, {{%a6, %a7, %a8, %a9}};\n"), inputs, 4);
        for (int lane = 0; lane < 32; lane++)
        {
            Assert.That(got[lane] == 0x7FFF_FFFF, Is.EqualTo(lane / 4 == 1), $"lane {lane}");
            Assert.That(got[64 + lane], Is.Zero);
        }
    }

    [Test]
    public void Elect_picks_the_lowest_lane_of_the_mask()
    {
        uint[] got = RunWarp(WarpKernel(1, 2, """
            griddepcontrol.wait; setp.lt.u32 %p1, %t0, 4; mov.u32 %d0, 77; mov.u32 %d1, 0; @%p1 bra J;
            elect.sync %d0|%p0, 0xfffffff0; selp.u32 %d1, 1, 0, %p0;
            J: griddepcontrol.launch_dependents;

            """), new uint[32], 2);
        Assert.That(got[..32], Is.EqualTo(Enumerable.Range(0, 32).Select(i => i < 4 ? 77u : 4u)));
        Assert.That(got[32..], Is.EqualTo(Enumerable.Range(0, 32).Select(i => i == 4 ? 1u : 0u)));
    }

    [Test]
    public void Movmatrix_transposes()
    {
        uint[] inputs = [.. Enumerable.Range(0, 32).Select(lane => (uint)((2 * lane) | ((2 * lane) + 1) << 16))];
        uint[] got = RunWarp(WarpKernel(1, 1, "movmatrix.sync.aligned.m8n8.trans.b16 %d0, %a0;\n"), inputs, 1);
        // Element (r, c) of the source was 8r + c.
        Assert.That(got, Is.EqualTo(Enumerable.Range(0, 32).Select(lane =>
        {
            (int row, int column) = (lane / 4, 2 * (lane % 4));
            return (uint)(((8 * column) + row) | (((8 * (column + 1)) + row) << 16));
        })));
    }

    [Test]
    public void Product_with_half_accumulators()
    {
        Random random = new(12);
        uint[] inputs =
            [.. Enumerable.Range(0, 8 * 32).Select(_ => Pack(Small(random), Small(random), "f16"))];
        uint[] got = RunWarp(WarpKernel(8, 2,
            "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%d0, %d1}, {%a0, %a1, %a2, %a3}, {%a4, %a5}, {%a6, %a7};\n"), inputs, 2);
        for (int row = 0; row < 16; row++)
        {
            for (int column = 0; column < 8; column++)
            {
                int lane = (4 * (row & 7)) + (column / 2);
                int register = row / 8;
                float sum = HalfOf(inputs[((6 + register) * 32) + lane], column & 1);
                for (int k = 0; k < 16; k++)
                {
                    float x = HalfOf(inputs[((register + (2 * (k / 8))) * 32) + (4 * (row & 7))
                        + (k % 8 / 2)], k & 1);
                    float y = HalfOf(inputs[((4 + (k / 8)) * 32) + (4 * column) + (k % 8 / 2)], k & 1);
                    sum = MathF.FusedMultiplyAdd(x, y, sum);
                }
                Assert.That(HalfOf(got[(register * 32) + lane], column & 1), Is.EqualTo((float)(Half)sum),
                    $"({row}, {column})");
            }
        }
    }

    [Test]
    public void Tf32_ignores_the_low_bits()
    {
        uint[] inputs = new uint[10 * 32];
        Array.Fill(inputs, 0x3F80_1FFFu, 0, 4 * 32);
        Array.Fill(inputs, 0x3F80_1FFFu, 4 * 32, 2 * 32);
        uint[] got = RunWarp(WarpKernel(10, 4,
            "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%d0,%d1,%d2,%d3}, {%a0,%a1,%a2,%a3}, {%a4,%a5}, {%a6,%a7,%a8,%a9};\n"), inputs, 4);
        Assert.That(got, Is.All.EqualTo(BitConverter.SingleToUInt32Bits(8)));
    }

    [TestCase(1, false)]
    [TestCase(2, false)]
    [TestCase(4, false)]
    [TestCase(1, true)]
    [TestCase(2, true)]
    [TestCase(4, true)]
    public void Ldmatrix_hands_out_rows(int count, bool isTransposed)
    {
        // The lanes write the tile, element i of 16 bits = i; matrix j takes rows 31 - (8j + r), so that
        // addresses matter.
        string registers = string.Join(", ", Enumerable.Range(0, count).Select(i => $"%d{i}"));
        string body = Fill32() + "xor.b32 %t2, %t0, 31; shl.b32 %t2, %t2, 4; add.u32 %t2, %t2, %t1;\n"
            + $"ldmatrix.sync.aligned.m8n8.x{count}{(isTransposed ? ".trans" : "")}.shared.b16 {{{registers}}}, [%t2];\n";
        uint[] got = RunWarp(WarpKernel(0, count, body), [0], count);
        for (int lane = 0; lane < 32; lane++)
        {
            int g = lane >> 2, t = lane & 3;
            for (int j = 0; j < count; j++)
            {
                int Element(int row, int column) => ((31 - ((8 * j) + row)) * 8) + column;
                uint expected = isTransposed
                    ? (uint)(Element(2 * t, g) | (Element((2 * t) + 1, g) << 16))
                    : (uint)(Element(g, 2 * t) | (Element(g, (2 * t) + 1) << 16));
                Assert.That(got[(j * 32) + lane], Is.EqualTo(expected), $"matrix {j}, lane {lane}");
            }
        }
    }

    [TestCase(1, "")]
    [TestCase(4, "")]
    [TestCase(4, ".trans")]
    public void Stmatrix_is_the_inverse_of_ldmatrix(int count, string trans)
    {
        string registers = string.Join(", ", Enumerable.Range(0, count).Select(i => $"%d{i}"));
        string inputs = string.Join(", ", Enumerable.Range(0, count).Select(i => $"%a{i}"));
        string body = "mov.u32 %t1, tile; shl.b32 %t2, %t0, 4; add.u32 %t2, %t2, %t1;\n"
            + $"stmatrix.sync.aligned.m8n8.x{count}{trans}.shared.b16 [%t2], {{{inputs}}};\n"
            + $"ldmatrix.sync.aligned.m8n8.x{count}{trans}.shared.b16 {{{registers}}}, [%t2];\n";
        Random random = new(13);
        uint[] values = [.. Enumerable.Range(0, count * 32).Select(_ => (uint)random.NextInt64())];
        Assert.That(RunWarp(WarpKernel(count, count, body), values, count), Is.EqualTo(values));
    }

    [TestCase("bfly", 1, 0x1f)]
    [TestCase("bfly", 16, 0x1f)]
    [TestCase("bfly", 7, 0x1f)]
    [TestCase("bfly", 5, 0x181f)]
    [TestCase("up", 1, 0)]
    [TestCase("up", 3, 0x1800)]
    [TestCase("down", 2, 0x1f)]
    [TestCase("down", 5, 0x101f)]
    [TestCase("idx", 9, 0x1f)]
    [TestCase("idx", 3, 0x181f)]
    public void Shuffle(string mode, int b, int c)
    {
        uint[] values = [.. Enumerable.Range(0, 32).Select(i => (uint)(i * 0x01010101))];
        foreach (bool withPredicate in new[] { false, true })
        {
            string target = withPredicate ? "%d0|%p0" : "%d0";
            string tail = withPredicate ? "selp.u32 %d1, 1, 0, %p0;\n" : "mov.u32 %d1, 2;\n";
            uint[] got =
                RunWarp(WarpKernel(1, 2,
                    $"shfl.sync.{mode}.b32 {target}, %a0, {b}, {c}, 0xffffffff;\n{tail}"), values, 2);
            for (int lane = 0; lane < 32; lane++)
            {
                int segment = c >> 8 & 31, clamp = c & 31;
                int high = (lane & segment) | (clamp & ~segment), low = lane & segment;
                (int source, bool isValid) = mode switch
                {
                    "up" => (lane - b, lane - b >= high),
                    "down" => (lane + b, lane + b <= high),
                    "bfly" => (lane ^ b, (lane ^ b) <= high),
                    _ => (low | (b & ~segment), (low | (b & ~segment)) <= high),
                };
                Assert.That(got[lane], Is.EqualTo(values[isValid ? source : lane]), $"lane {lane}");
                Assert.That(got[32 + lane], Is.EqualTo(withPredicate ? isValid ? 1u : 0 : 2), $"lane {lane}");
            }
        }
    }

    [Test]
    public void Votes_matches_and_reductions()
    {
        uint[] values = [.. Enumerable.Range(0, 32).Select(i => (uint)((i % 3) - 1))];
        uint[] got = RunWarp(WarpKernel(1, 7, """
            setp.eq.s32 %p0, %a0, 0;
            vote.sync.ballot.b32 %d0, %p0, 0xffffffff;
            vote.sync.any.pred %p1, %p0, 0xffffffff; vote.sync.all.pred %p2, !%p0, 0xffffffff; vote.sync.uni.pred %p3, %p0, 0xffffffff;
            selp.u32 %d1, 1, 0, %p1; selp.u32 %t3, 2, 0, %p2; selp.u32 %t4, 4, 0, %p3; or.b32 %d1, %d1, %t3; or.b32 %d1, %d1, %t4;
            match.any.sync.b32 %d2, %a0, 0xffffffff;
            redux.sync.add.s32 %d3, %a0, 0xffffffff; redux.sync.min.s32 %d4, %a0, 0xffffffff; redux.sync.max.u32 %d5, %a0, 0xffffffff;
            activemask.b32 %d6;

            """), values, 7);
        uint zeros = 0;
        for (int i = 0; i < 32; i++)
        {
            zeros |= values[i] == 0 ? 1u << i : 0;
        }
        for (int lane = 0; lane < 32; lane++)
        {
            uint same =
                (uint)Enumerable.Range(0, 32).Where(i => values[i] == values[lane]).Aggregate(0L,
                    (m, i) => m | (1L << i));
            Assert.That(got[lane], Is.EqualTo(zeros));
            Assert.That(got[32 + lane], Is.EqualTo(1u));
            Assert.That(got[64 + lane], Is.EqualTo(same));
            Assert.That((int)got[96 + lane], Is.EqualTo(values.Sum(v => (int)v)));
            Assert.That((int)got[128 + lane], Is.EqualTo(-1));
            Assert.That(got[160 + lane], Is.EqualTo(uint.MaxValue));
            Assert.That(got[192 + lane], Is.EqualTo(uint.MaxValue));
        }
    }

    /// <summary>Writes 16-bit element i = i to the 256 elements of the tile; leaves its address in
    /// t1.</summary>
    private static string Fill32()
    {
        string text = "mov.u32 %t1, tile; shl.b32 %t2, %t0, 4; add.u32 %t2, %t2, %t1; shl.b32 %t3, %t0, 3;\n";
        for (int i = 0; i < 4; i++)
        {
            text += $"add.u32 %t4, %t3, {2 * i}; add.u32 %t5, %t4, 1; shl.b32 %t5, %t5, 16; or.b32 %t4, %t4, %t5; st.shared.b32 [%t2+{4 * i}], %t4;\n";
        }
        return text + "bar.warp.sync 0xffffffff;\n";
    }

    private static void Fill(float[,] matrix, Random random)
    {
        for (int i = 0; i < matrix.GetLength(0); i++)
        {
            for (int j = 0; j < matrix.GetLength(1); j++)
            {
                matrix[i, j] = Small(random);
            }
        }
    }

    /// <summary>A number that every input format holds exactly.</summary>
    private static float Small(Random random) => random.Next(-128, 129) / 64f;

    private static uint Bits(float x) => BitConverter.SingleToUInt32Bits(x);

    private static uint Pack(float low, float high, string type)
    {
        uint Half16(float x) => type == "f16" ? BitConverter.HalfToUInt16Bits((Half)x) : Bits(x) >> 16;
        return Half16(low) | (Half16(high) << 16);
    }

    private static float HalfOf(uint pair, int which) =>
        (float)BitConverter.UInt16BitsToHalf((ushort)(pair >> (16 * which)));
}
