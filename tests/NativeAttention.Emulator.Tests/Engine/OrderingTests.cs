namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Planted races: pairs of a kernel whose accesses are ordered, by every means that PTX has, and of the same
/// kernel with that means taken away. The ordered one must pass under every order of warps and blocks, the
/// other must be reported under each.
/// </summary>
internal sealed class OrderingTests
{
    private const string Header =
        ".version 7.8\n.target sm_80\n.address_size 64\n.extern .shared .align 16 .b8 s[];\n"
        + ".visible .entry k(.param .u64 p)\n{\n"
        + ".reg .pred %p<8>; .reg .b16 %rs<8>; .reg .b32 %r<24>; .reg .b64 %rd<12>; .reg .f32 %f<8>;\n"
        + "mov.u32 %r0, %tid.x; mov.u32 %r1, s; shr.u32 %r2, %r0, 5; and.b32 %r3, %r0, 31; mov.u32 %r4, %ctaid.x;\n"
        + "shl.b32 %r5, %r0, 2; add.u32 %r5, %r5, %r1; shl.b32 %r6, %r3, 2; add.u32 %r6, %r6, %r1; mov.u32 %r9, 1; mov.u32 %r10, 0;\n"
        + "setp.eq.u32 %p0, %r2, 0; setp.eq.u32 %p1, %r2, 1; setp.eq.u32 %p2, %r0, 0; setp.eq.u32 %p3, %r4, 0;\n"
        + "ld.param.u64 %rd0, [p]; mul.wide.u32 %rd1, %r0, 4; add.u64 %rd1, %rd1, %rd0; mul.wide.u32 %rd2, %r3, 4; add.u64 %rd2, %rd2, %rd0;\n"
        + "mul.wide.u32 %rd3, %r4, 4; add.u64 %rd3, %rd3, %rd0; mov.u16 %rs0, 7; shl.b32 %r7, %r0, 1; add.u32 %r7, %r7, %r1;\n";

    private static readonly EmulatorOptions[] _ways =
    [
        .. from order in Enum.GetValues<WarpOrder>()
           from copies in new[] { AsyncCopyMode.Early, AsyncCopyMode.Late }
           from seed in new[] { 1, 2, 3 }
           select EmulatorOptions.Default with { Threads = 1, Order = order, AsyncCopies = copies,
               Seed = seed, LivelockLimit = 300_000 },
        EmulatorOptions.Default with { Threads = 1, WarpQuantum = 1, BlockQuantum = 7, LivelockLimit = 300_000 },
        EmulatorOptions.Default with { Threads = 2, LivelockLimit = 5_000_000 },
    ];

    public sealed record Plant(string Name, EmulatorFaultKind Kind, string Ordered, string Racy,
        uint Grid = 1, uint Block = 64)
    {
        public override string ToString() => Name;
    }

    /// <summary>The buffer at p holds 4,096 zero bytes; 4,096 bytes of shared memory.</summary>
    private static IEnumerable<Plant> Plants() => [.. SharedPlants(), .. GlobalPlants()];

