namespace NativeAttention.Emulation.Tests;

/// <summary>What the loader accepts, and how it names everything it does not.</summary>
internal sealed class ParserTests
{
    private const string Header = ".version 7.8\n.target sm_80\n.address_size 64\n";

    private static string Kernel(string body)
    {
        return Header
            + ".visible .entry k(.param .u64 p)\n{\n.reg .pred %p<4>; .reg .b16 %rs<4>; .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .f32 %f<4>;\n"
            + body + "\nret;\n}\n";
    }

    private static string Log(string ptx, EmulatorOptions? options = null)
    {
        using DeviceMemory memory = new(1 << 20);
        bool loaded =
            PtxModule.TryLoad(ptx, "m", options ?? EmulatorOptions.Default, memory, out PtxModule? module,
                out string log);
        Assert.That(loaded, Is.EqualTo(log.Length == 0));
        Assert.That(module is not null, Is.EqualTo(loaded));
        Assert.That(memory.LiveAllocations, Is.Zero, "a failed load leaves nothing behind");
        return log;
    }

    [TestCase("tex.2d.v4.f32.s32 {%f0,%f1,%f2,%f3}, [t, {%r0,%r1}];",
        "unsupported instruction 'tex.2d.v4.f32.s32' in kernel 'k'")]
    [TestCase("add.rna.f32 %f0, %f1, %f2;",
        "unsupported instruction 'add.rna.f32' in kernel 'k' (qualifier '.rna')")]
    [TestCase("add.u32.foo %r0, %r1, %r2;", "unsupported instruction 'add.u32.foo' in kernel 'k'")]
    [TestCase("add.u8 %r0, %r1, %r2;", "unsupported instruction 'add.u8' in kernel 'k' (qualifier '.u8')")]
    [TestCase(
        "mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32 {%r0,%r1,%r2,%r3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, {%r0,%r1,%r2,%r3};", "unsupported instruction 'mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32'")]
    [TestCase("stacksave.u64 %rd0;", "unsupported instruction 'stacksave.u64'")]
    [TestCase("add.u32 %r0, %r1, %r99;",
        "'%r99' is neither a declared register nor a supported special register")]
    [TestCase("add.u32 %r0, %r1, %rx;",
        "'%rx' is neither a declared register nor a supported special register")]
    [TestCase("add.u32 %r0, %rd1, %r2;", "register '%rd1' of type .b64 cannot stand for .u32")]
    [TestCase("add.f32 %f0, %f1, %rs1;", "register '%rs1' of type .b16 cannot stand for .f32")]
    [TestCase("add.s32 %f0, %r1, %r2;", "register '%f0' of type .f32 cannot stand for .s32")]
    [TestCase("add.u32 %r0, %r1;", "3 operands are expected, not 2")]
    [TestCase("add.u32 %r0, %r1, 0f3F800000;", "an operand of type .u32 is expected")]
    [TestCase("bra NOWHERE;", "label 'NOWHERE' is not defined")]
    [TestCase("A: add.u32 %r0, %r1, %r2; A: mov.u32 %r0, 1;", "label 'A' is declared twice")]
    [TestCase(".reg .b32 %r<3>;", "register '%r' is declared twice")]
    [TestCase(".reg .b32 x; .reg .b64 x;", "register 'x' is declared twice")]
    [TestCase("mov.u32 %r0, %tid.w;",
        "'%tid.w' is neither a declared register nor a supported special register")]
    [TestCase("@%r0 mov.u32 %r1, 1;", "the guard '%r0' is not a predicate")]
    [TestCase("ld.global.u32 %r0, [%r1];", "register '%r1' of type .b32 cannot be an address here")]
    [TestCase("ld.global.v2.u32 {%r0}, [%rd1];", "a vector of 2 registers is expected")]
    [TestCase("ld.global.u64 %r0, [%rd1];", "register '%r0' of type .b32 cannot hold .u64")]
    [TestCase("ld.global.wt.u32 %r0, [%rd1];", "qualifier '.wt'")]
    [TestCase("cp.async.cg.shared.global [%r0], [%rd1], 8;", "a copy of 8 bytes is not allowed")]
    [TestCase("lop3.b32 %r0, %r1, %r2, %r3, 256;", "constant 256 is above 255")]
    [TestCase("setp.lt.b32 %p0, %r0, %r1;", "unsupported instruction 'setp.lt.b32' in kernel 'k' (qualifier '.b32')")]
    [TestCase("setp.lo.s32 %p0, %r0, %r1;", "unsupported instruction 'setp.lo.s32' in kernel 'k' (qualifier '.s32')")]
    [TestCase("cvt.f32.s32 %f0, %r0;", "unsupported instruction 'cvt.f32.s32' in kernel 'k' (qualifier '.f32')")]
    [TestCase("mov.u32 %r0 %r1;", "',' is expected, not '%r1'")]
    [TestCase("st.param.u32 [p], %r0;", "this space cannot be written")]
    [TestCase("call.uni (%r0), f, (%r1);", "the name of a function with a body in this module is expected")]
    [TestCase("call.uni (%r0), %rd1, (%r1);", "the name of a function with a body in this module is expected")]
    [TestCase("brx.idx %r0, L; L:", "'L' is not a list of .branchtargets")]
    [TestCase("T: .branchtargets A, B; A: brx.idx %r0, T;", "label 'B' is not defined")]
    [TestCase("T: .branchtargets A; A: bra T;", "label 'T' is not defined")]
    [TestCase("add.f16 %rs0, %rs1, %rs2; add.bf16 %rs0, %rs1, %rs2;",
        "needs .version 7.8, but the module declares 7.0, in 'add.bf16'", "7.0")]
    [TestCase("add.bf16 %rs0, %rs1, %rs2;", "needs .target sm_90, but the module declares sm_80, in 'add.bf16'")]
    [TestCase("ld.shared::cta.u32 %r0, [%r1];", "needs .version 7.8, but the module declares 7.0", "7.0")]
    [TestCase("mad.wide.u64 %rd0, %rd1, %rd2, %rd0;", "(qualifier '.u64')")]
    [TestCase("atom.global.add.s64 %rd0, [%rd1], %rd2;", "(qualifier '.s64')")]
    [TestCase("ld.global.b128 %rd0, [%rd1];", "(qualifier '.b128')")]
    [TestCase("ld.global.v4.u64 {%rd0,%rd1,%rd2,%rd3}, [%rd1];", "32 bytes at once")]
    [TestCase("ld.global.nc.ca.u32 %r0, [%rd1];", "(qualifier '.ca')")]
    [TestCase("cvt.sat.u32.u16 %r0, %rs1;", "(qualifier '.u16')")]
    [TestCase("shfl.down.b32 %r0, %r1, 1, 31;", "unsupported instruction 'shfl.down.b32'")]
    [TestCase("mov.u32 %r0, 08;", "'08' is not a number")]
    public void Refuses(string statement, string message, string version = "7.8")
    {
        string log = Log(Kernel(statement).Replace(".version 7.8", $".version {version}", StringComparison.Ordinal));
        Assert.That(log, Does.StartWith("m.ptx(7): ").And.Contain(message));
    }

