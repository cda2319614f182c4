using System.Numerics;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// One case per opcode and type against a scalar model written from the definition in the PTX ISA, under
/// several masks of active lanes and on operands that include the extremes.
/// </summary>
internal sealed class InstructionTests
{
    private const int Seed = 20261120;

    /// <summary>An instruction with its model. Operand values arrive zero-extended; the result is cut to the
    /// destination.</summary>
    public sealed record Case(string Text, string D, string[] Types, Func<ulong, ulong, ulong, ulong> Model)
    {
        public override string ToString() => Text;
    }

    private static readonly ulong[] _integers =
    [
        0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF,
        0x8000_0000, 0xFFFF_FFFF,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE,
    ];

    private static readonly float[] _floats =
    [
        0f, -0f, 1f, -1f, 0.5f, 1.5f, -2.5f, 3f, 1e-40f, -1e-40f, float.Epsilon, 1.1754944e-38f,
        float.MaxValue, -float.MaxValue,
        float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e20f, -1e20f, 0.1f, 1f / 3, 100.25f,
        16777217f,
    ];

    private static IEnumerable<Case> IntegerCases()
    {
        foreach (int bits in new[] { 16, 32, 64 })
        {
            string t = $"b{bits}";
            string[] two = [t, t];
            string[] three = [t, t, t];
            long S(ulong x) => (long)(x << (64 - bits)) >> (64 - bits);
            ulong U(ulong x) => bits == 64 ? x : x & ((1UL << bits) - 1);
            yield return new($"add.u{bits} {{d}}, {{a}}, {{b}};", t, two, (a, b, _) => a + b);
            yield return new($"sub.s{bits} {{d}}, {{a}}, {{b}};", t, two, (a, b, _) => a - b);
            yield return new($"mul.lo.u{bits} {{d}}, {{a}}, {{b}};", t, two, (a, b, _) => a * b);
            yield return new($"mul.hi.u{bits} {{d}}, {{a}}, {{b}};", t, two,
                (a, b, _) => (ulong)(((UInt128)a * b) >> bits));
            yield return new($"mul.hi.s{bits} {{d}}, {{a}}, {{b}};", t, two,
                (a, b, _) => (ulong)(((Int128)S(a) * S(b)) >> bits));
            yield return new($"mad.lo.s{bits} {{d}}, {{a}}, {{b}}, {{c}};", t, three,
                (a, b, c) => (a * b) + c);
            yield return new($"mad.hi.u{bits} {{d}}, {{a}}, {{b}}, {{c}};", t, three,
                (a, b, c) => (ulong)(((UInt128)a * b) >> bits) + c);
            yield return new($"min.s{bits} {{d}}, {{a}}, {{b}};", t, two,
                (a, b, _) => (ulong)Math.Min(S(a), S(b)));
            yield return new($"max.s{bits} {{d}}, {{a}}, {{b}};", t, two,
                (a, b, _) => (ulong)Math.Max(S(a), S(b)));
            yield return new($"min.u{bits} {{d}}, {{a}}, {{b}};", t, two, (a, b, _) => Math.Min(a, b));
            yield return new($"max.u{bits} {{d}}, {{a}}, {{b}};", t, two, (a, b, _) => Math.Max(a, b));
            yield return new($"and.b{bits} {{d}}, {{a}}, {{b}};", t, two, (a, b, _) => a & b);
            yield return new($"or.b{bits} {{d}}, {{a}}, {{b}};", t, two, (a, b, _) => a | b);
            yield return new($"xor.b{bits} {{d}}, {{a}}, {{b}};", t, two, (a, b, _) => a ^ b);
            yield return new($"not.b{bits} {{d}}, {{a}};", t, [t], (a, _, _) => ~a);
            yield return new($"cnot.b{bits} {{d}}, {{a}};", t, [t], (a, _, _) => a == 0 ? 1u : 0);
            yield return new($"neg.s{bits} {{d}}, {{a}};", t, [t], (a, _, _) => 0 - a);
            yield return new($"abs.s{bits} {{d}}, {{a}};", t, [t], (a, _, _) => S(a) < 0 ? 0 - a : a);
            yield return new($"shl.b{bits} {{d}}, {{a}}, {{b}};", t, [t, "b32"],
                (a, b, _) => b >= (ulong)bits ? 0 : a << (int)b);
            yield return new($"shr.u{bits} {{d}}, {{a}}, {{b}};", t, [t, "b32"],
                (a, b, _) => b >= (ulong)bits ? 0 : a >> (int)b);
            yield return new($"shr.s{bits} {{d}}, {{a}}, {{b}};", t, [t, "b32"],
                (a, b, _) => (ulong)(S(a) >> (int)Math.Min(b, (ulong)bits - 1)));
            yield return new($"sad.u{bits} {{d}}, {{a}}, {{b}}, {{c}};", t, three,
                (a, b, c) => c + (a < b ? b - a : a - b));
            yield return new($"sad.s{bits} {{d}}, {{a}}, {{b}}, {{c}};", t, three,
                (a, b, c) => c + (ulong)Int128.Abs((Int128)S(a) - S(b)));
            yield return new($"selp.b{bits} {{d}}, {{a}}, {{b}}, {{c}};", t, [t, t, "pred"],
                (a, b, c) => (c & 1) != 0 ? a : b);
            yield return new($"mov.b{bits} {{d}}, {{a}};", t, [t], (a, _, _) => a);
            foreach ((string name, Func<ulong, ulong, bool> test) in Comparisons(S))
            {
                yield return new($"setp.{name}{bits} {{d}}, {{a}}, {{b}};", "pred", two,
                    (a, b, _) => test(U(a), U(b)) ? 1u : 0);
            }
            yield return new($"setp.lt.and.s{bits} {{d}}, {{a}}, {{b}}, !{{c}};", "pred", [t, t, "pred"],
                (a, b, c) => S(a) < S(b) && (c & 1) == 0 ? 1u : 0);
            yield return new($"{{ .reg .pred q; setp.gt.or.u{bits} q|{{d}}, {{a}}, {{b}}, {{c}}; }}", "pred",
                [t, t, "pred"],
                (a, b, c) => !(a > b) || (c & 1) != 0 ? 1u : 0);
        }
    }