    private static IEnumerable<Plant> SharedPlants()
    {
        const EmulatorFaultKind race = EmulatorFaultKind.SharedRace;
        yield return new("named barrier of two of four warps", race,
            "@%p0 st.shared.u32 [%r6], %r0; setp.lt.u32 %p4, %r2, 2; @!%p4 bra L; bar.sync 3, 64; @%p1 ld.shared.u32 %r8, [%r6]; L:",
            "@%p0 st.shared.u32 [%r6], %r0; setp.lt.u32 %p4, %r2, 2; @%p0 bra L; and.b32 %r11, %r2, 2; shr.u32 %r11, %r11, 1; add.u32 %r11, %r11, 3; @!%p4 bra M; ld.shared.u32 %r8, [%r6]; M: L:",
            Block: 128);
        yield return new("a named barrier orders its own warps only", race,
            "@%p0 st.shared.u32 [%r6], %r0; bar.sync 0; setp.eq.u32 %p4, %r2, 2; @%p4 ld.shared.u32 %r8, [%r6];",
            "@%p0 st.shared.u32 [%r6], %r0; setp.lt.u32 %p4, %r2, 2; @!%p4 bra L; bar.sync 3, 64; bra M; L: ld.shared.u32 %r8, [%r6]; M: bar.sync 0;",
            Block: 96);
        yield return new("order passes on through two named barriers", race,
            "@%p0 st.shared.u32 [%r6], %r0; @%p0 bra A; @%p1 bra B; bar.sync 2, 64; ld.shared.u32 %r8, [%r6]; bra E; B: bar.sync 1, 64; bar.sync 2, 64; bra E; A: bar.sync 1, 64; E:",
            "@%p0 st.shared.u32 [%r6], %r0; @%p0 bra A; @%p1 bra B; bar.sync 2, 64; ld.shared.u32 %r8, [%r6]; bra E; B: bar.sync 2, 64; bar.sync 1, 64; bra E; A: bar.sync 1, 64; E:",
            Block: 96);
        yield return new("arrive releases what is before it, and no more", race,
            "@!%p0 bra C; st.shared.u32 [%r6], %r0; bar.arrive 1, 64; bra E; C: bar.sync 1, 64; ld.shared.u32 %r8, [%r6]; E:",
            "@!%p0 bra C; bar.arrive 1, 64; st.shared.u32 [%r6], %r0; bra E; C: bar.sync 1, 64; st.shared.u32 [%r6], %r0; E:");
        yield return new("a reader that arrives frees the buffer", race,
            "@%p0 bra C; st.shared.u32 [%r6], %r0; bar.sync 1, 64; bar.sync 2, 64; st.shared.u32 [%r6], %r9; bra E; C: bar.sync 1, 64; ld.shared.u32 %r8, [%r6]; bar.arrive 2, 64; E:",
            "@%p0 bra C; st.shared.u32 [%r6], %r0; bar.sync 1, 64; bar.sync 2, 64; st.shared.u32 [%r6], %r9; bra E; C: bar.sync 1, 64; bar.arrive 2, 64; ld.shared.u32 %r8, [%r6]; E:");
        yield return new("a reduction is a barrier", race,
            "@%p0 st.shared.u32 [%r6], %r0; bar.red.popc.u32 %r8, 0, %p0; @%p1 ld.shared.u32 %r8, [%r6];",
            "bar.red.popc.u32 %r8, 0, %p0; @%p0 st.shared.u32 [%r6], %r0; @%p1 st.shared.u32 [%r6], %r0;");
        yield return new("halves of one word by two warps", race,
            "shl.b32 %r8, %r2, 1; add.u32 %r8, %r8, %r6; st.shared.u16 [%r8], %rs0; ld.shared.u16 %rs1, [%r8]; bar.sync 0; xor.b32 %r11, %r8, 2; ld.shared.u16 %rs2, [%r11]; ld.shared.u32 %r12, [%r6];",
            "shl.b32 %r8, %r2, 1; add.u32 %r8, %r8, %r6; st.shared.u16 [%r8], %rs0; ld.shared.u16 %rs1, [%r8]; xor.b32 %r11, %r8, 2; st.shared.u16 [%r11], %rs0;");
        yield return new("bytes of one row by two warps, read as a row", race,
            "mov.u32 %r11, %r2; add.u32 %r11, %r11, %r1; shl.b32 %r12, %r3, 1; add.u32 %r11, %r11, %r12; st.shared.u8 [%r11], %rs0; bar.sync 0; ld.shared.v4.u32 {%r12,%r13,%r14,%r15}, [%r1];",
            "mov.u32 %r11, %r2; add.u32 %r11, %r11, %r1; shl.b32 %r12, %r3, 1; add.u32 %r11, %r11, %r12; bar.sync 0; st.shared.u8 [%r11], %rs0; xor.b32 %r13, %r11, 1; st.shared.u8 [%r13], %rs0; ld.shared.v4.u32 {%r12,%r13,%r14,%r15}, [%r1];");
        yield return new("a row is overwritten when a part of it was read", race,
            "@%p0 st.shared.v4.u32 [%r1+64], {%r9,%r9,%r9,%r9}; bar.sync 0; @%p1 ld.shared.u32 %r8, [%r1+72]; bar.sync 0; @%p0 st.shared.v4.u32 [%r1+64], {%r9,%r9,%r9,%r9};",
            "@%p0 st.shared.v4.u32 [%r1+64], {%r9,%r9,%r9,%r9}; bar.sync 0; @%p1 ld.shared.u32 %r8, [%r1+72]; @%p0 st.shared.v4.u32 [%r1+64], {%r9,%r9,%r9,%r9};");
        yield return new("a part of a row is overwritten that another warp does not read", race,
            "@%p0 st.shared.v4.u32 [%r1+64], {%r9,%r9,%r9,%r9}; bar.sync 0; @%p1 ld.shared.u32 %r8, [%r1+72]; @%p0 st.shared.u32 [%r1+76], %r9;",
            "@%p0 st.shared.v4.u32 [%r1+64], {%r9,%r9,%r9,%r9}; bar.sync 0; @%p1 ld.shared.u32 %r8, [%r1+72]; @%p0 st.shared.u32 [%r1+72], %r9;");
        yield return new("the first of many readers is not forgotten", race,
            "@%p0 st.shared.u32 [%r1], %r9; bar.sync 0; ld.shared.u32 %r8, [%r1]; bar.sync 0; @%p0 st.shared.u32 [%r1], %r9;",
            "@%p0 st.shared.u32 [%r1], %r9; bar.sync 0; ld.shared.u32 %r8, [%r1]; setp.eq.u32 %p4, %r2, 3; @%p4 bra E; bar.sync 1, 96; @%p0 st.shared.u32 [%r1], %r9; E:",
            Block: 128);
        yield return new("atomics do not race, but they need a barrier before a plain read", race,
            "@%p2 st.shared.u32 [%r1], %r10; bar.sync 0; atom.shared.add.u32 %r8, [%r1], %r9; bar.sync 0; ld.shared.u32 %r8, [%r1];",
            "@%p2 st.shared.u32 [%r1], %r10; bar.sync 0; atom.shared.add.u32 %r8, [%r1], %r9; ld.shared.u32 %r8, [%r1];");
        yield return new("a plain write races with an atomic", race,
            "@%p2 st.shared.u32 [%r1], %r10; bar.sync 0; @%p1 red.shared.add.u32 [%r1], %r9;",
            "bar.sync 0; @%p2 st.shared.u32 [%r1], %r10; @%p1 atom.shared.exch.b32 %r8, [%r1], %r9;");
        const string flag = "@%p2 st.shared.u32 [%r1], %r10; bar.sync 0; @%p1 bra W; st.shared.u32 [%r6+128], %r0; ";
        yield return new("release and acquire through a flag", race,
            flag + "bar.warp.sync 0xffffffff; @%p2 st.release.cta.shared.u32 [%r1], %r9; bra E; W: ld.acquire.cta.shared.u32 %r8, [%r1]; setp.eq.u32 %p4, %r8, 1; @!%p4 bra W; ld.shared.u32 %r8, [%r6+128]; E:",
            flag + "bar.warp.sync 0xffffffff; @%p2 st.relaxed.cta.shared.u32 [%r1], %r9; bra E; W: ld.acquire.cta.shared.u32 %r8, [%r1]; setp.eq.u32 %p4, %r8, 1; @!%p4 bra W; ld.shared.u32 %r8, [%r6+128]; E:");
        yield return new("fences around a relaxed flag", race,
            flag + "membar.cta; @%p2 st.volatile.shared.u32 [%r1], %r9; bra E; W: ld.volatile.shared.u32 %r8, [%r1]; setp.eq.u32 %p4, %r8, 1; @!%p4 bra W; fence.acq_rel.cta; ld.shared.u32 %r8, [%r6+128]; E:",
            flag + "membar.cta; @%p2 st.volatile.shared.u32 [%r1], %r9; bra E; W: ld.volatile.shared.u32 %r8, [%r1]; setp.eq.u32 %p4, %r8, 1; @!%p4 bra W; ld.shared.u32 %r8, [%r6+128]; E:");
        yield return new("release and acquire by atomics", race,
            flag + "@%p2 atom.release.cta.shared.exch.b32 %r8, [%r1], %r9; bra E; W: atom.acquire.cta.shared.cas.b32 %r8, [%r1], %r9, %r9; setp.eq.u32 %p4, %r8, 1; @!%p4 bra W; ld.shared.u32 %r8, [%r6+128]; E:",
            flag + "@%p2 atom.relaxed.cta.shared.exch.b32 %r8, [%r1], %r9; bra E; W: atom.acquire.cta.shared.cas.b32 %r8, [%r1], %r9, %r9; setp.eq.u32 %p4, %r8, 1; @!%p4 bra W; ld.shared.u32 %r8, [%r6+128]; E:");
        yield return new("a copy is ordered by its wait and a barrier of two warps", race,
            "mul.wide.u32 %rd4, %r3, 16; add.u64 %rd4, %rd4, %rd0; shl.b32 %r8, %r3, 4; add.u32 %r8, %r8, %r1; @!%p0 bra C; cp.async.cg.shared.global [%r8], [%rd4], 16; cp.async.wait_all; C: bar.sync 1, 64; ld.shared.u32 %r11, [%r8];",
            "mul.wide.u32 %rd4, %r3, 16; add.u64 %rd4, %rd4, %rd0; shl.b32 %r8, %r3, 4; add.u32 %r8, %r8, %r1; @!%p0 bra C; cp.async.cg.shared.global [%r8], [%rd4], 16; cp.async.wait_all; st.shared.u32 [%r8], %r9; C: st.shared.u32 [%r8+4], %r9; bar.sync 1, 64; ld.shared.u32 %r11, [%r8];");
        yield return new("the older of two groups", EmulatorFaultKind.AsyncCopyInFlight,
            "mul.wide.u32 %rd4, %r0, 16; add.u64 %rd4, %rd4, %rd0; shl.b32 %r8, %r0, 4; add.u32 %r8, %r8, %r1; cp.async.cg.shared.global [%r8], [%rd4], 16; cp.async.commit_group; cp.async.cg.shared.global [%r8+1024], [%rd4+1024], 16; cp.async.commit_group; cp.async.wait_group 1; bar.sync 0; xor.b32 %r11, %r8, 512; ld.shared.v4.u32 {%r12,%r13,%r14,%r15}, [%r11]; cp.async.wait_all;",
            "mul.wide.u32 %rd4, %r0, 16; add.u64 %rd4, %rd4, %rd0; shl.b32 %r8, %r0, 4; add.u32 %r8, %r8, %r1; cp.async.cg.shared.global [%r8], [%rd4], 16; cp.async.commit_group; cp.async.cg.shared.global [%r8+1024], [%rd4+1024], 16; cp.async.commit_group; cp.async.wait_group 1; bar.sync 0; xor.b32 %r11, %r8, 512; ld.shared.v4.u32 {%r12,%r13,%r14,%r15}, [%r11+1024]; cp.async.wait_all;");
    }

