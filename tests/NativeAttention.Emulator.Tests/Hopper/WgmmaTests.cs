using System.Globalization;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// wgmma against a scalar loop: every N, every swizzle, both majornesses, every element type, A from registers
/// and from shared memory. The operands are laid out by the element addresses of the PTX ISA.
/// </summary>
internal sealed class WgmmaTests
{
    private const int Start = 1024;
    private const int SharedBytes = 160 << 10;

    /// <summary>One operand in shared memory: element (row, k) of type <paramref name="Bytes"/>.</summary>
    private sealed record Layout(int Rows, int Bytes, int Span, bool IsTransposed, int Base)
    {
        private int Depth => 32 / Bytes;

        private int Leading => (Span, IsTransposed) switch
        {
            (16, false) => Rows / 8 * 128,
            (16, true) => 128,
            (_, true) => 16 * Span,
            _ => 16,
        };

        private int Stride => (Span, IsTransposed) switch
        {
            (16, false) => 128,
            (16, true) => 256,
            _ => 8 * Span,
        };

        public int Size => Span == 16 ? Rows * 32
            : IsTransposed ? ((Rows * Bytes) + Span - 1) / Span * 16 * Span : (Rows + 7) / 8 * 8 * Span;

        public ulong Descriptor
        {
            get
            {
                ulong mode = Span switch { 16 => 0, 128 => 1, 64 => 2, _ => 3 };
                return (ulong)(uint)(Base >> 4) | ((ulong)(uint)(Leading >> 4) << 16) | ((ulong)(uint)(Stride >> 4) << 32)
                    | (mode << 62);
            }
        }

        public int Address(int row, int k)
        {
            int offset = IsTransposed ? AcrossK(row, k) : AlongK(row, k * Bytes);
            int address = Base + offset;
            int mask = Span switch { 128 => 7, 64 => 3, 32 => 1, _ => 0 };
            return address ^ (((address >> 7) & mask) << 4);
        }

        private int AlongK(int r, int byteK) => Span == 16
            ? (r % 8 * 16) + (r / 8 * Stride) + (byteK / 16 * Leading) + (byteK % 16)
            : (r % 8 * Span) + (r / 8 * Stride) + byteK;

        private int AcrossK(int m, int k) => Span == 16
            ? (m % 8 * 2) + (m / 8 * Stride) + (k % 8 * 16) + (k / 8 * Leading)
            : (m % (Span / 2) * 2) + (m / (Span / 2) * Leading) + (k % 8 * Span) + (k / 8 * Stride);

        public void Write(byte[] shared, double[,] values, string type)
        {
            for (int r = 0; r < Rows; r++)
            {
                for (int k = 0; k < Depth; k++)
                {
                    BitConverter.TryWriteBytes(shared.AsSpan(Address(r, k) - Start, 8), 0);
                }
            }
            for (int r = 0; r < Rows; r++)
            {
                for (int k = 0; k < Depth; k++)
                {
                    Span<byte> target = shared.AsSpan(Address(r, k) - Start, Bytes);
                    BitConverter.GetBytes(Encode(values[r, k], type)).AsSpan(0, Bytes).CopyTo(target);
                }
            }
        }
    }