    private static IEnumerable<(string Name, Func<ulong, ulong, bool> Test)> Comparisons(Func<ulong, long> s)
    {
        yield return ("eq.b", (a, b) => a == b);
        yield return ("ne.s", (a, b) => a != b);
        yield return ("lt.s", (a, b) => s(a) < s(b));
        yield return ("le.s", (a, b) => s(a) <= s(b));
        yield return ("gt.s", (a, b) => s(a) > s(b));
        yield return ("ge.s", (a, b) => s(a) >= s(b));
        yield return ("lt.u", (a, b) => a < b);
        yield return ("ls.u", (a, b) => a <= b);
        yield return ("hi.u", (a, b) => a > b);
        yield return ("ge.u", (a, b) => a >= b);
    }

    private static IEnumerable<Case> BitCases()
    {
        string[] one = ["b32"];
        string[] two = ["b32", "b32"];
        string[] three = ["b32", "b32", "b32"];
        yield return new("mul.wide.u32 {d}, {a}, {b};", "b64", two, (a, b, _) => a * b);
        yield return new("mul.wide.s32 {d}, {a}, {b};", "b64", two,
            (a, b, _) => (ulong)((long)(int)a * (int)b));
        yield return new("mad.wide.s32 {d}, {a}, {b}, {c};", "b64", ["b32", "b32", "b64"],
            (a, b, c) => (ulong)((long)(int)a * (int)b) + c);
        yield return new("mul.wide.u16 {d}, {a}, {b};", "b32", ["b16", "b16"], (a, b, _) => a * b);
        yield return new("mul.wide.s16 {d}, {a}, {b};", "b32", ["b16", "b16"],
            (a, b, _) => (ulong)((short)a * (short)b));
        yield return new("add.sat.s32 {d}, {a}, {b};", "b32", two,
            (a, b, _) => (ulong)Math.Clamp((long)(int)a + (int)b, int.MinValue, int.MaxValue));
        yield return new("sub.sat.s32 {d}, {a}, {b};", "b32", two,
            (a, b, _) => (ulong)Math.Clamp((long)(int)a - (int)b, int.MinValue, int.MaxValue));
        yield return new("popc.b32 {d}, {a};", "b32", one, (a, _, _) => (ulong)BitOperations.PopCount(a));
        yield return new("popc.b64 {d}, {a};", "b32", ["b64"], (a, _, _) => (ulong)BitOperations.PopCount(a));
        yield return new("clz.b32 {d}, {a};", "b32", one,
            (a, _, _) => (ulong)BitOperations.LeadingZeroCount((uint)a));
        yield return new("clz.b64 {d}, {a};", "b32", ["b64"],
            (a, _, _) => (ulong)BitOperations.LeadingZeroCount(a));
        yield return new("brev.b32 {d}, {a};", "b32", one, (a, _, _) => Reverse(a, 32));
        yield return new("brev.b64 {d}, {a};", "b64", ["b64"], (a, _, _) => Reverse(a, 64));
        yield return new("bfind.u32 {d}, {a};", "b32", one,
            (a, _, _) => a == 0 ? uint.MaxValue : (ulong)BitOperations.Log2(a));
        yield return new("bfind.s32 {d}, {a};", "b32", one, (a, _, _) => FindSigned((int)a));
        yield return new("bfind.shiftamt.u32 {d}, {a};", "b32", one,
            (a, _, _) => a == 0 ? uint.MaxValue : (ulong)(31 - BitOperations.Log2(a)));
        yield return new("bfe.u32 {d}, {a}, {b}, {c};", "b32", three,
            (a, b, c) => Extract(a, (int)(b & 255), (int)(c & 255), 32, isSigned: false));
        yield return new("bfe.s32 {d}, {a}, {b}, {c};", "b32", three,
            (a, b, c) => Extract(a, (int)(b & 255), (int)(c & 255), 32, isSigned: true));
        yield return new("bfe.u64 {d}, {a}, {b}, {c};", "b64", ["b64", "b32", "b32"],
            (a, b, c) => Extract(a, (int)(b & 255), (int)(c & 255), 64, isSigned: false));
        yield return new("bfe.s64 {d}, {a}, {b}, {c};", "b64", ["b64", "b32", "b32"],
            (a, b, c) => Extract(a, (int)(b & 255), (int)(c & 255), 64, isSigned: true));
        yield return new("bfi.b32 {d}, {a}, {b}, {c}, 7;", "b32", three,
            (a, b, c) => Insert(a, b, (int)(c & 255), 7, 32));
        yield return new("bfi.b64 {d}, {a}, {b}, {c}, 40;", "b64", ["b64", "b64", "b32"],
            (a, b, c) => Insert(a, b, (int)(c & 255), 40, 64));
        yield return new("prmt.b32 {d}, {a}, {b}, {c};", "b32", three, Permute);
        yield return new("shf.l.wrap.b32 {d}, {a}, {b}, {c};", "b32", three,
            (a, b, c) => ((b << 32 | a) << (int)(c & 31)) >> 32);
        yield return new("shf.l.clamp.b32 {d}, {a}, {b}, {c};", "b32", three,
            (a, b, c) => c >= 32 ? a : ((b << 32 | a) << (int)c) >> 32);
        yield return new("shf.r.wrap.b32 {d}, {a}, {b}, {c};", "b32", three,
            (a, b, c) => (b << 32 | a) >> (int)(c & 31));
        yield return new("shf.r.clamp.b32 {d}, {a}, {b}, {c};", "b32", three,
            (a, b, c) => c >= 32 ? b : (b << 32 | a) >> (int)c);
        yield return new("dp4a.s32.s32 {d}, {a}, {b}, {c};", "b32", three,
            (a, b, c) => Dot(a, b, c, isSigned: true));
        yield return new("dp4a.u32.u32 {d}, {a}, {b}, {c};", "b32", three,
            (a, b, c) => Dot(a, b, c, isSigned: false));
        yield return new("slct.b32.s32 {d}, {a}, {b}, {c};", "b32", three, (a, b, c) => (int)c >= 0 ? a : b);
        foreach (int table in new[] { 0x00, 0x96, 0xE8, 0xCA, 0x80, 0xFE, 0x1D, 0xFF })
        {
            yield return new($"lop3.b32 {{d}}, {{a}}, {{b}}, {{c}}, {table};", "b32", three,
                (a, b, c) => Lop3(a, b, c, table));
        }
        yield return new("mov.b32 {d}, {{a}, {b}};", "b32", ["b16", "b16"], (a, b, _) => a | b << 16);
        yield return new("mov.b64 {d}, {{a}, {b}};", "b64", two, (a, b, _) => a | b << 32);
        yield return new("{ .reg .b16 x; mov.b32 {x, {d}}, {a}; }", "b16", one, (a, _, _) => a >> 16);
        yield return new("{ .reg .b32 x; mov.b64 {{d}, x}, {a}; }", "b32", ["b64"], (a, _, _) => a);
        yield return new("mov.b64 {{d}, _}, {a};", "b32", ["b64"], (a, _, _) => a);
        yield return new("mov.b64 {d}, {{a}, {b}, {c}, {a}};", "b64", ["b16", "b16", "b16"],
            (a, b, c) => a | b << 16 | c << 32 | a << 48);
        foreach ((string name, Func<bool, bool, bool> f) in new (string, Func<bool, bool, bool>)[]
            { ("and", (x, y) => x && y), ("or", (x, y) => x || y), ("xor", (x, y) => x != y) })
        {
            yield return new($"{name}.pred {{d}}, {{a}}, {{b}};", "pred", ["pred", "pred"],
                (a, b, _) => f((a & 1) != 0, (b & 1) != 0) ? 1u : 0);
        }
        yield return new("not.pred {d}, {a};", "pred", ["pred"], (a, _, _) => ~a & 1);
        yield return new("mov.pred {d}, 0;", "pred", [], (_, _, _) => 0);
        yield return new("@{a} mov.b32 {d}, {b};", "b32", ["pred", "b32"],
            (a, b, _) => (a & 1) != 0 ? b : LaneKernel.SentinelOf("b32"));
        yield return new("@!{a} mov.b32 {d}, {b};", "b32", ["pred", "b32"],
            (a, b, _) => (a & 1) == 0 ? b : LaneKernel.SentinelOf("b32"));
    }

