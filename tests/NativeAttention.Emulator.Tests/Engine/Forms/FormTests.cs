using System.Text;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Every form of the table of instructions that works lane by lane, against <see cref="FormModel"/>, under all shapes
/// of masks. The other mnemonics are listed with the tests that cover them, so that nothing is accepted untested.
/// </summary>
internal sealed class FormTests
{
    private const int Blocks = 4;

    /// <summary>Instructions about memory, other lanes or control, and where they are tested. Who adds a mnemonic of
    /// that kind to the table of forms names its tests here.</summary>
    private static readonly Dictionary<string, Type> _elsewhere = Places(
        (typeof(MemoryFormTests), "ld ldu st atom red prefetch prefetchu applypriority discard createpolicy cvta isspacep"),
        (typeof(MatrixTests),
            "ldmatrix stmatrix movmatrix mma shfl vote match redux activemask elect griddepcontrol"),
        (typeof(ControlFlowTests), "bra brx call ret exit membar fence nanosleep trap brkpt bar barrier"),
        (typeof(VideoFormTests), "vadd vsub vabsdiff vmin vmax vshl vshr vmad vset vadd2 vsub2 vavrg2 vabsdiff2 vmin2 vmax2 vset2 "
            + "vadd4 vsub4 vavrg4 vabsdiff4 vmin4 vmax4 vset4"),
        (typeof(MbarrierTests), "mbarrier"),
        (typeof(BulkCopyTests), "cp"),
        (typeof(WgmmaTests), "wgmma"),
        (typeof(HopperFaultTests), "mapa getctarank setmaxnreg"));

    private static Dictionary<string, Type> Places(params (Type Tests, string Mnemonics)[] places) =>
        places.SelectMany(p => p.Mnemonics.Split(' '), (p, m) => (p.Tests, Mnemonic: m))
            .ToDictionary(p => p.Mnemonic, p => p.Tests, StringComparer.Ordinal);

    private static IEnumerable<string> LaneMnemonics =>
        InstructionForms.ByMnemonic.Select(g => g.Key).Where(m => !_elsewhere.ContainsKey(m));

    [TestCaseSource(nameof(LaneMnemonics))]
    public void Every_form_agrees_with_the_model(string mnemonic)
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        List<FormCase> cases = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (InstructionForm form in InstructionForms.ByMnemonic[mnemonic])
        {
            foreach (string opcode in form.Pattern.Expand())
            {
                bool isNew = InstructionForms.Mnemonic(opcode) == mnemonic && seen.Add(opcode);
                cases.AddRange(isNew ? FormCase.Of(opcode, form.Operands) : []);
            }
        }
        TestContext.Out.WriteLine($"{seen.Count} opcodes, {cases.Count} kernels");
        foreach (FormCase[] chunk in cases.Chunk(100))
        {
            Run(chunk, random);
        }
    }

    /// <summary>Conversions from 8 or 16 bits (or from halves of 16), of every source value; the modifiers that change
    /// nothing about the source are left to the test above.</summary>
    [Test]
    public void Every_small_value_converts_as_in_the_model()
    {
        ulong[] all = [.. Enumerable.Range(0, 65536).Select(i => (ulong)((uint)i | ((uint)(i ^ 0x5A5A) << 16)))];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (InstructionForm form in InstructionForms.ByMnemonic["cvt"])
        {
            foreach (string opcode in form.Pattern.Expand())
            {
                FormModel model = new(opcode);
                bool isSmall = model.Type(1) is "u8" or "s8" or "u16" or "s16" or "f16" or "bf16" or "f16x2" or "e4m3x2"
                    or "e5m2x2";
                bool isPlain = !model.Has("ftz") && !model.Has("rz") && !model.Has("rm") && !model.Has("rp")
                    && !model.Has("rzi") && !model.Has("rmi") && !model.Has("rpi");
                if (!isSmall || !isPlain || !seen.Add(opcode))
                {
                    continue;
                }
                FormCase c = FormCase.Of(opcode, form.Operands).Single();
                ulong[] got = LaneKernel.Run(c.Body, c.Destination, c.Operands, [all], uint.MaxValue);
                for (int i = 0; i < all.Length; i++)
                {
                    (bool isRight, ulong expected) = c.Check([all[i]], got[i]);
                    if (!isRight)
                    {
                        Assert.Fail($"{opcode} of 0x{all[i]:x} gives 0x{got[i]:x}, not 0x{expected:x}");
                    }
                }
            }
        }
        TestContext.Out.WriteLine($"{seen.Count} opcodes");
        Assert.That(seen, Has.Count.GreaterThan(60));
    }

    /// <summary>Runs cases in kernels of one module.</summary>
    public static void Run(FormCase[] cases, Random random)
    {
        StringBuilder text = new(LaneKernel.Header);
        for (int i = 0; i < cases.Length; i++)
        {
            text.Append(LaneKernel.Entry($"k{i}", cases[i].Body, cases[i].Destination, cases[i].Operands));
        }
        using PtxMachine machine = new(text.ToString(), LaneKernel.Options);
        ulong[] buffers = [.. Enumerable.Range(0, 6).Select(_ => machine.Upload<ulong>(new ulong[Blocks * 32]))];
        for (int i = 0; i < cases.Length; i++)
        {
            uint[] masks = [uint.MaxValue, uint.MaxValue, 1u << random.Next(32), 0, (uint)random.NextInt64()];
            foreach (uint mask in masks)
            {
                RunUnderMask(machine, $"k{i}", cases[i], buffers, mask, random);
            }
        }
    }

    private static void RunUnderMask(
        PtxMachine machine, string kernel, FormCase c, ulong[] buffers, uint mask, Random random)
    {
        const int lanes = Blocks * 32;
        ulong[][] operands = [.. c.Draws.Select(t =>
            Enumerable.Range(0, lanes).Select(_ => Draws.One(t, random)).ToArray())];
        bool divides = c.Opcode.StartsWith("div.", StringComparison.Ordinal)
            || c.Opcode.StartsWith("rem.", StringComparison.Ordinal);
        if (divides && !FormModel.IsFloat(c.Draws[1]))
        {
            int bits = FormModel.BitsOf(c.Draws[1]);
            operands[1] = [.. operands[1].Select(x => x << (64 - bits) == 0 ? 1 : x)];
        }
        PtxMachine.Write<ulong>(buffers[0], Enumerable.Repeat(LaneKernel.Sentinel, lanes).ToArray());
        List<object> arguments = [buffers[0], mask];
        for (int i = 0; i < operands.Length; i++)
        {
            PtxMachine.Write<ulong>(buffers[i + 1], operands[i]);
            arguments.Add(buffers[i + 1]);
        }
        EmulatorFault? fault = machine.Launch((Blocks, 1, 1), (32, 1, 1), 0, kernel, [.. arguments]);
        Assert.That(fault, Is.Null, fault?.ToString());
        ulong[] results = machine.Download<ulong>(buffers[0], lanes);
        for (int lane = 0; lane < lanes; lane++)
        {
            ulong[] values = [.. operands.Select(o => o[lane])];
            bool isActive = (mask >> (lane & 31) & 1) != 0;
            ulong untouched = LaneKernel.SentinelOf(c.Destination);
            (bool isRight, ulong expected) = isActive ? c.Check(values, results[lane])
                : (results[lane] == untouched, untouched);
            if (!isRight)
            {
                Assert.Fail($"{c.Body} with {string.Join(", ", values.Select(v => $"0x{v:x}"))} gives "
                    + $"0x{results[lane]:x}, not 0x{expected:x} (lane {lane}, mask 0x{mask:x8})");
            }
        }
    }
}
