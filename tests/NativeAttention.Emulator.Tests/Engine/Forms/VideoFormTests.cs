namespace NativeAttention.Emulation.Tests;

/// <summary>Video instructions against <see cref="VideoModel"/>: every opcode of the table with every selector, on random
/// and limit operands under all shapes of masks; and what of them is refused.</summary>
internal sealed class VideoFormTests
{
    private static readonly string[] _parts = ["", "b0", "b1", "b2", "b3", "h0", "h1"];

    private static readonly string[] _halfMasks = ["", "h0", "h1", "h10"];

    private static readonly string[] _byteMasks = ["", "b0", "b1", "b10", "b2", "b20", "b21", "b210", "b3", "b30", "b31",
        "b310", "b32", "b320", "b321", "b3210"];

    private static readonly string[] _halves = ["", .. Digits(2, 4).Select(d => "h" + d)];

    private static readonly string[] _bytes = ["", .. Digits(4, 8).Select(d => "b" + d)];

    [TestCase("vadd")]
    [TestCase("vsub")]
    [TestCase("vabsdiff")]
    [TestCase("vmin")]
    [TestCase("vmax")]
    [TestCase("vshl")]
    [TestCase("vshr")]
    [TestCase("vset")]
    public void Every_scalar_form_agrees_with_the_model_under_every_selector(string mnemonic)
    {
        Run(mnemonic, (opcode, random) =>
        {
            bool hasSecond = opcode.EndsWith(".add", StringComparison.Ordinal)
                || opcode.EndsWith(".min", StringComparison.Ordinal) || opcode.EndsWith(".max", StringComparison.Ordinal);
            int turn = random.Next(_parts.Length);
            return from d in hasSecond ? [""] : _parts
                   from a in Enumerable.Range(0, hasSecond ? _parts.Length : 3)
                   let b = (a + turn++) % _parts.Length
                   select new VideoModel(opcode, d, hasSecond ? _parts[a] : Pick(_parts, random), _parts[b]);
        });
    }

    [Test]
    public void Every_form_of_vmad_agrees_with_the_model_under_every_selector_and_sign()
    {
        Run("vmad", (opcode, random) =>
        {
            string[] signs = opcode.Contains(".po", StringComparison.Ordinal) ? ["", "ab"]
                : ["", "a", "b", "c", "ab", "abc"];
            return from sign in signs
                   from b in _parts
                   select new VideoModel(opcode, "", Pick(_parts, random), b, sign);
        });
    }

    [TestCase("vadd2")]
    [TestCase("vsub2")]
    [TestCase("vavrg2")]
    [TestCase("vabsdiff2")]
    [TestCase("vmin2")]
    [TestCase("vmax2")]
    [TestCase("vset2")]
    public void Every_form_on_halves_agrees_with_the_model_under_every_selector(string mnemonic)
    {
        Run(mnemonic, (opcode, random) => _halves.Select(a =>
            new VideoModel(opcode, Pick(_halfMasks, random), a, Pick(_halves, random))));
    }

    [TestCase("vadd4")]
    [TestCase("vsub4")]
    [TestCase("vavrg4")]
    [TestCase("vabsdiff4")]
    [TestCase("vmin4")]
    [TestCase("vmax4")]
    [TestCase("vset4")]
    public void Every_form_on_bytes_agrees_with_the_model_under_every_mask(string mnemonic)
    {
        Run(mnemonic, (opcode, random) => _byteMasks.Select(d =>
            new VideoModel(opcode, d, Pick(_bytes, random), Pick(_bytes, random))));
    }

    [Test]
    public void Every_selector_of_bytes_agrees_with_the_model()
    {
        Random random = new(Seed());
        VideoModel[] models = [.. _bytes.Select(s => new VideoModel("vsub4.s32.s32.u32", "", s, Pick(_bytes, random)))];
        RunAll(models, random);
    }