    private static IEnumerable<Case> FloatCases()
    {
        string[] two = ["f32", "f32"];
        string[] three = ["f32", "f32", "f32"];
        yield return Float("add.f32 {d}, {a}, {b};", two, (a, b, _) => a + b);
        yield return Float("sub.rn.f32 {d}, {a}, {b};", two, (a, b, _) => a - b);
        yield return Float("mul.f32 {d}, {a}, {b};", two, (a, b, _) => a * b);
        yield return Float("div.rn.f32 {d}, {a}, {b};", two, (a, b, _) => a / b);
        yield return Float("fma.rn.f32 {d}, {a}, {b}, {c};", three, MathF.FusedMultiplyAdd);
        yield return Float("add.ftz.f32 {d}, {a}, {b};", two, (a, b, _) => Ftz(Ftz(a) + Ftz(b)));
        yield return Float("mul.ftz.f32 {d}, {a}, {b};", two, (a, b, _) => Ftz(Ftz(a) * Ftz(b)));
        yield return Float("fma.rn.ftz.f32 {d}, {a}, {b}, {c};", three,
            (a, b, c) => Ftz(MathF.FusedMultiplyAdd(Ftz(a), Ftz(b), Ftz(c))));
        yield return Float("add.sat.f32 {d}, {a}, {b};", two, (a, b, _) => Sat(a + b));
        yield return Float("fma.rn.sat.f32 {d}, {a}, {b}, {c};", three,
            (a, b, c) => Sat(MathF.FusedMultiplyAdd(a, b, c)));
        yield return Float("min.f32 {d}, {a}, {b};", two,
            (a, b, _) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Min(a, b));
        yield return Float("max.f32 {d}, {a}, {b};", two,
            (a, b, _) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Max(a, b));
        yield return Float("min.NaN.f32 {d}, {a}, {b};", two, (a, b, _) => MathF.Min(a, b));
        yield return Float("max.NaN.f32 {d}, {a}, {b};", two, (a, b, _) => MathF.Max(a, b));
        yield return Float("max.ftz.f32 {d}, {a}, {b};", two,
            (a, b, _) => Ftz(float.IsNaN(a) ? Ftz(b) : float.IsNaN(b) ? Ftz(a) : MathF.Max(Ftz(a), Ftz(b))));
        yield return new("neg.f32 {d}, {a};", "f32", ["f32"], (a, _, _) => a ^ 0x8000_0000);
        yield return new("abs.f32 {d}, {a};", "f32", ["f32"], (a, _, _) => a & 0x7FFF_FFFF);
        yield return new("copysign.f32 {d}, {a}, {b};", "f32", two,
            (a, b, _) => (b & 0x7FFF_FFFF) | (a & 0x8000_0000));
        yield return Float("sqrt.rn.f32 {d}, {a};", ["f32"], (a, _, _) => MathF.Sqrt(a));
        yield return Float("rcp.rn.f32 {d}, {a};", ["f32"], (a, _, _) => 1 / a);
        foreach ((string name, Func<float, float, bool> test, bool isUnordered) in FloatComparisons())
        {
            yield return new($"setp.{name}.f32 {{d}}, {{a}}, {{b}};", "pred", two, (a, b, _) =>
                (float.IsNaN(F(a)) || float.IsNaN(F(b)) ? isUnordered : test(F(a), F(b))) ? 1u : 0);
        }
        yield return new("setp.num.f32 {d}, {a}, {b};", "pred", two, (a, b, _) => float.IsNaN(F(a))
            || float.IsNaN(F(b)) ? 0u : 1);
        yield return new("setp.nan.f32 {d}, {a}, {b};", "pred", two, (a, b, _) => float.IsNaN(F(a))
            || float.IsNaN(F(b)) ? 1u : 0);
        yield return new("testp.subnormal.f32 {d}, {a};", "pred", ["f32"],
            (a, _, _) => float.IsSubnormal(F(a)) ? 1u : 0);
        yield return new("testp.finite.f32 {d}, {a};", "pred", ["f32"],
            (a, _, _) => float.IsFinite(F(a)) ? 1u : 0);
    }

