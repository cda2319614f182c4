namespace NativeAttention.Emulation.Tests;

/// <summary>What the loader says about a text: all errors with their places, and the warnings.</summary>
internal sealed class PtxDiagnosticTests
{
    private const string Head = ".version 7.0\n.target sm_80\n.address_size 64\n";

    [Test]
    public void Every_offender_is_listed_with_line_column_and_text()
    {
        const string Text = Head + """
            .visible .entry k()
            {
                .reg .b32 %r<3>; .reg .f32 %f<2>;
                mov.u32 %r1, %tid.x;   frobnicate.b32 %r1,
                    %r2;
                add.f64 %f1, %f1, %f1;
                mov.b32 %r2 %r1;
              bra NOWHERE;
                ret;
            }
            """;
        using EmulatedGpu gpu = new();
        PtxLoadException thrown = Assert.Throws<PtxLoadException>(() => gpu.Load(Text, "bad"))!;
        Assert.That(gpu.TryLoad(Text, "bad", out PtxModule? none, out IReadOnlyList<PtxDiagnostic> errors),
            Is.False);
        Assert.That(none, Is.Null);
        Assert.That(errors, Is.EqualTo(thrown.Errors));
        Assert.That(errors.Select(e => (e.Line, e.Column, e.Text)), Is.EqualTo(new[]
        {
            (7, 28, "frobnicate.b32 %r1, %r2;"),
            (9, 5, "add.f64 %f1, %f1, %f1;"),
            (10, 17, "mov.b32 %r2 %r1;"),
            (11, 3, "bra NOWHERE;"),
        }));
        Assert.That(errors.Select(e => e.IsError), Is.All.True);
        Assert.That(errors[0].Message, Does.Contain("unsupported instruction 'frobnicate.b32'"));
        Assert.That(errors[0].Kernel, Is.EqualTo("k"));
        Assert.That(errors[2].Message, Does.Contain("',' is expected, not '%r1'"));
        Assert.That(errors[3].ToString(), Does.StartWith("bad.ptx(11,3): error: label 'NOWHERE'"));
    }

    [TestCase("", 1)]
    [TestCase("\n\n  ", 1)]
    [TestCase(".version 7.0\n.target sm_90a\n", 1)]
    [TestCase(".version 7.0\n.target sm_80\n.visible .entry k(\n", 4)]
    public void A_text_that_ends_early_gives_errors_with_a_place(string text, int line)
    {
        using EmulatedGpu gpu = new();
        bool loaded = gpu.TryLoad(text, "m", out _, out IReadOnlyList<PtxDiagnostic> errors);
        Assert.That(loaded, Is.False);
        Assert.That(errors[0].Line, Is.EqualTo(line));
        Assert.That(errors.Select(e => e.Column), Is.All.GreaterThan(0));
    }

    [Test]
    public void A_clean_kernel_has_no_warning() => Assert.That(Warnings("", "mov.u32 %r1, %tid.x;"), Is.Empty);

    [Test]
    public void A_register_read_before_any_write_is_a_warning()
    {
        PtxDiagnostic[] found = Warnings("", """
            mov.u32 %r1, %tid.x;
            setp.eq.u32 %p1, %r1, 0;
            @%p1 bra SKIP;
            mov.u32 %r2, 7;
        SKIP:
            add.u32 %r3, %r1, %r2;
            add.u32 %r3, %r2, %r2;
        """);
        Assert.That(found, Has.Length.EqualTo(1));
        Assert.That(found[0].Message, Does.Contain("'%r2' may be read before it is written"));
        Assert.That(found[0].Text, Is.EqualTo("add.u32 %r3, %r1, %r2;"));
        Assert.That((found[0].IsError, found[0].Kernel, found[0].Module), Is.EqualTo((false, "k", "module")));
    }

    [Test]
    public void Local_and_unused_shared_memory_are_warnings()
    {
        PtxDiagnostic[] found = Warnings(
            ".shared .align 4 .b8 never[256];\n.extern .shared .align 16 .b8 dynamic[];\n.shared .b32 used;\n",
            """
            .local .align 8 .b8 depot[40];
            .shared .b32 inside[4];
            st.shared.b32 [used], 1;
        """);
        Assert.That(found.Select(w => w.Message), Is.EqualTo(new[]
        {
            "256 bytes of shared memory 'never' that no instruction names",
            "40 bytes of local memory per thread, which lie in global memory",
            "16 bytes of shared memory 'inside' that no instruction names",
        }));
    }

    [TestCase(100, 1024, "100 registers live at one point, and a thread can have 64")]
    [TestCase(60, 1024, null)]
    [TestCase(175, 384, "175 registers live at one point, and a thread can have 168")]
    [TestCase(165, 384, null)]
    [TestCase(300, 0, "300 registers live at one point, and a thread can have 255")]
    [TestCase(250, 0, null)]
    public void More_live_registers_than_a_thread_can_have_are_a_warning(int live, int threads, string? expected)
    {
        string bound = threads > 0 ? $".maxntid {threads}, 1, 1" : "";
        IEnumerable<int> all = Enumerable.Range(1, live);
        string body = string.Concat(all.Select(i => $"mov.u32 %v{i}, %tid.x;\n"))
            + string.Concat(all.Select(i => $"st.shared.u32 [used], %v{i};\n"));
        PtxDiagnostic[] found =
            Warnings(".shared .b32 used;\n", $".reg .b32 %v<{live + 1}>;\n" + body, bound);
        Assert.That(found, Has.Length.EqualTo(expected is null ? 0 : 1));
        Assert.That(found.Select(w => w.Message), Is.All.Contains(expected ?? ""));
    }

    private static PtxDiagnostic[] Warnings(string variables, string body, string directives = "")
    {
        using EmulatedGpu gpu = new();
        string registers = ".reg .b32 %r<4>; .reg .pred %p<2>;";
        PtxModule module = gpu.Load(
            $"{Head}{variables}.visible .entry k()\n{directives}\n{{\n{registers}\n{body}\nret;\n}}\n");
        return [.. module.Warnings];
    }
}
