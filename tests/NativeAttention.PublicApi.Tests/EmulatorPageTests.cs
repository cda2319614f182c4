using NativeAttention.Emulation;

namespace NativeAttention.PublicApi.Tests;

/// <summary>
/// The example of the emulator's page, by someone who sees no internals and uses no attention: it compiles,
/// adds, and reports.
/// </summary>
public class EmulatorPageTests
{
    private const string Begin = "// Page begin", End = "// Page end";

    [Test]
    public void The_example_adds_and_reports()
    {
#pragma warning disable IDE0007, IDE0008 // as the page writes it
        // Page begin
        const string Ptx = """
            .version 7.0
            .target sm_80
            .address_size 64
            .visible .entry vector_add(
                .param .u64 x, .param .u64 y, .param .u64 z, .param .u32 n)
            {
                .reg .pred %p<2>; .reg .b32 %r<6>; .reg .f32 %f<4>; .reg .b64 %rd<8>;
                mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;
                mad.lo.s32 %r4, %r1, %r2, %r3;
                ld.param.u32 %r5, [n];
                setp.ge.s32 %p1, %r4, %r5;
                @%p1 bra DONE;
                ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [y]; ld.param.u64 %rd3, [z];
                mul.wide.s32 %rd4, %r4, 4;
                add.s64 %rd5, %rd1, %rd4; add.s64 %rd6, %rd2, %rd4; add.s64 %rd7, %rd3, %rd4;
                ld.global.f32 %f1, [%rd5]; ld.global.f32 %f2, [%rd6];
                add.f32 %f3, %f1, %f2;
                st.global.f32 [%rd7], %f3;
            DONE:
                ret;
            }
            """;

        float[] xs = [.. Enumerable.Range(0, 1000).Select(i => i * 0.5f)];
        float[] ys = [.. xs.Select(x => 1000 - x)];

        using EmulatedGpu gpu = new();
        PtxKernel add = gpu.Load(Ptx).Kernel("vector_add");
        using EmulatedBuffer<float> x = gpu.Upload<float>(xs), y = gpu.Upload<float>(ys);
        using EmulatedBuffer<float> z = gpu.Allocate<float>(xs.Length);

        // One argument per parameter, checked against the declaration. A finding is an EmulatorFaultException.
        LaunchResult result = gpu.Launch(add, grid: 4, block: 256, [x, y, z, xs.Length]);
        Console.WriteLine($"{z.Read().Sum()}, {result.Counters.WarpInstructions} warp instructions");

        // One element more than there are: the finding as an object.
        EmulatorFault fault = gpu.TryLaunch(add, grid: 4, block: 256, [x, y, z, xs.Length + 1]).Fault!;
        Console.WriteLine($"{fault.Kind} at line {fault.Line}: {fault.Statement}");
        // Page end
#pragma warning restore IDE0007, IDE0008
        Assert.That(z.Read(), Is.All.EqualTo(1000f));
        Assert.That(result.Counters.Blocks, Is.EqualTo(4));
        string[] page = File.ReadAllLines(Page());
        Assert.That(page, Has.One.Contains($"`{fault.Kind} at line {fault.Line}: {fault.Statement}`"));
    }

    [Test]
    public void The_page_shows_this_example()
    {
        string source = Path.Combine(SourceTree.Root(), "tests", "NativeAttention.PublicApi.Tests",
            "EmulatorPageTests.cs");
        string[] here = [.. Lines(File.ReadAllLines(source).SkipWhile(l => l.Trim() != Begin).Skip(1)
            .TakeWhile(l => l.Trim() != End))];
        string[] page = [.. Lines(File.ReadAllLines(Page()).SkipWhile(l => l != "```csharp")
            .Skip(1).TakeWhile(l => l != "```"))];
        Assert.That(page, Is.EqualTo(here));
        Assert.That(here, Has.Length.GreaterThan(20));
    }

    private static string Page() =>
        Path.Combine(SourceTree.Root(), "src", "NativeAttention.Emulator", "README.md");

    private static IEnumerable<string> Lines(IEnumerable<string> code) => code.Select(l => l.Trim())
        .Where(l => l.Length > 0 && !l.StartsWith("using NativeAttention", StringComparison.Ordinal));
}