    private static IEnumerable<(string Name, Func<float, float, bool> Test,
        bool IsUnordered)> FloatComparisons()
    {
        foreach (bool isUnordered in new[] { false, true })
        {
            string u = isUnordered ? "u" : "";
            yield return ("eq" + u, (a, b) => a == b, isUnordered);
            yield return ("ne" + u, (a, b) => a != b, isUnordered);
            yield return ("lt" + u, (a, b) => a < b, isUnordered);
            yield return ("le" + u, (a, b) => a <= b, isUnordered);
            yield return ("gt" + u, (a, b) => a > b, isUnordered);
            yield return ("ge" + u, (a, b) => a >= b, isUnordered);
        }
    }

    [TestCaseSource(nameof(IntegerCases))]
    [TestCaseSource(nameof(BitCases))]
    public void Integer_instruction(Case c)
    {
        Random random = new(Seed);
        Check(c, () => _integers[random.Next(_integers.Length)] ^ (random.Next(3) == 0
            ? (ulong)random.NextInt64() : 0), random);
    }

    [TestCaseSource(nameof(FloatCases))]
    public void Float_instruction(Case c)
    {
        Random random = new(Seed);
        Check(c, () => random.Next(4) == 0
            ? (uint)random.NextInt64()
                : BitConverter.SingleToUInt32Bits(_floats[random.Next(_floats.Length)]), random);
    }

