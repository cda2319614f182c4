namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Spoilt PTX must end in a load error or, once loaded, in a result or a finding: never in an exception, a hang or a broken process.
/// </summary>
internal sealed class FuzzTests
{
    private const string Kernel = """
        .version 7.8
        .target sm_80
        .address_size 64
        .extern .shared .align 16 .b8 s[];
        .visible .entry k(.param .u64 p, .param .u32 n)
        {
        .reg .pred %p<4>; .reg .b16 %rs<4>; .reg .b32 %r<12>; .reg .b64 %rd<6>; .reg .f32 %f<6>;
        .local .align 8 .b8 l[16];
        mov.u32 %r0, %tid.x; mov.u32 %r1, s; shl.b32 %r2, %r0, 4; add.u32 %r3, %r1, %r2; and.b32 %r5, %r0, 31;
        ld.param.u64 %rd0, [p]; ld.param.u32 %r6, [n]; mul.wide.u32 %rd1, %r0, 16; add.s64 %rd2, %rd0, %rd1;
        cp.async.cg.shared.global [%r3], [%rd2], 16; cp.async.commit_group; cp.async.wait_group 0;
        bar.sync 0;
        mov.u32 %r7, 0;
        LOOP:
        ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r8, %r9}, [%r3];
        mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%f0, %f1, %f2, %f3}, {%r8, %r9}, {%r8}, {%f0, %f1, %f2, %f3};
        shfl.sync.bfly.b32 %r10, %r9, 4, 31, 0xffffffff; cvt.rn.bf16x2.f32 %r11, %f0, %f1; ex2.approx.ftz.f32 %f4, %f2;
        setp.lt.s32 %p0, %r5, %r7; @%p0 bra SKIP; st.local.u32 [l+4], %r10; ld.local.u64 %rd4, [l];
        SKIP: selp.b32 %r10, %r9, %r11, %p0; div.s32 %r9, %r10, 7; bfe.u32 %r8, %r10, %r7, 9; prmt.b32 %r9, %r8, %r9, %r10;
        atom.global.add.u32 %r9, [%rd0], 1; add.s32 %r7, %r7, 1; setp.lt.u32 %p1, %r7, %r6; @%p1 bra LOOP;
        bar.sync 0;
        st.global.v4.u32 [%rd2], {%r8, %r9, %r10, %r11}; cvta.shared.u64 %rd5, %rd1; isspacep.shared %p2, %rd5;
        ret;
        }
        """;

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Spoilt_text_ends_in_an_error_a_result_or_a_finding(int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        string[] words = [.. Kernel.Split(' ', '\n', ',').Where(w => w.Length > 0)];
        int loaded = 0;
        int faults = 0;
        using DeviceMemory memory = new(64 << 20, quarantineBytes: 1 << 20);
        for (int i = 0; i < 700; i++)
        {
            string text = Spoil(Kernel, words, random);
            EmulatorOptions options = EmulatorOptions.Default with
            {
                Threads = 1 + random.Next(2), Order = (WarpOrder)random.Next(3), Seed = i, InstructionLimit = 20_000, LivelockLimit = 10_000,
            };
            if (!PtxModule.TryLoad(text, "m", options, memory, out PtxModule? module, out string log))
            {
                Assert.That(log, Does.StartWith("m.ptx("), text);
                continue;
            }
            loaded++;
            faults += Launch(memory, module, options) ? 1 : 0;
            module.Unload(memory);
        }
        TestContext.Out.WriteLine($"{loaded} of 700 loaded, {faults} of them made a finding");
        Assert.That(loaded, Is.GreaterThan(50));
        Assert.That(faults, Is.GreaterThan(0), "some text must get as far as running");
        Assert.That(memory.LiveAllocations, Is.Zero);
    }

    private static bool Launch(DeviceMemory memory, PtxModule module, EmulatorOptions options)
    {
        bool hasFault = false;
        Assert.That(memory.TryAllocate(4096, out ulong p), Is.True);
        memory.MarkInitialized(p, 4096);
        foreach (PtxKernel kernel in module.Kernels)
        {
            byte[] parameters = new byte[kernel.ParameterBytes];
            BitConverter.GetBytes(p).AsSpan(0, Math.Min(8, parameters.Length)).CopyTo(parameters);
            if (parameters.Length >= 12)
            {
                parameters[8] = 3;
            }
            hasFault |= KernelRunner.Run(
                memory, new LaunchRequest(kernel, (3, 1, 1), (128, 1, 1), 2048, parameters), options, new LaunchCounters()) is not null;
        }
        Assert.That(memory.TryFree(p, out _), Is.True);
        return hasFault;
    }

    private static string Spoil(string text, string[] words, Random random)
    {
        for (int times = random.Next(1, 4); times > 0; times--)
        {
            int at = random.Next(text.Length);
            int count = Math.Min(random.Next(1, 12), text.Length - at);
            switch (random.Next(5))
            {
                case 0:
                    text = text.Remove(at, count);
                    break;
                case 1:
                    text = text.Insert(at, text.Substring(at, count));
                    break;
                case 2:
                    string word = words[random.Next(words.Length)];
                    int found = text.IndexOf(words[random.Next(words.Length)], at, StringComparison.Ordinal);
                    text = found < 0 ? text : text[..found] + word + text[Math.Min(text.Length, found + word.Length)..];
                    break;
                case 3:
                    int digit = text.IndexOfAny(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], at);
                    text = digit < 0 ? text : text[..digit] + (char)('0' + random.Next(10)) + text[(digit + 1)..];
                    break;
                default:
                    int end = text.IndexOf(';', at);
                    text = end < 0 ? text : text.Remove(at, end - at);
                    break;
            }
        }
        return text;
    }
}