    private static IEnumerable<Plant> GlobalPlants()
    {
        const EmulatorFaultKind race = EmulatorFaultKind.GlobalRace;
        yield return new("blocks write the same words", race,
            "mul.wide.u32 %rd4, %r4, 256; add.u64 %rd4, %rd4, %rd1; st.global.u32 [%rd4], %r0;",
            "st.global.u32 [%rd1], %r0;", Grid: 3);
        yield return new("a block reads what another writes", race,
            "mul.wide.u32 %rd4, %r4, 256; add.u64 %rd4, %rd4, %rd1; st.global.u32 [%rd4], %r0; ld.global.u32 %r8, [%rd4];",
            "xor.b32 %r8, %r4, 1; mul.wide.u32 %rd4, %r4, 256; mul.wide.u32 %rd5, %r8, 256; add.u64 %rd4, %rd4, %rd1; add.u64 %rd5, %rd5, %rd1; st.global.u32 [%rd4], %r0; ld.global.u32 %r8, [%rd5];",
            Grid: 2);
        yield return new("a block overwrites what another has read", race,
            "ld.global.u32 %r8, [%rd1]; mul.wide.u32 %rd4, %r4, 256; add.u64 %rd4, %rd4, %rd1; st.global.u32 [%rd4+256], %r0;",
            "ld.global.u32 %r8, [%rd1]; mul.wide.u32 %rd4, %r4, 256; add.u64 %rd4, %rd4, %rd1; st.global.u32 [%rd4], %r0;",
            Grid: 3);
        yield return new("halves of one word by two blocks", race,
            "mul.wide.u32 %rd4, %r4, 2; add.u64 %rd4, %rd4, %rd1; st.global.u16 [%rd4], %rs0; ld.global.u16 %rs1, [%rd4];",
            "mul.wide.u32 %rd4, %r4, 2; add.u64 %rd4, %rd4, %rd1; st.global.u16 [%rd4], %rs0; ld.global.u32 %r8, [%rd1];",
            Grid: 2);
        yield return new("warps of one block share global memory behind a barrier", race,
            "st.global.u32 [%rd1], %r0; bar.sync 0; xor.b32 %r8, %r0, 32; mul.wide.u32 %rd4, %r8, 4; add.u64 %rd4, %rd4, %rd0; ld.global.u32 %r8, [%rd4];",
            "st.global.u32 [%rd1], %r0; xor.b32 %r8, %r0, 32; mul.wide.u32 %rd4, %r8, 4; add.u64 %rd4, %rd4, %rd0; ld.global.u32 %r8, [%rd4];");
        yield return new("atomics of several blocks", race,
            "red.global.add.u32 [%rd0], %r9;", "red.global.add.u32 [%rd0], %r9; ld.global.u32 %r8, [%rd0];",
            Grid: 3);
        yield return new("atomics of the scope of a block", race,
            "atom.relaxed.gpu.global.add.u32 %r8, [%rd0], %r9;", "atom.relaxed.cta.global.add.u32 %r8, [%rd0], %r9;",
            Grid: 3);
        // The last of three blocks to arrive at the counter adds up what all have stored.
        const string store = "st.global.u32 [%rd3+1024], %r4; ";
        const string sum = "setp.eq.u32 %p5, %r8, 2; @!%p5 bra E; {0} ld.global.u32 %r11, [%rd0+1024]; ld.global.u32 %r12, [%rd0+1028]; ld.global.u32 %r13, [%rd0+1032]; E:";
        string fenced = sum.Replace("{0}", "membar.gl;", StringComparison.Ordinal);
        string bare = sum.Replace("{0}", "", StringComparison.Ordinal);
        yield return new("last arriver with fences", race,
            "@!%p2 exit; " + store + "membar.gl; atom.global.add.u32 %r8, [%rd0], %r9; " + fenced,
            "@!%p2 exit; " + store + "atom.global.add.u32 %r8, [%rd0], %r9; " + fenced, Grid: 3);
        yield return new("last arriver without the second fence", race,
            "@!%p2 exit; " + store + "membar.gl; atom.global.add.u32 %r8, [%rd0], %r9; " + fenced,
            "@!%p2 exit; " + store + "membar.gl; atom.global.add.u32 %r8, [%rd0], %r9; " + bare, Grid: 3);
        yield return new("last arriver with a fence of too small a scope", race,
            "@!%p2 exit; " + store + "fence.acq_rel.gpu; atom.global.add.u32 %r8, [%rd0], %r9; " + fenced,
            "@!%p2 exit; " + store + "fence.acq_rel.cta; atom.global.add.u32 %r8, [%rd0], %r9; " + fenced, Grid: 3);
        yield return new("last arriver by acquire and release", race,
            "@!%p2 exit; " + store + "atom.acq_rel.gpu.global.add.u32 %r8, [%rd0], %r9; " + bare,
            "@!%p2 exit; " + store + "atom.acquire.gpu.global.add.u32 %r8, [%rd0], %r9; " + bare, Grid: 3);
        yield return new("every thread fences, one arrives for the block", race,
            "mul.wide.u32 %rd4, %r4, 256; add.u64 %rd4, %rd4, %rd1; st.global.u32 [%rd4+1024], %r0; membar.gl; bar.sync 0; @!%p2 exit; atom.global.add.u32 %r8, [%rd0], %r9; setp.eq.u32 %p5, %r8, 2; @!%p5 exit; membar.gl; ld.global.u32 %r11, [%rd0+1280]; ld.global.u32 %r12, [%rd0+1660];",
            "mul.wide.u32 %rd4, %r4, 256; add.u64 %rd4, %rd4, %rd1; st.global.u32 [%rd4+1024], %r0; bar.sync 0; @!%p2 exit; atom.global.add.u32 %r8, [%rd0], %r9; setp.eq.u32 %p5, %r8, 2; @!%p5 exit; membar.gl; ld.global.u32 %r11, [%rd0+1280]; ld.global.u32 %r12, [%rd0+1660];",
            Grid: 3);
        yield return new("one thread fences behind the barrier for its block", race,
            "mul.wide.u32 %rd4, %r4, 256; add.u64 %rd4, %rd4, %rd1; st.global.u32 [%rd4+1024], %r0; bar.sync 0; @!%p2 exit; membar.gl; atom.global.add.u32 %r8, [%rd0], %r9; setp.eq.u32 %p5, %r8, 2; @!%p5 exit; membar.gl; ld.global.u32 %r11, [%rd0+1280]; ld.global.u32 %r12, [%rd0+1660];",
            "mul.wide.u32 %rd4, %r4, 256; add.u64 %rd4, %rd4, %rd1; @!%p2 bra S; membar.gl; atom.global.add.u32 %r8, [%rd0], %r9; S: st.global.u32 [%rd4+1024], %r0; @!%p2 exit; setp.eq.u32 %p5, %r8, 2; @!%p5 exit; membar.gl; ld.global.u32 %r11, [%rd0+1024]; ld.global.u32 %r12, [%rd0+1280]; ld.global.u32 %r13, [%rd0+1536];",
            Grid: 3);
        // Stream-K: every block but the last stores a part and raises a flag, the last one waits for all.
        const string wait = "@!%p2 exit; setp.eq.u32 %p5, %r4, 2; @%p5 bra W; st.global.u32 [%rd3+1024], %r9; ";
        const string spin = "L{0}: ld.{1}.gpu.global.u32 %r8, [%rd0+{2}]; setp.eq.u32 %p4, %r8, 1; @!%p4 bra L{0}; ";
        string acquire = Spin(spin, "acquire") + "ld.global.u32 %r11, [%rd0+1024]; ld.global.u32 %r12, [%rd0+1028];";
        yield return new("flags between blocks, released and acquired", race,
            wait + "st.release.gpu.global.u32 [%rd3+512], %r9; exit; W: " + acquire,
            wait + "st.relaxed.gpu.global.u32 [%rd3+512], %r9; exit; W: " + acquire, Grid: 3);
        string relaxed = Spin(spin, "relaxed") + "ld.global.u32 %r11, [%rd0+1024]; ld.global.u32 %r12, [%rd0+1028];";
        yield return new("flags between blocks that are not acquired", race,
            wait + "red.release.gpu.global.add.u32 [%rd3+512], %r9; exit; W: " + acquire,
            wait + "red.release.gpu.global.add.u32 [%rd3+512], %r9; exit; W: " + relaxed, Grid: 3);
        yield return new("only one of two flags is waited for", race,
            wait + "st.release.gpu.global.u32 [%rd3+512], %r9; exit; W: " + acquire,
            wait + "st.release.gpu.global.u32 [%rd3+512], %r9; exit; W: " + acquire.Replace("+516]", "+512]", StringComparison.Ordinal),
            Grid: 3);
        yield return new("non-coherent load of what the launch has written", EmulatorFaultKind.NonCoherentRead,
            "ld.global.nc.u32 %r8, [%rd1]; st.global.u32 [%rd1+2048], %r8; ld.global.u32 %r8, [%rd1+2048];",
            "ld.global.nc.u32 %r8, [%rd1]; st.global.u32 [%rd1+2048], %r8; ld.global.nc.u32 %r8, [%rd1+2048];");
    }