    [Test]
    public void Names_all_offenders_with_their_lines()
    {
        string log =
            Log(Kernel("tex.1d %r0;\nadd.u32 %r0, %r1, %r2;\nfoo.bar %r0;\nadd.u32 %r0, %r1, %r77;"));
        Assert.That(log.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[]
        {
            "m.ptx(7): unsupported instruction 'tex.1d' in kernel 'k'",
            "m.ptx(9): unsupported instruction 'foo.bar' in kernel 'k'",
            "m.ptx(10): '%r77' is neither a declared register nor a supported special register, in 'add.u32' of kernel 'k'",
        }));
    }

    [TestCase("", "no .version directive")]
    [TestCase("this is not ptx", "a directive is expected, not 'this'")]
    [TestCase(".version 7.8\n.target sm_90a\n.address_size 64\n",
        "the module is for sm_90a, which a device of sm_80 cannot run")]
    [TestCase(".version 7.8\n.target sm_86\n.address_size 64\n", "the module is for sm_86")]
    [TestCase(".version 7.8\n.target sm_80\n.address_size 32\n", "only .address_size 64")]
    [TestCase(Header + ".global .align 4 .u32 x = y;", "only plain numbers")]
    [TestCase(Header + ".global .align 12 .u32 x;", "alignment 12 of 'x' is not a power of two")]
    [TestCase(Header + ".extern .func f() { ret; }", "the external function 'f' has a body")]
    [TestCase(Header + ".func f() { ret; } .func f() { ret; }", "name 'f' is declared twice")]
    [TestCase(Header + ".func (.reg .b32 r) f() { ret; }", "unsupported parameter space '.reg'")]
    [TestCase(Header + ".visible .entry k() { .reg .b32 x3; .reg .b32 x<5>; ret; }", "register 'x' is declared twice")]
    [TestCase(".version 8\n.target sm_80\n.address_size 64\n", "'.version 8' or '.target sm_80' is not known")]
    [TestCase(Header + ".func g(); .func f() { call g; ret; } .func g() { call f; ret; } .entry k() { call g; ret; }",
        "unsupported recursion")]
    [TestCase(Header + ".visible .entry k() { ret;", "the text ends inside 'k'")]
    public void Refuses_modules(string ptx, string message)
    {
        Assert.That(Log(ptx), Does.Contain(message));
    }

    [Test]
    public void Refuses_text_cut_anywhere_without_failing_itself()
    {
        string ptx =
            Kernel("{ .reg .b32 t; mov.u32 t, %tid.x; add.u32 %r0, t, 0x10; }\n@%p0 bra L;\nst.global.v2.f32 [%rd1+8], {%f0, %f1};\nL:");
        Assert.That(Log(ptx), Is.Empty);
        int bodyStart = ptx.IndexOf(".entry", StringComparison.Ordinal) + 6;
        for (int length = 0; length < ptx.Length - 3; length++)
        {
            string log = Log(ptx[..length]);
            if (length > bodyStart)
            {
                Assert.That(log, Is.Not.Empty, $"cut after {length} characters");
            }
        }
    }

    [Test]
    public void Reads_comments_debug_text_scopes_and_a_closing_nul()
    {
        string ptx = "// a comment\n" + Header + """
            .file 1 "x.cu"
            /* two
               lines */
            .section .debug_str { .b8 1, 2, 3 }
            .visible .entry k(.param .align 8 .b8 s[24], .param .u64 .ptr .global .align 16 q, .param .u8 c)
            .maxntid 128, 1, 1
            .minnctapersm 2
            {
                .reg .b32 %r<4>;
                .loc 1 5 3
                { .reg .b32 %r<2>; .reg .f32 t; mov.u32 %r1, 7; mov.f32 t, 0f3F800000; L: mov.b32 %r0, t; }
                { L: mov.u32 %r1, 1; bra.uni L2; L2: }
                .pragma "nounroll";
                mov.u32 %r1, 0xFFU; mov.u32 %r2, -1; mov.u32 %r3, 017;
                ret;
            }

            """ + "\0 this is not read";
        using DeviceMemory memory = new(1 << 20);
        Assert.That(PtxModule.TryLoad(ptx, "m", EmulatorOptions.Default, memory, out PtxModule? module,
            out string log), Is.True, log);
        PtxKernel kernel = module!.Kernels.Single();
        Assert.That(kernel.Parameters.Select(p => (p.Offset, p.Size)), Is.EqualTo(new[] { (0, 24), (24, 8), (32, 1) }));
        Assert.That((kernel.ParameterBytes, kernel.MaxThreads, module.PtxVersion, module.Target),
            Is.EqualTo((33, 128, "7.8", "sm_80")));
    }

    [Test]
    public void Places_variables()
    {
        string ptx = Header + """
            .global .align 8 .u32 table[3] = {1, 2};
            .const .align 4 .f32 half = 0f3F000000;
            .extern .shared .align 128 .b8 dynamic[];
            .shared .align 4 .b8 small[6];
            .visible .entry k(.param .u64 o)
            {
                .local .align 16 .b8 stack[40];
                .shared .align 16 .b8 mine[16];
                .reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .f32 %f<2>;
                ld.param.u64 %rd0, [o];
                ld.global.u32 %r0, [table+4]; ld.global.u32 %r1, [table+8]; ld.const.f32 %f0, [half];
                mov.u32 %r2, small; mov.u32 %r3, mine; mov.u32 %r4, dynamic;
                st.global.v4.u32 [%rd0], {%r0, %r1, %r2, %r3}; st.global.u32 [%rd0+16], %r4; st.global.f32 [%rd0+20], %f0;
                ret;
            }
            """;
        using PtxMachine machine = new(ptx);
        ulong o = machine.Allocate(24);
        Assert.That(machine.Launch(1, 1, 0, o), Is.Null);
        Assert.That(machine.Download<uint>(o, 6),
            Is.EqualTo(new uint[] { 2, 0, 1024, 1040, 1152, 0x3F00_0000 }));
        Assert.That((machine.Module.Kernels[0].StaticSharedBytes, machine.Module.Kernels[0].LocalBytes),
            Is.EqualTo((128, 48)));
        Assert.That(machine.Module.TryGetGlobal("table", out _, out long bytes), Is.True);
        Assert.That(bytes, Is.EqualTo(12));
        int live = machine.Memory.LiveAllocations;
        machine.Module.Unload(machine.Memory);
        Assert.That(machine.Memory.LiveAllocations, Is.EqualTo(live - 2));
    }

    [Test]
    public void Estimates_registers()
    {
        using PtxMachine machine = new(Kernel("""
            ld.param.u64 %rd0, [p];
            ld.global.u32 %r0, [%rd0]; ld.global.u32 %r1, [%rd0+4]; ld.global.u32 %r2, [%rd0+8];
            add.u32 %r0, %r0, %r1; add.u32 %r0, %r0, %r2; st.global.u32 [%rd0], %r0;
            """));
        Assert.That(machine.Module.Kernels[0].RegisterEstimate, Is.EqualTo(5));
    }
}