    /// <summary>Results worked out by hand from the ISA.</summary>
    [TestCase("vadd.s32.u32.s32.sat %r0, %r1.b3, %r2.h1;", 0xFF000000u, 0x80000000u, 0u, 0xFFFF80FFu)]
    [TestCase("vadd.u32.u32.u32.sat %r0, %r1, %r2;", 0xFFFFFFFFu, 2u, 0u, 0xFFFFFFFFu)]
    [TestCase("vadd.s32.s32.s32.sat %r0.b1, %r1, %r2, %r3;", 100u, 100u, 0x11223344u, 0x11227F44u)]
    [TestCase("vsub.u32.u32.u32.sat.add %r0, %r1, %r2, %r3;", 3u, 5u, 7u, 7u)]
    [TestCase("vabsdiff.u32.s32.s32 %r0, %r1.b0, %r2.b0;", 0x80u, 0x7Fu, 0u, 255u)]
    [TestCase("vmin.s32.s32.u32.max %r0, %r1, %r2, %r3;", 0xFFFFFFFBu, 9u, 0xFFFFFFFDu, 0xFFFFFFFDu)]
    [TestCase("vshl.u32.u32.u32.clamp %r0, %r1, %r2;", 1u, 40u, 0u, 0u)]
    [TestCase("vshl.u32.u32.u32.wrap %r0, %r1, %r2;", 1u, 40u, 0u, 256u)]
    [TestCase("vshr.s32.s32.u32.clamp %r0, %r1, %r2;", 0x80000000u, 99u, 0u, 0xFFFFFFFFu)]
    [TestCase("vmad.s32.s32.u32.shr7 %r0, -%r1, %r2.h0, %r3;", 2u, 64u, 0u, 0xFFFFFFFFu)]
    [TestCase("vmad.u32.u32.u32.po %r0, %r1, %r2, %r3;", 2u, 3u, 4u, 11u)]
    [TestCase("vmad.u32.u32.u32.sat %r0, %r1, %r2, %r3;", 0x10000u, 0x10000u, 0u, 0xFFFFFFFFu)]
    [TestCase("vset.s32.u32.lt.add %r0, %r1, %r2, %r3;", 0xFFFFFFFFu, 1u, 41u, 42u)]
    [TestCase("vset.s32.u32.lt %r0.h1, %r1, %r2, %r3;", 0xFFFFFFFFu, 1u, 0xAAAABBBBu, 0x0001BBBBu)]
    [TestCase("vadd2.u32.u32.u32.sat %r0, %r1, %r2, %r3;", 0xFFFF0001u, 0x00020003u, 0u, 0xFFFF0004u)]
    [TestCase("vsub2.s32.s32.s32 %r0.h0, %r1.h01, %r2.h32, %r3;", 0x00050009u, 0x00020003u, 0x77778888u, 0x77770002u)]
    [TestCase("vavrg4.s32.s32.s32 %r0, %r1, %r2, %r3;", 0xFF01FF00u, 0xFE02FF00u, 0u, 0xFE02FF00u)]
    [TestCase("vabsdiff4.u32.u32.u32.add %r0, %r1, %r2, %r3;", 0x01020304u, 0x04030201u, 100u, 108u)]
    [TestCase("vset4.u32.u32.ge %r0.b20, %r1, %r2, %r3;", 0x05050505u, 0x04060504u, 0x99999999u, 0x99009901u)]
    [TestCase("vadd.u32.u32.u32 %r0, 7, 8;", 0u, 0u, 0u, 15u)]
    public void Known_results(string text, uint a, uint b, uint c, uint expected)
    {
        ulong[][] operands = [Enumerable.Repeat((ulong)a, 32).ToArray(), Enumerable.Repeat((ulong)b, 32).ToArray(),
            Enumerable.Repeat((ulong)c, 32).ToArray()];
        ulong[] got = LaneKernel.Run(text, "b32", ["b32", "b32", "b32"], operands, uint.MaxValue);
        Assert.That(got, Is.All.EqualTo((ulong)expected));
    }