    private static string Spin(string spin, string order) => string.Concat(new[] { "512", "516" }.Select(
        (offset, i) => spin.Replace("{0}", $"{i}", StringComparison.Ordinal)
            .Replace("{1}", order, StringComparison.Ordinal).Replace("{2}", offset, StringComparison.Ordinal)));

    [TestCaseSource(nameof(Plants))]
    public void What_is_ordered_passes(Plant plant)
    {
        foreach (EmulatorOptions way in _ways)
        {
            EmulatorFault? fault = Run(plant.Ordered, plant, way);
            Assert.That(fault, Is.Null, $"{way.Order} {way.AsyncCopies} {way.Seed} {way.Threads}: {fault}");
        }
    }

    [TestCaseSource(nameof(Plants))]
    public void What_nothing_orders_is_reported(Plant plant)
    {
        foreach (EmulatorOptions way in _ways)
        {
            EmulatorFault? fault = Run(plant.Racy, plant, way);
            string schedule = $"{way.Order} {way.AsyncCopies} {way.Seed} {way.Threads}";
            Assert.That(fault, Is.Not.Null, schedule);
            // Whether a missing order shows as a race or as a read of nothing depends on who comes first.
            Assert.That(fault!.Kind, Is.EqualTo(plant.Kind).Or.EqualTo(EmulatorFaultKind.UninitializedShared),
                $"{schedule}: {fault}");
            Assert.That((fault.Kernel, fault.Line > 0, fault.Warp >= 0, fault.Lanes != 0, fault.Address != null),
                Is.EqualTo(("k", true, true, true, true)), fault.ToString());
            Assert.That(fault.WarpStates, Has.Count.EqualTo((int)plant.Block / 32));
        }
    }