    [TestCase("div.u32", 32, false, false)]
    [TestCase("div.s32", 32, true, false)]
    [TestCase("rem.u64", 64, false, true)]
    [TestCase("rem.s64", 64, true, true)]
    [TestCase("div.s64", 64, true, false)]
    [TestCase("div.s16", 16, true, false)]
    [TestCase("rem.s16", 16, true, true)]
    public void Integer_division(string opcode, int bits, bool isSigned, bool isRemainder)
    {
        string t = $"b{bits}";
        long S(ulong x) => (long)(x << (64 - bits)) >> (64 - bits);
        Case c = new($"{opcode} {{d}}, {{a}}, {{b}};", t, [t, t], (a, b, _) =>
        {
            Int128 x = isSigned ? S(a) : a;
            Int128 y = isSigned ? S(b) : b;
            return (ulong)(isRemainder ? x % y : x / y);
        });
        Random random = new(Seed);
        Check(c, () =>
        {
            ulong value = _integers[random.Next(_integers.Length)] ^ (ulong)random.Next(100);
            return Cut(value, t) == 0 ? 1 : value;
        }, random);
    }

    /// <summary>Approximate functions: near the true value, and exact at the points the ISA fixes.</summary>
    [TestCase("ex2.approx.ftz.f32", 2.4e-7)]
    [TestCase("ex2.approx.f32", 2.4e-7)]
    [TestCase("lg2.approx.f32", 2.4e-7)]
    [TestCase("rcp.approx.f32", 1.2e-7)]
    [TestCase("rsqrt.approx.f32", 1.3e-7)]
    [TestCase("sqrt.approx.f32", 1.2e-7)]
    [TestCase("tanh.approx.f32", 4.9e-4)]
    [TestCase("sin.approx.f32", 5e-7)]
    [TestCase("cos.approx.f32", 5e-7)]
    public void Special_function(string opcode, double relative)
    {
        Func<double, double> model = opcode[..3] switch
        {
            "ex2" => x => Math.Pow(2, x),
            "lg2" => Math.Log2,
            "rcp" => x => 1 / x,
            "rsq" => x => 1 / Math.Sqrt(x),
            "sqr" => Math.Sqrt,
            "tan" => Math.Tanh,
            "sin" => Math.Sin,
            _ => Math.Cos,
        };
        Random random = new(Seed);
        bool isExponential = opcode.StartsWith("ex2", StringComparison.Ordinal);
        ulong[] inputs = [.. Enumerable.Range(0, 4096).Select(_ => (ulong)BitConverter.SingleToUInt32Bits(
            (float)(isExponential ? (random.NextDouble() * 280) - 150
                : random.NextDouble() * 3 * Math.Pow(10, random.Next(-3, 3)))))];
        ulong[] results = LaneKernel.Run($"{opcode} {{d}}, {{a}};", "f32", ["f32"], [inputs], uint.MaxValue);
        bool flushes = opcode.Contains("ftz", StringComparison.Ordinal);
        for (int i = 0; i < inputs.Length; i++)
        {
            double expected = model(F(inputs[i]));
            double got = F(results[i]);
            if (Math.Abs(expected) < 1.17549435e-38)
            {
                double bound = flushes ? 1.18e-38 : 1.5e-45;
                Assert.That(Math.Abs(got - expected), Is.LessThanOrEqualTo(bound),
                    $"{opcode}({F(inputs[i]):R})");
                continue;
            }
            double error = expected > float.MaxValue ? (double.IsPositiveInfinity(got) ? 0 : 1)
                : Math.Abs(got - expected);
            double scale = opcode.StartsWith("sin", StringComparison.Ordinal)
                || opcode.StartsWith("cos", StringComparison.Ordinal) ? 1
                    : Math.Max(Math.Abs(expected),
                        opcode.StartsWith("lg2", StringComparison.Ordinal) ? 0.1 : 0);
            Assert.That(error / scale, Is.LessThanOrEqualTo(relative),
                $"{opcode}({F(inputs[i]):R}) = {got:R}, expected {expected:R}");
        }
    }