    internal sealed record Case(string D, string A, string B, int Columns, int SpanA = 128, int SpanB = 128,
        bool TransposedA = false, bool TransposedB = false, bool IsRegisterA = false, bool Adds = true,
        int SignA = 1, int SignB = 1)
    {
        public int Bytes => A is "f16" or "bf16" ? 2 : A == "tf32" ? 4 : 1;

        public int Depth => 32 / Bytes;

        public int Registers => D == "f16" ? Columns / 4 : Columns / 2;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"n{Columns} {D} {A} {B} spans {SpanA} {SpanB} transposed {TransposedA} {TransposedB} register {IsRegisterA} adds {Adds} signs {SignA} {SignB}");
    }

    private static uint Encode(double value, string type) => type switch
    {
        "f16" => BitConverter.HalfToUInt16Bits((Half)value),
        "bf16" => BitConverter.SingleToUInt32Bits((float)value) >> 16,
        "tf32" => BitConverter.SingleToUInt32Bits((float)value),
        "e4m3" => EncodeSmall(value, 3, 7),
        "e5m2" => EncodeSmall(value, 2, 15),
        _ => (byte)(int)value,
    };

    /// <summary>Values here are small multiples of 1/4, which the 8-bit formats hold exactly.</summary>
    private static uint EncodeSmall(double value, int fractionBits, int bias)
    {
        if (value == 0)
        {
            return 0;
        }
        int exponent = Math.ILogB(value);
        uint fraction = (uint)(Math.ScaleB(Math.Abs(value), fractionBits - exponent)) & ((1u << fractionBits) - 1);
        return (value < 0 ? 0x80u : 0) | ((uint)(exponent + bias) << fractionBits) | fraction;
    }

    private static double Draw(Random random, string type) => type switch
    {
        "s8" => random.Next(-128, 128),
        "u8" => random.Next(256),
        "e4m3" or "e5m2" => random.Next(-7, 8) * 0.25,
        "tf32" => random.Next(-999, 1000) * 0.0078125,
        _ => random.Next(-100, 101) * 0.03125,
    };

    private static IEnumerable<Case> EveryColumnCount() =>
        Enumerable.Range(1, 32).Select(n => new Case("f32", "bf16", "bf16", n * 8));

    private static IEnumerable<Case> EveryLayout()
    {
        return from a in new[] { 16, 32, 64, 128 }
               from b in new[] { 16, 32, 64, 128 }
               from ta in new[] { false, true }
               from tb in new[] { false, true }
               from n in new[] { 8, 72, 256 }
               select new Case("f32", "f16", "f16", n, a, b, ta, tb);
    }

    private static IEnumerable<Case> EveryType()
    {
        string[] small = ["e4m3", "e5m2"];
        string[] integers = ["s8", "u8"];
        (string, string, string)[] types =
        [
            ("f32", "f16", "f16"), ("f16", "f16", "f16"), ("f32", "bf16", "bf16"), ("f32", "tf32", "tf32"),
            .. from d in new[] { "f16", "f32" } from a in small from b in small select (d, a, b),
            .. from a in integers from b in integers select ("s32", a, b),
        ];
        return from t in types
               from span in new[] { 16, 32, 64, 128 }
               from isRegister in new[] { false, true }
               from n in new[] { 8, 32, 96, 224 }
               select new Case(t.Item1, t.Item2, t.Item3, n, span, span, IsRegisterA: isRegister,
                   Adds: n != 32);
    }

    private static IEnumerable<Case> Signs()
    {
        yield return new Case("f32", "bf16", "bf16", 40, SignA: -1);
        yield return new Case("f32", "f16", "f16", 40, SignB: -1, IsRegisterA: true, TransposedB: true);
        yield return new Case("f32", "tf32", "tf32", 40, SignA: -1, SignB: -1);
    }

    private static string Kernel(Case c)
    {
        string List(string prefix, int count) =>
            "{" + string.Join(", ", Enumerable.Range(0, count).Select(i => $"%{prefix}{i}")) + "}";
        Layout a = LayoutOfA(c), b = LayoutOfB(c);
        string register = c.D == "f32" ? "f32" : "b32";
        string text = $".reg .{register} %d<128>; .reg .b32 %a<4>; .reg .b64 %da, %db; .reg .pred %s;\n"
            + $"mov.u32 %r4, %r0;\nFILL: setp.ge.u32 %p1, %r4, {SharedBytes / 16}; @%p1 bra FILLED; shl.b32 %r5, %r4, 4; cvt.u64.u32 %rd2, %r5; add.u64 %rd2, %rd2, %rd1; ld.global.v4.u32 {{%r6,%r7,%r8,%r9}}, [%rd2]; add.u32 %r5, %r5, %r1; st.shared.v4.u32 [%r5], {{%r6,%r7,%r8,%r9}}; add.u32 %r4, %r4, 128; bra FILL;\n"
            + "FILLED: fence.proxy.async.shared::cta; bar.sync 0;\nmul.wide.u32 %rd2, %r0, 4; add.u64 %rd3, %rd0, %rd2;\n";
        for (int i = 0; i < c.Registers; i++)
        {
            text += $"ld.global.b32 %d{i}, [%rd3+{i * 512}];\n";
        }
        for (int i = 0; i < 4; i++)
        {
            text += $"ld.global.b32 %a{i}, [%rd3+{(128 + i) * 512}];\n";
        }
        text += $"mov.b64 %da, 0x{a.Descriptor:x}; mov.b64 %db, 0x{b.Descriptor:x}; setp.eq.u32 %s, 0, {(c.Adds ? 0 : 1)};\n";
        string shape = $"m64n{c.Columns}k{c.Depth}.{c.D}.{c.A}.{c.B}";
        string signs = c.D == "s32" ? "" : $", {c.SignA}, {c.SignB}";
        string transposed = c.Bytes != 2 ? "" : (c.IsRegisterA ? "" : c.TransposedA ? ", 1" : ", 0") + (c.TransposedB ? ", 1" : ", 0");
        text += $"wgmma.fence.sync.aligned;\nwgmma.mma_async.sync.aligned.{shape} {List("d", c.Registers)}, {(c.IsRegisterA ? List("a", 4) : "%da")}, %db, %s{signs}{transposed};\n"
            + "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;\n";
        for (int i = 0; i < c.Registers; i++)
        {
            text += $"st.global.b32 [%rd3+{i * 512}], %d{i};\n";
        }
        return HopperKernel.Wrap(text);
    }

    private static Layout LayoutOfA(Case c) => new(64, c.Bytes, c.SpanA, c.TransposedA, Start);

    private static Layout LayoutOfB(Case c) =>
        new(c.Columns, c.Bytes, c.SpanB, c.TransposedB, (Start + LayoutOfA(c).Size + 1023) & ~1023);

    [TestCaseSource(nameof(EveryColumnCount))]
    [TestCaseSource(nameof(Signs))]
    public void Product_is_that_of_the_scalar_loop(object c) => Check((Case)c);

    [Test]
    public void Every_layout_of_the_operands()
    {
        foreach (Case c in EveryLayout())
        {
            Check(c);
        }
    }

    [Test]
    public void Every_type_of_the_operands()
    {
        foreach (Case c in EveryType())
        {
            Check(c);
        }
    }

    private static void Check(Case c)
    {
        Random random = new(c.Columns + c.SpanA);
        double[,] a = Fill(64, c.Depth, random, c.A), b = Fill(c.Columns, c.Depth, random, c.B);
        byte[] shared = new byte[SharedBytes];
        LayoutOfA(c).Write(shared, a, c.A);
        LayoutOfB(c).Write(shared, b, c.B);
        uint[] registers = new uint[(128 + 4) * 128];
        double[,] before = Fill(64, c.Columns, random, c.D == "s32" ? "s8" : "f16");
        for (int thread = 0; thread < 128; thread++)
        {
            PutAccumulators(c, registers, thread, before);
            PutFragments(c, registers, thread, a);
        }
        foreach (AsyncCopyMode mode in new[] { AsyncCopyMode.Early, AsyncCopyMode.Late })
        {
            using PtxMachine machine = new(Kernel(c), HopperKernel.Options with { AsyncCopies = mode });
            ulong p = machine.Upload<uint>(registers);
            EmulatorFault? fault = machine.Launch(1, 128, SharedBytes, p, machine.Upload<byte>(shared));
            Assert.That(fault, Is.Null, $"{c}: {fault}");
            uint[] got = machine.Download<uint>(p, registers.Length);
            for (int thread = 0; thread < 128; thread++)
            {
                Compare(c, got, thread, a, b, before);
            }
        }
    }

    private static double[,] Fill(int rows, int columns, Random random, string type)
    {
        double[,] values = new double[rows, columns];
        for (int r = 0; r < rows; r++)
        {
            for (int k = 0; k < columns; k++)
            {
                values[r, k] = Draw(random, type);
            }
        }
        return values;
    }

    private static (int Row, int Column) PlaceOf(int thread, int v)
    {
        int lane = thread % 32;
        return ((16 * (thread / 32)) + (lane / 4) + (8 * ((v >> 1) & 1)), (8 * (v >> 2)) + (2 * (lane % 4)) + (v & 1));
    }

    private static void PutAccumulators(Case c, uint[] registers, int thread, double[,] values)
    {
        for (int v = 0; v < c.Columns / 2; v++)
        {
            (int row, int column) = PlaceOf(thread, v);
            double value = values[row, column];
            if (c.D == "f16")
            {
                registers[(v / 2 * 128) + thread] |= Encode(value, "f16") << (v % 2 * 16);
                continue;
            }
            registers[(v * 128) + thread] = c.D == "s32" ? (uint)(int)value : BitConverter.SingleToUInt32Bits((float)value);
        }
    }

    private static void PutFragments(Case c, uint[] registers, int thread, double[,] a)
    {
        int parts = 4 / c.Bytes, lane = thread % 32;
        for (int v = 0; v < 4 * parts; v++)
        {
            int register = v / parts;
            int row = (16 * (thread / 32)) + (lane / 4) + (8 * (register & 1));
            int k = (4 * parts * (register >> 1)) + (parts * (lane % 4)) + (v % parts);
            registers[((128 + register) * 128) + thread] |= Encode(a[row, k], c.A) << (v % parts * 8 * c.Bytes);
        }
    }

    private static void Compare(Case c, uint[] got, int thread, double[,] a, double[,] b, double[,] before)
    {
        for (int v = 0; v < c.Columns / 2; v++)
        {
            (int row, int column) = PlaceOf(thread, v);
            double sum = c.Adds ? before[row, column] : 0;
            for (int k = 0; k < c.Depth; k++)
            {
                sum = MathF.FusedMultiplyAdd(
                    (float)a[row, k] * c.SignA * c.SignB, (float)b[column, k], (float)sum);
            }
            uint expected = c.D == "f16" ? Encode(sum, "f16") : c.D == "s32" ? (uint)(int)sum
                : BitConverter.SingleToUInt32Bits((float)sum);
            uint actual = c.D == "f16" ? (got[(v / 2 * 128) + thread] >> (v % 2 * 16)) & 0xFFFF
                : got[(v * 128) + thread];
            if (actual != expected && !(IsZero(actual) && IsZero(expected)))
            {
                Assert.Fail($"{c}: thread {thread}, register {v}: 0x{actual:x}, expected 0x{expected:x}");
            }
        }
    }

    private static bool IsZero(uint bits) => (bits & 0x7FFF_FFFF) is 0 or 0x8000;
}