    [Test]
    public void A_launch_is_ordered_before_the_next()
    {
        using PtxMachine machine = new(Header + "st.global.u32 [%rd1], %r0; ret;\n}\n");
        ulong p = machine.Upload<byte>(new byte[4096]);
        for (int i = 0; i < 3; i++)
        {
            Assert.That(machine.Launch(1, 64, 4096, p), Is.Null);
        }
    }

    /// <summary>Clocks that run over are set back without a false alarm and without going blind.</summary>
    [Test]
    public void Clocks_may_run_over([Values(40u, 100u)] uint limit)
    {
        const string rounds =
            "mov.u32 %r11, 0; R: st.shared.u32 [%r5], %r11; st.global.u32 [%rd1], %r11; bar.sync 0; xor.b32 %r8, %r5, 128; ld.shared.u32 %r12, [%r8]; "
            + "xor.b32 %r13, %r0, 32; mul.wide.u32 %rd4, %r13, 4; add.u64 %rd4, %rd4, %rd0; ld.global.u32 %r12, [%rd4]; bar.sync 0; "
            + "add.u32 %r11, %r11, 1; setp.lt.u32 %p4, %r11, 300; @%p4 bra R; st.shared.u32 [%r5], %r11; ";
        foreach (EmulatorOptions way in _ways)
        {
            Plant plant = new("", EmulatorFaultKind.SharedRace, rounds, rounds + "ld.shared.u32 %r12, [%r8];");
            EmulatorOptions options = way with { ClockLimit = limit };
            EmulatorFault? fault = Run(plant.Ordered, plant, options);
            Assert.That(fault, Is.Null, $"{way}: {fault}");
            Assert.That(Run(plant.Racy, plant, options)?.Kind, Is.EqualTo(EmulatorFaultKind.SharedRace), $"{way}");
        }
    }