    [TestCase("ex2.approx.ftz.f32", float.NegativeInfinity, 0f)]
    [TestCase("ex2.approx.ftz.f32", float.PositiveInfinity, float.PositiveInfinity)]
    [TestCase("ex2.approx.ftz.f32", 0f, 1f)]
    [TestCase("ex2.approx.ftz.f32", -0f, 1f)]
    [TestCase("ex2.approx.ftz.f32", 10f, 1024f)]
    [TestCase("ex2.approx.ftz.f32", -126f, 1.17549435e-38f)]
    [TestCase("ex2.approx.ftz.f32", -127f, 0f)]
    [TestCase("ex2.approx.f32", -149f, 1.4e-45f)]
    [TestCase("ex2.approx.f32", -151f, 0f)]
    [TestCase("ex2.approx.f32", 127f, 1.70141183e38f)]
    [TestCase("ex2.approx.f32", 128f, float.PositiveInfinity)]
    [TestCase("ex2.approx.ftz.f32", float.NaN, float.NaN)]
    [TestCase("lg2.approx.f32", 0f, float.NegativeInfinity)]
    [TestCase("lg2.approx.f32", 1f, 0f)]
    [TestCase("lg2.approx.f32", -1f, float.NaN)]
    [TestCase("lg2.approx.f32", float.PositiveInfinity, float.PositiveInfinity)]
    [TestCase("rcp.approx.ftz.f32", 0f, float.PositiveInfinity)]
    [TestCase("rcp.approx.ftz.f32", -0f, float.NegativeInfinity)]
    [TestCase("rcp.approx.ftz.f32", float.NegativeInfinity, -0f)]
    [TestCase("rsqrt.approx.f32", 0f, float.PositiveInfinity)]
    [TestCase("rsqrt.approx.f32", -1f, float.NaN)]
    [TestCase("sqrt.approx.f32", -0f, -0f)]
    public void Special_value(string opcode, float x, float expected)
    {
        ulong[] result = LaneKernel.Run(
            $"{opcode} {{d}}, {{a}};", "f32", ["f32"],
            [[.. Enumerable.Repeat((ulong)BitConverter.SingleToUInt32Bits(x), 32)]], uint.MaxValue);
        uint wanted = float.IsNaN(expected) ? 0x7FFF_FFFF : BitConverter.SingleToUInt32Bits(expected);
        Assert.That(result, Is.All.EqualTo((ulong)wanted));
    }

