using System.Globalization;
using System.Numerics;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Loads, stores and atomics: every type, space and vector length with qualifiers drawn from the table of forms, and
/// for each width of register; 32 lanes with 16 bytes each.
/// </summary>
internal sealed class MemoryFormTests
{
    private const int Lanes = 32;

    private static Random NewRandom()
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        return new Random(seed);
    }

    private static readonly string[] _spaces =
        ["", "global", "shared", "shared::cta", "local", "const", "param", "param::entry"];

    /// <summary>Some opcodes of a mnemonic for every type, space and vector length that it has.</summary>
    private static IEnumerable<(string Opcode, string Space, string Type, int Vector)> Opcodes(
        string mnemonic, Random random)
    {
        return InstructionForms.ByMnemonic[mnemonic]
            .SelectMany(f => f.Pattern.Expand()).Where(o => InstructionForms.Mnemonic(o) == mnemonic)
            .Where(o => !o.Contains("param::func", StringComparison.Ordinal))
            .Select(o => (Opcode: o, Parts: o.Split('.')))
            .GroupBy(o => (Space: Array.Find(o.Parts, p => p.Length > 0 && Array.IndexOf(_spaces, p) > 0) ?? "",
                Type: o.Parts[^1], Vector: o.Parts.Contains("v4") ? 4 : o.Parts.Contains("v2") ? 2 : 1))
            .SelectMany(g => g.OrderBy(_ => random.Next()).Take(4)
                .Select(o => (o.Opcode, g.Key.Space, g.Key.Type, g.Key.Vector)));
    }

    private static int Bytes(string type) => int.Parse(type.AsSpan(1), CultureInfo.InvariantCulture) / 8;

    /// <summary>Registers that may hold a type: its own width or wider ones; floats exactly.</summary>
    private static IEnumerable<(string Register, int Bits)> Registers(string type)
    {
        int bits = Bytes(type) * 8;
        if (type[0] == 'f')
        {
            return [($".{type}", bits)];
        }
        return new[] { 16, 32, 64 }.Where(b => b >= bits).Select(b => ($".b{b}", b));
    }

    private static string Data(int vector) => vector == 1 ? "x0"
        : "{" + string.Join(", ", Enumerable.Range(0, vector).Select(i => $"x{i}")) + "}";

    /// <summary>A kernel whose lanes have 16 bytes of a space at [%rd3], filled from 16 bytes of the input each.</summary>
    private static string Kernel(string space, string body)
    {
        string address = space switch
        {
            "shared" or "shared::cta" => "mov.u64 %rd3, s; add.u64 %rd3, %rd3, %rd0;",
            "local" => "mov.u64 %rd3, l;",
            "const" => "mov.u64 %rd3, c;",
            "param" or "param::entry" => "mov.u64 %rd3, p;",
            _ => "mov.u64 %rd3, %rd1;",
        };
        string fill = space is "shared" or "shared::cta" or "local"
            ? $"ld.global.v2.u64 {{%rd4, %rd5}}, [%rd1]; st.{space}.v2.u64 [%rd3], {{%rd4, %rd5}};" : "";
        return $$"""
            .version 8.4
            .target sm_90a
            .address_size 64
            .const .align 16 .b8 c[16] = {1, 130, 3, 132, 5, 134, 7, 136, 9, 138, 11, 140, 13, 142, 15, 144};
            .visible .entry k(.param .u64 i, .param .u64 o, .param .align 16 .b8 p[16])
            {
            .reg .b32 %r<8>; .reg .b64 %rd<12>; .reg .pred %p<4>;
            .shared .align 16 .b8 s[512]; .local .align 16 .b8 l[16];
            mov.u32 %r0, %tid.x; mul.wide.u32 %rd0, %r0, 16;
            ld.param.u64 %rd1, [i]; add.u64 %rd1, %rd1, %rd0; ld.param.u64 %rd2, [o];
            mul.wide.u32 %rd6, %r0, 32; add.u64 %rd2, %rd2, %rd6;
            {{address}} {{fill}}
            mov.u64 %rd7, 0;
            {{body}}
            ret;
            }
            """;
    }

    private static byte[] Run(string ptx, byte[] input, byte[] parameter)
    {
        using PtxMachine machine = new(ptx, LaneKernel.Options);
        ulong o = machine.Upload<byte>(new byte[Lanes * 32]);
        EmulatorFault? fault = machine.Launch(1, Lanes, 0, machine.Upload<byte>(input), o, parameter);
        Assert.That(fault, Is.Null, fault?.ToString());
        return machine.Download<byte>(o, Lanes * 32);
    }

    private static byte[] Constants => [1, 130, 3, 132, 5, 134, 7, 136, 9, 138, 11, 140, 13, 142, 15, 144];

    private static string Policy(string opcode) =>
        opcode.Contains("cache_hint", StringComparison.Ordinal) ? ", %rd7" : "";

    [TestCase("ld")]
    [TestCase("ldu")]
    public void Loads(string mnemonic)
    {
        Random random = NewRandom();
        int count = 0;
        foreach ((string opcode, string space, string type, int vector) in Opcodes(mnemonic, random))
        {
            if (Bytes(type) * vector > 16)
            {
                continue;
            }
            (string register, int bits) = Registers(type).OrderBy(_ => random.Next()).First();
            string store = string.Concat(Enumerable.Range(0, vector)
                .Select(i => $"st.global{register} [%rd2+{i * 8}], x{i};"));
            string body = $"{{ .reg {register} x<4>; {opcode} {Data(vector)}, [%rd3]{Policy(opcode)}; {store} }}";
            byte[] input = new byte[Lanes * 16];
            byte[] parameter = new byte[16];
            random.NextBytes(input);
            random.NextBytes(parameter);
            byte[] got = Run(Kernel(space, body), input, parameter);
            for (int lane = 0; lane < Lanes; lane++)
            {
                byte[] source = space switch
                {
                    "const" => Constants,
                    "param" or "param::entry" => parameter,
                    _ => input[(lane * 16)..((lane + 1) * 16)],
                };
                for (int i = 0; i < vector; i++)
                {
                    byte[] element = source[(i * Bytes(type))..((i + 1) * Bytes(type))];
                    BigInteger value = new(element, isUnsigned: type[0] != 's');
                    byte[] expected = BitConverter.GetBytes(
                        (ulong)(value & ((BigInteger.One << bits) - 1)));
                    Assert.That(got[((lane * 32) + (i * 8))..((lane * 32) + (i * 8) + 8)], Is.EqualTo(expected),
                        $"{opcode} into {register}, lane {lane}, element {i}");
                }
            }
            count++;
        }
        TestContext.Out.WriteLine($"{count} kernels");
    }

    [Test]
    public void Stores()
    {
        Random random = NewRandom();
        int count = 0;
        foreach ((string opcode, string space, string type, int vector) in Opcodes("st", random))
        {
            if (Bytes(type) * vector > 16 || space == "param")
            {
                continue;
            }
            (string register, int _) = Registers(type).OrderBy(_ => random.Next()).First();
            string load = string.Concat(Enumerable.Range(0, vector)
                .Select(i => $"ld.global.{(type[0] == 'f' ? type : $"b{Bytes(type) * 8}")} x{i}, [%rd1+{i * Bytes(type)}];"));
            string target = space.Length == 0 ? "mov.u64 %rd3, %rd2;" : space == "global" ? "mov.u64 %rd3, %rd2;" : "";
            string back = target.Length > 0 ? ""
                : $"ld.{space}.v2.u64 {{%rd4, %rd5}}, [%rd3]; st.global.v2.u64 [%rd2], {{%rd4, %rd5}};";
            string clear = target.Length > 0 ? "" : $"st.{space}.v2.u64 [%rd3], {{%rd7, %rd7}};";
            string body = $"{{ .reg {register} x<4>; {load} {target} {clear} {opcode} [%rd3], "
                + $"{Data(vector)}{Policy(opcode)}; {back} }}";
            byte[] input = new byte[Lanes * 16];
            random.NextBytes(input);
            byte[] got = Run(Kernel(space, body), input, new byte[16]);
            for (int lane = 0; lane < Lanes; lane++)
            {
                byte[] expected = new byte[16];
                Array.Copy(input, lane * 16, expected, 0, vector * Bytes(type));
                Assert.That(got[(lane * 32)..((lane * 32) + 16)], Is.EqualTo(expected),
                    $"{opcode} from {register}, lane {lane}");
            }
            count++;
        }
        TestContext.Out.WriteLine($"{count} kernels");
    }

    [TestCase("atom")]
    [TestCase("red")]
    public void Atomics(string mnemonic)
    {
        Random random = NewRandom();
        IEnumerable<string> opcodes = InstructionForms.ByMnemonic[mnemonic].SelectMany(f => f.Pattern.Expand())
            .Where(o => InstructionForms.Mnemonic(o) == mnemonic)
            .GroupBy(o => string.Join('.', o.Split('.').Where(p => IsOperation(p) || p == o.Split('.')[^1]
                || p is "global" or "shared" or "v2" or "v4")))
            .SelectMany(g => g.OrderBy(_ => random.Next()).Take(3));
        int count = 0;
        foreach (string opcode in opcodes)
        {
            Atomic(opcode, random);
            count++;
        }
        TestContext.Out.WriteLine($"{count} kernels");
    }

    private static bool IsOperation(string part) =>
        part is "add" or "min" or "max" or "and" or "or" or "xor" or "exch" or "cas" or "inc" or "dec";

    /// <summary>Input of a lane: 16 bytes of memory; operands are the memory of the next lanes.</summary>
    private static void Atomic(string opcode, Random random)
    {
        string[] parts = opcode.Split('.');
        string type = parts[^1];
        int vector = parts.Contains("v4") ? 4 : parts.Contains("v2") ? 2 : 1;
        bool isReduction = parts[0] == "red";
        bool isSwap = parts.Contains("cas");
        string space = parts.Contains("shared") || parts.Contains("shared::cta") ? "shared" : "global";
        int bytes = FormModel.BitsOf(type) / 8;
        string register = type is "f32" or "f64" ? $".{type}" : $".b{bytes * 8}";
        string load = string.Concat(Enumerable.Range(0, vector)
            .Select(i => $"ld.global{register} x{i}, [%rd8+{i * bytes}]; mov{register} d{i}, x{i};"));
        string old = isReduction ? "" : $"{Data(vector).Replace('x', 'd')}, ";
        string third = isSwap ? ", y" : "";
        string back = string.Concat(Enumerable.Range(0, vector).Select(i =>
            $"ld.{space}{register} x{i}, [%rd3+{i * bytes}]; st.global{register} [%rd2+{i * 4}], x{i}; "
            + $"st.global{register} [%rd2+{16 + (i * 4)}], d{i};"));
        string body = $"{{ .reg {register} x<4>; .reg {register} d<4>; .reg {register} y; add.u64 %rd8, %rd1, 512; "
            + $"ld.global{register} y, [%rd1+1024]; {load} {opcode} {old}[%rd3], {Data(vector)}{third}{Policy(opcode)}; {back} }}";
        byte[] input = new byte[Lanes * 16 * 3];
        for (int at = 0; at < input.Length; at += bytes)
        {
            byte[] value = BitConverter.GetBytes(Draws.One(type[0] == 'b' && type[1] != 'f' ? "b64" : type, random));
            Array.Copy(value, 0, input, at, bytes);
        }
        for (int lane = 0; isSwap && lane < Lanes; lane += 2)
        {
            // Every other comparison holds.
            Array.Copy(input, lane * 16, input, 512 + (lane * 16), 16);
        }
        byte[] got = Run(Kernel(space, body), input, new byte[16]);
        for (int lane = 0; lane < Lanes; lane++)
        {
            for (int i = 0; i < vector; i++)
            {
                ulong a = ReadAt(input, (lane * 16) + (i * bytes), bytes);
                ulong b = ReadAt(input, 512 + (lane * 16) + (i * bytes), bytes);
                ulong c = ReadAt(input, 1024 + (lane * 16), bytes);
                string name = $"{opcode} of 0x{a:x}, 0x{b:x}, 0x{c:x}, lane {lane}, element {i}";
                Assert.That(ReadAt(got, (lane * 32) + (i * 4), bytes), Is.EqualTo(Update(parts, type, space, a, b, c)),
                    name);
                Assert.That(ReadAt(got, (lane * 32) + 16 + (i * 4), bytes), Is.EqualTo(isReduction ? b : a), name);
            }
        }
    }

    private static ulong ReadAt(byte[] data, int at, int bytes)
    {
        byte[] eight = new byte[8];
        Array.Copy(data, at, eight, 0, bytes);
        return BitConverter.ToUInt64(eight);
    }

    /// <summary>The new value: by the arithmetic instruction of the same name where there is one.</summary>
    private static ulong Update(string[] parts, string type, string space, ulong a, ulong b, ulong c)
    {
        string operation = Array.Find(parts, IsOperation)!;
        switch (operation)
        {
            case "exch":
                return b;
            case "cas":
                return a == b ? c : a;
            case "inc":
                return a >= b ? 0 : a + 1;
            case "dec":
                return a == 0 || a > b ? b : a - 1;
            default:
                // Additions of binary32 to global memory flush subnormal numbers.
                string flush = type == "f32" && space == "global" ? ".ftz" : "";
                new FormModel($"{operation}{flush}.{type}").IsRight([a, b], 0, out ulong expected);
                return expected;
        }
    }

    [Test]
    public void All_lanes_at_one_address_add_up()
    {
        string body = "ld.param.u64 %rd3, [o]; atom.global.add.u32 %r1, [%rd3], 1; red.add.u32 [%rd3+4], %r1;"
            + " red.relaxed.cta.global.max.s32 [%rd3+8], %r1;";
        byte[] got = Run(Kernel("global", body), new byte[512], new byte[16]);
        Assert.That((BitConverter.ToInt32(got, 0), BitConverter.ToInt32(got, 4), BitConverter.ToInt32(got, 8)),
            Is.EqualTo((32, 31 * 16, 31)));
    }

    [Test]
    public void Hints_do_nothing()
    {
        string[] opcodes = [.. new[] { "prefetch", "prefetchu", "applypriority", "discard", "createpolicy" }
            .SelectMany(m => InstructionForms.ByMnemonic[m]).SelectMany(f => f.Pattern.Expand())
            .Where(o => !o.EndsWith("tensormap", StringComparison.Ordinal))];
        string body = string.Concat(opcodes.Select(o => o[0] switch
        {
            'p' => $"{o} [{(o.Contains("local", StringComparison.Ordinal) ? "l" : "%rd1")}];\n",
            'c' => $"{o} %rd7, 0f3F000000; {o} %rd7;\n",
            _ => $"{o} [%rd2], 128;\n",
        }));
        Assert.That(Run(Kernel("global", body), new byte[512], new byte[16]), Is.All.Zero);
    }

    [TestCase("global", "%rd1")]
    [TestCase("const", "c")]
    [TestCase("shared", "s")]
    [TestCase("shared::cta", "s")]
    [TestCase("local", "l")]
    [TestCase("param", "p")]
    public void Generic_addresses_go_there_and_back(string space, string where)
    {
        string other = space is "global" or "const" ? "shared" : "global";
        string body = $"mov.u64 %rd3, {where}; cvta.{space}.u64 %rd4, %rd3; cvta.to.{space}.u64 %rd5, %rd4;"
            + $" isspacep.{space} %p0, %rd4; isspacep.{other} %p1, %rd4; sub.u64 %rd5, %rd5, %rd3;"
            + " selp.u64 %rd6, 1, 0, %p0; selp.u64 %rd7, 1, 0, %p1; st.global.u64 [%rd2], %rd5;"
            + " st.global.u64 [%rd2+8], %rd6; st.global.u64 [%rd2+16], %rd7;";
        byte[] got = Run(Kernel("", body), new byte[512], new byte[16]);
        Assert.That((got[0], got[8], got[16]), Is.EqualTo((0, 1, 0)));
    }
}