    /// <summary>What one lane writes and another of the same warp reads, with and without a sync of the warp.</summary>
    [TestCase("st.shared.u32 [%r5], %r0; {0} xor.b32 %r8, %r5, 4; ld.shared.u32 %r11, [%r8];")]
    [TestCase("st.shared.u32 [%r5], %r0; ld.shared.u32 %r11, [%r5]; {0} xor.b32 %r8, %r5, 4; st.shared.u32 [%r8], %r0;")]
    [TestCase("shl.b32 %r8, %r0, 4; add.u32 %r8, %r8, %r1; st.shared.v4.u32 [%r8], {%r0,%r0,%r0,%r0}; {0} ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r11,%r12,%r13,%r14}, [%r8];")]
    [TestCase("ld.shared.u32 %r11, [%r7]; st.shared.u16 [%r7], %rs0;", true)]
    public void Strict_warps_need_a_sync_between_their_lanes(string body, bool isLaneByLane = false)
    {
        EmulatorOptions strict = EmulatorOptions.Default with { Threads = 1, StrictWarp = true };
        Plant plant = new("", EmulatorFaultKind.LaneRace, "", "", Block: 32);
        if (isLaneByLane)
        {
            // Each lane reads the word that holds its half, half of which is its neighbour's.
            string fill = "st.shared.u32 [%r5], %r0; bar.warp.sync 0xffffffff; and.b32 %r7, %r7, 0xfffffffc; ";
            Assert.That(Run(fill + body, plant, strict)?.Kind, Is.EqualTo(EmulatorFaultKind.LaneRace));
            Assert.That(Run(fill + body, plant, strict with { StrictWarp = false }), Is.Null);
            return;
        }
        string racy = body.Replace("{0}", "", StringComparison.Ordinal);
        Assert.That(Run(racy, plant, strict)?.Kind, Is.EqualTo(EmulatorFaultKind.LaneRace));
        Assert.That(Run(racy, plant, strict with { StrictWarp = false }), Is.Null);
        foreach (string sync in new[] { "bar.warp.sync 0xffffffff;", "bar.sync 0;" })
        {
            EmulatorFault? fault = Run(body.Replace("{0}", sync, StringComparison.Ordinal), plant, strict);
            Assert.That(fault, Is.Null, fault?.ToString());
        }
    }

    private static EmulatorFault? Run(string body, Plant plant, EmulatorOptions options)
    {
        using PtxMachine machine = new(Header + body + "\nret;\n}\n", options);
        ulong p = machine.Upload<byte>(new byte[4096]);
        return machine.Launch(plant.Grid, plant.Block, 4096, p);
    }
}