    private static Case Float(string text, string[] types, Func<float, float, float, float> model)
    {
        return new(text, "f32", types, (a, b, c) =>
        {
            float result = model(F(a), F(b), F(c));
            return float.IsNaN(result) ? 0x7FFF_FFFF : BitConverter.SingleToUInt32Bits(result);
        });
    }

    private static void Check(Case c, Func<ulong> draw, Random random)
    {
        using PtxMachine machine = new(LaneKernel.Build(c.Text, c.D, c.Types), LaneKernel.Options);
        const int lanes = 256;
        foreach (uint mask in new uint[] { uint.MaxValue, 1u, 0x8000_0000, 0u, 0x0000_FFFF,
            (uint)random.NextInt64() })
        {
            ulong[][] operands =
                [.. c.Types.Select(_ => Enumerable.Range(0, lanes).Select(_ => draw()).ToArray())];
            ulong[] results = LaneKernel.Run(machine, operands.Length > 0 ? operands : [], mask);
            for (int i = 0; i < results.Length; i++)
            {
                ulong Value(int o) => o < c.Types.Length ? Cut(operands[o][i], c.Types[o]) : 0;
                bool isActive = (mask >> (i & 31) & 1) != 0;
                ulong expected = isActive ? Cut(c.Model(Value(0), Value(1), Value(2)), c.D)
                    : LaneKernel.SentinelOf(c.D);
                Assert.That(results[i], Is.EqualTo(expected),
                    $"{c.Text} lane {i} mask 0x{mask:x8}: a=0x{Value(0):x} b=0x{Value(1):x} c=0x{Value(2):x}, seed {Seed}");
            }
        }
    }