    /// <summary>ptxas 12.4 refuses these too, but for the last, in which c would not be used.</summary>
    [TestCase("vadd.s32.u32.s32.add %r0.h1, %r1, %r2, %r3;", "selector '.h1' of the destination")]
    [TestCase("vadd.s32.u32.s32 %r0.b0, %r1, %r2;", "4 operands are expected, not 3")]
    [TestCase("vadd.s32.u32.s32.add %r0, %r1, %r2;", "4 operands are expected, not 3")]
    [TestCase("vadd.s32.u32.s32 %r0, %tid.x, %r2;", "'%tid'")]
    [TestCase("vadd.s32.u32.s32 %r0, %laneid, %r2;", "'%laneid'")]
    [TestCase("vadd.s32.u32.s32 %r0, -%r1, %r2;", "a register is expected")]
    [TestCase("vadd.s32.u32.s32 %r0, %r1.b4, %r2;", "'.b4' is not a selector for operand 2")]
    [TestCase("vadd.s32.u32.s32 %r0, %r1, %r2.h2;", "'.h2' is not a selector for operand 3")]
    [TestCase("vadd.s32.u32.s32 %r0, %r1.h10, %r2;", "'.h10' is not a selector")]
    [TestCase("vadd.s32.u32.s32 %r0, %f1, %r2;", "of type .f32 cannot stand for .u32")]
    [TestCase("vadd.s32.u32.s32 %f0, %r1, %r2;", "of type .f32 cannot stand for .u32")]
    [TestCase("vadd.s32.u32.s32 %r0, %rs1, %r2;", "cannot stand for .u32")]
    [TestCase("vadd.s32.u32.s32 _, %r1, %r2;", "'_' cannot stand here")]
    [TestCase("vadd.b32.u32.s32 %r0, %r1, %r2;", "qualifier '.b32'")]
    [TestCase("vshl.s32.u32.s32.wrap %r0, %r1, %r2;", "qualifier '.s32'")]
    [TestCase("vshl.s32.u32.u32 %r0, %r1, %r2;", "a qualifier is missing")]
    [TestCase("vset.s32.u32.lo %r0, %r1, %r2;", "qualifier '.lo'")]
    [TestCase("vmad.s32.s32.s32 %r0, -%r1, %r2, -%r3;", "negated")]
    [TestCase("vmad.s32.s32.s32.po %r0, %r1, %r2, -%r3;", "negated")]
    [TestCase("vmad.s32.s32.s32.po %r0, -%r1, %r2, %r3;", "negated")]
    [TestCase("vmad.s32.s32.s32 %r0.h0, %r1, %r2, %r3;", "selector '.h0' of the destination")]
    [TestCase("vmad.s32.s32.s32 %r0, %r1, %r2, %r3.h0;", "'.h0' is not a selector for operand 4")]
    [TestCase("vadd2.s32.s32.u32 %r0, %r1, %r2;", "4 operands are expected, not 3")]
    [TestCase("vadd2.s32.s32.u32 %r0.h01, %r1, %r2, %r3;", "'.h01' is not a selector for operand 1")]
    [TestCase("vadd2.s32.s32.u32 %r0, %r1.h0, %r2, %r3;", "'.h0' is not a selector for operand 2")]
    [TestCase("vadd2.s32.s32.u32 %r0, %r1.h40, %r2, %r3;", "'.h40' is not a selector for operand 2")]
    [TestCase("vadd2.s32.s32.u32 %r0, %r1.b3210, %r2, %r3;", "'.b3210' is not a selector for operand 2")]
    [TestCase("vadd2.s32.s32.u32 %r0, 5, %r2, %r3;", "a register is expected")]
    [TestCase("vadd2.s32.s32.u32.sat.add %r0, %r1, %r2, %r3;", "qualifier '.add'")]
    [TestCase("vadd4.s32.s32.u32 %r0.b00, %r1, %r2, %r3;", "'.b00' is not a selector for operand 1")]
    [TestCase("vadd4.s32.s32.u32 %r0, %r1, %r2.b8654, %r3;", "'.b8654' is not a selector for operand 3")]
    [TestCase("vset4.s32.u32.ne.max %r0, %r1, %r2, %r3;", "qualifier '.max'")]
    [TestCase("mad.lo.s32 %r0, %r1, %r2, -%r3;", "an operand of type .s32 is expected")]
    [TestCase("add.s32 %r0, %r1.h0, %r2;", "%r1.h0")]
    [TestCase("vadd.s32.u32.s32 %r0, %r1, %r2, %r3;", "3 operands are expected, not 4")]
    public void What_has_no_meaning_is_refused(string text, string message)
    {
        using DeviceMemory memory = new(1L << 20);
        string ptx = LaneKernel.Build(text, "b32", ["b32", "b32", "b32"]);
        bool loaded = PtxModule.TryLoad(ptx, "test", LaneKernel.Options, memory, out _, out string log);
        Assert.That(loaded, Is.False);
        Assert.That(log, Does.Contain(message));
    }

    private static IEnumerable<string> Digits(int count, int values) =>
        count == 0 ? [""] : Digits(count - 1, values).SelectMany(_ => Enumerable.Range(0, values), (s, d) => s + d);

    private static string Pick(string[] choices, Random random) => choices[random.Next(choices.Length)];

    private static int Seed()
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        return seed;
    }

    private static void Run(string mnemonic, Func<string, Random, IEnumerable<VideoModel>> modelsOf)
    {
        Random random = new(Seed());
        List<VideoModel> models = [];
        foreach (InstructionForm form in InstructionForms.ByMnemonic[mnemonic])
        {
            models.AddRange(form.Pattern.Expand().Where(o => InstructionForms.Mnemonic(o) == mnemonic)
                .SelectMany(o => modelsOf(o, random)));
        }
        RunAll([.. models], random);
    }

    private static void RunAll(VideoModel[] models, Random random)
    {
        TestContext.Out.WriteLine($"{models.Length} kernels");
        Assert.That(models, Is.Not.Empty);
        foreach (VideoModel[] chunk in models.Chunk(100))
        {
            FormTests.Run([.. chunk.Select(m => m.Case)], random);
        }
    }
}