    private static ulong Cut(ulong value, string type) => type switch
    {
        "pred" => value & 1,
        "b16" => (ushort)value,
        "b32" or "f32" => (uint)value,
        _ => value,
    };

    private static float F(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static float Ftz(float x) => float.IsSubnormal(x) ? MathF.CopySign(0, x) : x;

    private static float Sat(float x) => x > 0 ? MathF.Min(x, 1) : 0;

    private static ulong Reverse(ulong a, int bits)
    {
        string text = Convert.ToString((long)a, 2).PadLeft(64, '0')[(64 - bits)..];
        return Convert.ToUInt64(new string([.. text.Reverse()]), 2);
    }

    private static ulong FindSigned(int a)
    {
        uint x = a < 0 ? ~(uint)a : (uint)a;
        return x == 0 ? uint.MaxValue : (ulong)BitOperations.Log2(x);
    }

    private static ulong Extract(ulong a, int position, int length, int bits, bool isSigned)
    {
        bool sign = isSigned && length > 0 && (a >> Math.Min(position + length - 1, bits - 1) & 1) != 0;
        ulong result = 0;
        for (int i = 0; i < bits; i++)
        {
            bool bit = i < length && position + i < bits ? (a >> (position + i) & 1) != 0 : sign;
            result |= bit ? 1UL << i : 0;
        }
        return result;
    }

    private static ulong Insert(ulong a, ulong b, int position, int length, int bits)
    {
        for (int i = 0; i < length && position + i < bits; i++)
        {
            ulong bit = a >> i & 1;
            b = (b & ~(1UL << (position + i))) | (bit << (position + i));
        }
        return b;
    }

    private static ulong Permute(ulong a, ulong b, ulong c)
    {
        byte[] bytes = [.. BitConverter.GetBytes((uint)a), .. BitConverter.GetBytes((uint)b)];
        uint result = 0;
        for (int i = 0; i < 4; i++)
        {
            int nibble = (int)(c >> (4 * i)) & 15;
            byte value = bytes[nibble & 7];
            result |= (uint)((nibble & 8) == 0 ? value : (sbyte)value < 0 ? 0xFF : 0) << (8 * i);
        }
        return result;
    }

    private static ulong Dot(ulong a, ulong b, ulong c, bool isSigned)
    {
        long sum = (long)c;
        for (int i = 0; i < 4; i++)
        {
            byte x = (byte)(a >> (8 * i));
            byte y = (byte)(b >> (8 * i));
            sum += isSigned ? (sbyte)x * (sbyte)y : x * y;
        }
        return (ulong)sum;
    }

    private static ulong Lop3(ulong a, ulong b, ulong c, int table)
    {
        ulong result = 0;
        for (int i = 0; i < 32; i++)
        {
            int row = (int)(((a >> i & 1) << 2) | ((b >> i & 1) << 1) | (c >> i & 1));
            result |= (ulong)(table >> row & 1) << i;
        }
        return result;
    }
}
