namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Planted bugs: for each fault a small kernel in a correct and a broken form. The broken one must be
/// reported with its kind and PTX line, the correct one must pass under every order of warps, several seeds
/// and both moments at which asynchronous copies can arrive.
/// </summary>
internal sealed class FaultTests
{
    /// <summary>The marker of the statement that the report must name.</summary>
    private const string Mark = "/*!*/";

    private static readonly EmulatorOptions[] _ways =
    [
        .. from order in new[] { WarpOrder.RoundRobin, WarpOrder.Reverse, WarpOrder.Random }
           from copies in new[] { AsyncCopyMode.Early, AsyncCopyMode.Late }
           from seed in new[] { 1, 2 }
           select EmulatorOptions.Default with { Threads = 1, Order = order, AsyncCopies = copies,
               Seed = seed, LivelockLimit = 200_000 },
        EmulatorOptions.Default with { Threads = 2, LivelockLimit = 200_000 },
    ];

    public sealed record Plant(string Name, EmulatorFaultKind Kind, string Correct, string Broken,
        uint Block = 64, int Shared = 1024, uint Grid = 2)
    {
        public override string ToString() => Name;
    }

    private static string Kernel(string body)
    {
        return ".version 7.8\n.target sm_80\n.address_size 64\n.extern .shared .align 16 .b8 s[];\n"
            + ".visible .entry k(.param .u64 p)\n{\n"
            + ".reg .pred %p<8>; .reg .b16 %rs<4>; .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .f32 %f<8>;\n"
            + "mov.u32 %r0, %tid.x; mov.u32 %r1, s; shl.b32 %r2, %r0, 2; add.u32 %r3, %r1, %r2; shr.u32 %r4, %r0, 5; and.b32 %r5, %r0, 31;\n"
            + "ld.param.u64 %rd0, [p]; mul.wide.u32 %rd1, %r0, 4; add.u64 %rd2, %rd0, %rd1; shl.b32 %r6, %r0, 4; add.u32 %r7, %r1, %r6; mul.wide.u32 %rd3, %r0, 16; add.u64 %rd3, %rd0, %rd3;\n"
            + body + "\nret;\n}\n";
    }

    /// <summary>The buffer at p holds 4,096 initialised bytes.</summary>
    private static IEnumerable<Plant> Plants()
    {
        yield return new("global past the end", EmulatorFaultKind.GlobalOutOfBounds,
            "ld.global.u32 %r8, [%rd2+3840];", "/*!*/ ld.global.u32 %r8, [%rd2+3844];");
        yield return new("global before the start", EmulatorFaultKind.GlobalOutOfBounds,
            "st.global.u32 [%rd2], %r0;", "/*!*/ st.global.u32 [%rd2-4], %r0;", Grid: 1);
        yield return new("global vector over the end", EmulatorFaultKind.GlobalOutOfBounds,
            "ld.global.v4.u32 {%r8,%r9,%r10,%r11}, [%rd0+4080];",
            "/*!*/ ld.global.v4.u32 {%r8,%r9,%r10,%r11}, [%rd0+4096];");
        yield return new("null pointer", EmulatorFaultKind.GlobalOutOfBounds,
            "ld.global.u32 %r8, [%rd0];", "mov.u64 %rd4, 0; /*!*/ ld.global.u32 %r8, [%rd4];");
        yield return new("global store of one lane", EmulatorFaultKind.GlobalOutOfBounds,
            "setp.eq.u32 %p0, %r0, 37; mov.u64 %rd4, %rd2; @%p0 add.u64 %rd4, %rd4, 8; st.global.u32 [%rd4+256], %r0;".Replace("+256", "", StringComparison.Ordinal).Replace("st.global.u32 [%rd4], %r0", "st.global.u32 [%rd2], %r0", StringComparison.Ordinal),
            "setp.eq.u32 %p0, %r0, 37; mov.u64 %rd4, %rd2; @%p0 add.u64 %rd4, %rd4, 8192; /*!*/ st.global.u32 [%rd4], %r0;", Grid: 1);
        yield return new("misaligned load", EmulatorFaultKind.MisalignedAddress,
            "ld.global.u64 %rd4, [%rd0+8];", "/*!*/ ld.global.u64 %rd4, [%rd0+4];");
        yield return new("misaligned vector", EmulatorFaultKind.MisalignedAddress,
            "ld.global.v4.u32 {%r8,%r9,%r10,%r11}, [%rd3];",
            "/*!*/ ld.global.v4.u32 {%r8,%r9,%r10,%r11}, [%rd3+8];");
        yield return new("shared past the end", EmulatorFaultKind.SharedOutOfBounds,
            "st.shared.u32 [%r3+768], %r0;", "/*!*/ st.shared.u32 [%r3+772], %r0;");
        yield return new("shared below the start", EmulatorFaultKind.SharedOutOfBounds,
            "st.shared.u32 [%r3], %r0;", "/*!*/ st.shared.u32 [%r3-4], %r0;");
        yield return new("misaligned shared row", EmulatorFaultKind.MisalignedAddress,
            "st.shared.v4.u32 [%r7], {%r0,%r0,%r0,%r0}; bar.warp.sync 0xffffffff; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r8,%r9,%r10,%r11}, [%r7];",
            "st.shared.v4.u32 [%r7], {%r0,%r0,%r0,%r0}; bar.warp.sync 0xffffffff; /*!*/ ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r8,%r9,%r10,%r11}, [%r7+4];");
        yield return new("uninitialised shared word", EmulatorFaultKind.UninitializedShared,
            "st.shared.u32 [%r3], %r0; ld.shared.u32 %r8, [%r3];", "/*!*/ ld.shared.u32 %r8, [%r3];");
        yield return new("uninitialised half of a word", EmulatorFaultKind.UninitializedShared,
            "mov.u16 %rs0, 1; st.shared.u16 [%r3], %rs0; st.shared.u16 [%r3+2], %rs0; ld.shared.u32 %r8, [%r3];",
            "mov.u16 %rs0, 1; st.shared.u16 [%r3], %rs0; /*!*/ ld.shared.u32 %r8, [%r3];");
        yield return new("race of a write and a read", EmulatorFaultKind.SharedRace,
            "st.shared.u32 [%r3], %r0; bar.sync 0; xor.b32 %r8, %r2, 128; add.u32 %r8, %r8, %r1; ld.shared.u32 %r9, [%r8];",
            "st.shared.u32 [%r3], %r0; st.shared.u32 [%r3+256], %r0; bar.sync 0; xor.b32 %r8, %r2, 128; add.u32 %r8, %r8, %r1; st.shared.u32 [%r3], %r0; ld.shared.u32 %r9, [%r8];");
        yield return new("race of two writes", EmulatorFaultKind.SharedRace,
            "shl.b32 %r8, %r5, 2; add.u32 %r8, %r8, %r1; setp.eq.u32 %p0, %r4, 0; @%p0 st.shared.u32 [%r8], %r4; bar.sync 0; @!%p0 st.shared.u32 [%r8], %r4;",
            "shl.b32 %r8, %r5, 2; add.u32 %r8, %r8, %r1; /*!*/ st.shared.u32 [%r8], %r4;");
        yield return new("overwriting what others still read", EmulatorFaultKind.SharedRace,
            "st.shared.u32 [%r3], %r0; bar.sync 0; xor.b32 %r8, %r2, 128; add.u32 %r8, %r8, %r1; ld.shared.u32 %r9, [%r8]; bar.sync 0; st.shared.u32 [%r3], %r9;",
            "st.shared.u32 [%r3], %r0; bar.sync 0; xor.b32 %r8, %r2, 128; add.u32 %r8, %r8, %r1; ld.shared.u32 %r9, [%r8]; st.shared.u32 [%r3], %r9;");
        yield return new("lanes that overwrite each other in shared memory", EmulatorFaultKind.LaneRace,
            "shl.b32 %r8, %r4, 2; add.u32 %r8, %r8, %r1; st.shared.u32 [%r8], %r4;",
            "shl.b32 %r8, %r4, 2; add.u32 %r8, %r8, %r1; /*!*/ st.shared.u32 [%r8], %r0;");
        yield return new("lanes that overwrite each other in global memory", EmulatorFaultKind.LaneRace,
            "mul.wide.u32 %rd4, %r4, 4; add.u64 %rd4, %rd4, %rd0; st.global.u32 [%rd4], %r4;",
            "mul.wide.u32 %rd4, %r4, 4; add.u64 %rd4, %rd4, %rd0; /*!*/ st.global.u32 [%rd4], %r0;", Grid: 1);
        yield return new("copy read before its wait", EmulatorFaultKind.AsyncCopyInFlight,
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group; cp.async.wait_group 0; ld.shared.u32 %r8, [%r7];",
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group; cp.async.wait_group 1; /*!*/ ld.shared.u32 %r8, [%r7]; cp.async.wait_all;");
        yield return new("copy waited for without a commit", EmulatorFaultKind.AsyncCopyInFlight,
            "cp.async.ca.shared.global [%r3], [%rd2], 4; cp.async.wait_all; ld.shared.u32 %r8, [%r3];",
            "cp.async.ca.shared.global [%r3], [%rd2], 4; cp.async.wait_group 0; /*!*/ ld.shared.u32 %r8, [%r3]; cp.async.wait_all;");
        yield return new("copy of another warp without a barrier", EmulatorFaultKind.SharedRace,
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.wait_all; bar.sync 0; xor.b32 %r8, %r6, 512; add.u32 %r8, %r8, %r1; ld.shared.u32 %r9, [%r8];",
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.wait_all; bar.sync 1, 32; xor.b32 %r8, %r6, 512; add.u32 %r8, %r8, %r1; ld.shared.u32 %r9, [%r8];".Replace("bar.sync 1, 32; ", "", StringComparison.Ordinal).Replace("ld.shared", "st.shared.u32 [%r8], %r0; ld.shared", StringComparison.Ordinal));
        yield return new("copy overwritten in flight", EmulatorFaultKind.AsyncCopyInFlight,
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.wait_all; st.shared.u32 [%r7], %r0;",
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group; /*!*/ st.shared.u32 [%r7], %r0; cp.async.wait_all;");
        yield return new("copy never waited for", EmulatorFaultKind.AsyncCopyNotWaited,
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group; cp.async.wait_group 0;",
            "/*!*/ cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group;");
        const string byLane =
            "setp.lt.u32 %p0, %r5, 16; cp.async.ca.shared.global [%r3], [%rd2], 4; @!%p0 bra L; cp.async.commit_group; "
            + "L: cp.async.ca.shared.global [%r3+256], [%rd2], 4; cp.async.commit_group; cp.async.wait_group 1; ";
        yield return new("groups belong to threads", EmulatorFaultKind.AsyncCopyInFlight,
            byLane + "@%p0 ld.shared.u32 %r8, [%r3]; cp.async.wait_all; ld.shared.u32 %r8, [%r3];",
            byLane + "/*!*/ @!%p0 ld.shared.u32 %r8, [%r3]; cp.async.wait_all;");
        yield return new("copy source past the end", EmulatorFaultKind.GlobalOutOfBounds,
            "mov.u32 %r8, 0; cp.async.cg.shared.global [%r7], [%rd3+4096], 16, %r8; cp.async.wait_all; ld.shared.u32 %r9, [%r7];",
            "mov.u32 %r8, 4; /*!*/ cp.async.cg.shared.global [%r7], [%rd3+4096], 16, %r8; cp.async.wait_all;");
        yield return new("copy of more source bytes than its size", EmulatorFaultKind.AsyncCopyMisuse,
            "mov.u32 %r8, 16; cp.async.cg.shared.global [%r7], [%rd3], 16, %r8; cp.async.wait_all;",
            "mov.u32 %r8, 17; /*!*/ cp.async.cg.shared.global [%r7], [%rd3], 16, %r8; cp.async.wait_all;");
        yield return new("barrier in a branch", EmulatorFaultKind.DivergentInstruction,
            "setp.lt.u32 %p0, %r5, 16; @%p0 bra L; mov.u32 %r8, 1; L: bar.sync 0;",
            "setp.lt.u32 %p0, %r5, 16; @%p0 bra L;\n/*!*/ bar.sync 0; L: mov.u32 %r8, 2;");
        yield return new("barrier under a guard", EmulatorFaultKind.DivergentInstruction,
            "setp.lt.u32 %p0, %r0, 64; @%p0 bar.sync 0;", "setp.lt.u32 %p0, %r5, 31; /*!*/ @%p0 bar.sync 0;");
        yield return new("matrix load in a branch", EmulatorFaultKind.DivergentInstruction,
            "st.shared.v4.u32 [%r7], {%r0,%r0,%r0,%r0}; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r8}, [%r7];",
            "st.shared.v4.u32 [%r7], {%r0,%r0,%r0,%r0}; setp.lt.u32 %p0, %r5, 8; @!%p0 bra L;\n/*!*/ ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r8}, [%r7]; L:");
        yield return new("matrix product by a part of a warp", EmulatorFaultKind.DivergentInstruction,
            "mov.f32 %f0, 0f00000000; mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f0,%f0,%f0,%f1}, {%r0,%r0}, {%r0}, {%f0,%f0,%f0,%f0};",
            "mov.f32 %f0, 0f00000000; setp.eq.u32 %p0, %r5, 3; @%p0 exit; /*!*/ mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f0,%f0,%f0,%f1}, {%r0,%r0}, {%r0}, {%f0,%f0,%f0,%f0};");
        yield return new("shuffle that names absent lanes", EmulatorFaultKind.MemberMask,
            "setp.lt.u32 %p0, %r5, 16; @!%p0 bra L; shfl.sync.bfly.b32 %r8, %r0, 1, 31, 0x0000ffff; L:",
            "setp.lt.u32 %p0, %r5, 16; @!%p0 bra L;\n/*!*/ shfl.sync.bfly.b32 %r8, %r0, 1, 31, 0xffffffff; L:");
        yield return new("shuffle from a lane that is not there", EmulatorFaultKind.MemberMask,
            "setp.lt.u32 %p0, %r5, 16; @!%p0 bra L; shfl.sync.idx.b32 %r8, %r0, 3, 31, 0x0000ffff; L:",
            "setp.lt.u32 %p0, %r5, 16; @!%p0 bra L;\n/*!*/ shfl.sync.idx.b32 %r8, %r0, 20, 31, 0x0000ffff; L:");
        yield return new("vote without the own lane", EmulatorFaultKind.MemberMask,
            "setp.lt.u32 %p0, %r5, 16; vote.sync.ballot.b32 %r8, %p0, 0xffffffff;",
            "setp.lt.u32 %p0, %r5, 16; /*!*/ vote.sync.ballot.b32 %r8, %p0, 0x7fffffff;");
        yield return new("a warp leaves before the barrier", EmulatorFaultKind.BarrierMisuse,
            "bar.sync 0; setp.eq.u32 %p0, %r4, 1; @%p0 exit;",
            "setp.eq.u32 %p0, %r4, 1; @%p0 exit; /*!*/ bar.sync 0;");
        yield return new("barrier for an odd number of threads", EmulatorFaultKind.BarrierMisuse,
            "bar.sync 1, 64;", "/*!*/ bar.sync 1, 48;");
        yield return new("barrier with two counts", EmulatorFaultKind.BarrierMisuse,
            "bar.sync 3, 96;", "setp.eq.u32 %p1, %r4, 1; selp.u32 %r8, 64, 96, %p1; /*!*/ bar.sync 3, %r8;",
            Block: 96);
        yield return new("barrier number out of range", EmulatorFaultKind.BarrierMisuse,
            "mov.u32 %r8, 15; bar.sync %r8;", "mov.u32 %r8, 16; /*!*/ bar.sync %r8;");
        yield return new("two barriers that wait for each other", EmulatorFaultKind.Deadlock,
            "add.u32 %r8, %r4, 1; bar.sync %r8, 32;", "add.u32 %r8, %r4, 1; /*!*/ bar.sync %r8, 64;");
        yield return new("a barrier and a reduction on one number", EmulatorFaultKind.BarrierMisuse,
            "setp.eq.u32 %p0, %r4, 0; bar.red.popc.u32 %r8, 1, %p0;",
            "setp.eq.u32 %p0, %r4, 0; @%p0 bra A; bar.red.popc.u32 %r8, 1, %p0; bra E; A: bar.sync 1; E:");
        yield return new("a warp leaves before a barrier with a count", EmulatorFaultKind.Deadlock,
            "setp.eq.u32 %p0, %r4, 1; @%p0 exit; bar.sync 1, 32;",
            "setp.eq.u32 %p0, %r4, 1; @%p0 exit; /*!*/ bar.sync 1, 64;");
        yield return new("lanes that disagree on the barrier", EmulatorFaultKind.BarrierMisuse,
            "and.b32 %r8, %r4, 1; bar.sync %r8, 32;", "and.b32 %r8, %r0, 1; /*!*/ bar.sync %r8, 32;");
        yield return new("vote with lanes that have left", EmulatorFaultKind.MemberMask,
            "setp.lt.u32 %p0, %r5, 16; @%p0 exit; vote.sync.ballot.b32 %r8, %p0, 0xffff0000;",
            "setp.lt.u32 %p0, %r5, 16; @%p0 exit; /*!*/ vote.sync.ballot.b32 %r8, %p0, 0xffffffff;");
        yield return new("warp barrier with lanes that are elsewhere", EmulatorFaultKind.MemberMask,
            "setp.lt.u32 %p0, %r5, 16; @%p0 bra L; bar.warp.sync 0xffff0000; L:",
            "setp.lt.u32 %p0, %r5, 16; @%p0 bra L; /*!*/ bar.warp.sync 0xffffffff; L:");
        yield return new("atomic past the end", EmulatorFaultKind.GlobalOutOfBounds,
            "red.global.add.u32 [%rd0+4092], %r0;", "/*!*/ red.global.add.u32 [%rd0+4096], %r0;");
        yield return new("misaligned atomic", EmulatorFaultKind.MisalignedAddress,
            "atom.global.add.u32 %r8, [%rd0+4], %r0;", "/*!*/ atom.global.add.u32 %r8, [%rd0+2], %r0;");
        yield return new("atomic on shared memory that nothing has written", EmulatorFaultKind.UninitializedShared,
            "st.shared.u32 [%r3], %r0; red.shared.add.u32 [%r3], %r0;", "/*!*/ red.shared.add.u32 [%r3], %r0;");
        yield return new("misaligned copy", EmulatorFaultKind.MisalignedAddress,
            "cp.async.ca.shared.global [%r3], [%rd2], 4; cp.async.wait_all;",
            "/*!*/ cp.async.cg.shared.global [%r3], [%rd3], 16; cp.async.wait_all;");
        yield return new("two copies to one place in flight", EmulatorFaultKind.AsyncCopyInFlight,
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.wait_all; cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.wait_all;",
            "cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.commit_group; /*!*/ cp.async.cg.shared.global [%r7], [%rd3], 16; cp.async.wait_all;");
        yield return new("a matrix stored over what others read", EmulatorFaultKind.SharedRace,
            "st.shared.v4.u32 [%r7], {%r0,%r0,%r0,%r0}; bar.sync 0; xor.b32 %r8, %r7, 512; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r9,%r10,%r11,%r12}, [%r8]; bar.sync 0; st.shared.v4.u32 [%r7], {%r9,%r10,%r11,%r12};",
            "st.shared.v4.u32 [%r7], {%r0,%r0,%r0,%r0}; bar.sync 0; xor.b32 %r8, %r7, 512; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r9,%r10,%r11,%r12}, [%r8]; st.shared.v4.u32 [%r7], {%r9,%r10,%r11,%r12};");
        yield return new("spin on a flag that nobody sets", EmulatorFaultKind.Livelock,
            "mov.u32 %r8, 1; st.volatile.global.u32 [%rd2], %r8; L: ld.volatile.global.u32 %r9, [%rd2]; setp.eq.u32 %p0, %r9, 1; @!%p0 bra L;",
            "L: ld.volatile.global.u32 %r9, [%rd2]; setp.eq.u32 %p0, %r9, 12345; @!%p0 bra L;");
        yield return new("division by zero", EmulatorFaultKind.DivisionByZero,
            "add.u32 %r8, %r0, 1; div.u32 %r9, %r0, %r8;", "/*!*/ rem.s32 %r9, %r0, %r0;");
        yield return new("trap", EmulatorFaultKind.Trap,
            "setp.gt.u32 %p0, %r0, 1000; @%p0 trap;", "setp.eq.u32 %p0, %r0, 40; /*!*/ @%p0 trap;");
        yield return new("write to the parameters", EmulatorFaultKind.ParameterOutOfBounds,
            "mov.b64 %rd4, p; cvta.param.u64 %rd4, %rd4; ld.u64 %rd5, [%rd4];",
            "mov.b64 %rd4, p; cvta.param.u64 %rd4, %rd4; /*!*/ st.u32 [%rd4], %r0;");
        yield return new("parameters past the end", EmulatorFaultKind.ParameterOutOfBounds,
            "ld.param.u32 %r8, [p+4];", "/*!*/ ld.param.u32 %r8, [p+8];");
        yield return new("generic access to no memory", EmulatorFaultKind.SharedOutOfBounds,
            "cvt.u64.u32 %rd4, %r3; cvta.shared.u64 %rd4, %rd4; st.u32 [%rd4], %r0; ld.u32 %r8, [%rd4];",
            "cvt.u64.u32 %rd4, %r3; cvta.shared.u64 %rd4, %rd4; /*!*/ st.u32 [%rd4+1024], %r0;");
        yield return new("local memory past the end", EmulatorFaultKind.LocalOutOfBounds,
            ".local .align 4 .b8 l[16]; st.local.u32 [l+12], %r0; ld.local.u32 %r8, [l+12];",
            ".local .align 4 .b8 l[16]; /*!*/ st.local.u32 [l+16], %r0;");
    }

    [TestCaseSource(nameof(Plants))]
    public void The_broken_form_is_reported(Plant plant)
    {
        foreach (EmulatorOptions way in _ways)
        {
            EmulatorFault? fault = Run(plant.Broken, plant, way);
            Assert.That(fault, Is.Not.Null, $"{way.Order} {way.AsyncCopies} {way.Seed}");
            Assert.That(fault!.Kind, Is.EqualTo(plant.Kind), fault.ToString());
            Assert.That(fault.Kernel, Is.EqualTo("k"));
            Assert.That(fault.Warp, Is.GreaterThanOrEqualTo(0));
            Assert.That(fault.Lanes, Is.Not.Zero);
            Assert.That(fault.WarpStates, Has.Count.EqualTo((int)plant.Block / 32));
            string text = Kernel(plant.Broken);
            int mark = text.IndexOf(Mark, StringComparison.Ordinal);
            if (mark >= 0)
            {
                int line = text.AsSpan(0, mark).Count('\n') + 1;
                Assert.That(fault.Line, Is.EqualTo(line), fault.ToString());
                string statement = text[(mark + Mark.Length)..text.IndexOf(';', mark)].Trim() + ";";
                Assert.That(fault.Statement, Is.EqualTo(statement), fault.ToString());
            }
            Assert.That(fault.ToString(), Does.Contain($"test.ptx({fault.Line})").And.Contain(fault.Message));
        }
    }

    [TestCaseSource(nameof(Plants))]
    public void The_correct_form_passes(Plant plant)
    {
        foreach (EmulatorOptions way in _ways)
        {
            EmulatorFault? fault = Run(plant.Correct, plant, way);
            Assert.That(fault, Is.Null, $"{way.Order} {way.AsyncCopies} {way.Seed}: {fault}");
        }
    }

    private static EmulatorFault? Run(string body, Plant plant, EmulatorOptions options)
    {
        using PtxMachine machine = new(Kernel(body), options);
        ulong p = machine.Upload<byte>(new byte[4096]);
        return machine.Launch(plant.Grid, plant.Block, plant.Shared, p);
    }

    [Test]
    public void Every_warp_of_the_block_is_described()
    {
        const string body = "setp.eq.u32 %p0, %r4, 0;\n@%p0 exit;\nsetp.eq.u32 %p0, %r4, 1;\n@%p0 bra A;\n"
            + "setp.eq.u32 %p0, %r4, 2;\n@%p0 bra B;\nbar.sync 3, 64;\nbra E;\nA: bar.sync 2, 64;\nbra E;\nB: trap;\nE:";
        using PtxMachine machine = new(Kernel(body), EmulatorOptions.Default with { Threads = 1, Order = WarpOrder.Reverse });
        EmulatorFault? fault = machine.Launch(1, 128, 1024, machine.Upload<byte>(new byte[4096]));
        int line = fault!.Line;
        Assert.That(fault.Kind, Is.EqualTo(EmulatorFaultKind.Trap));
        Assert.That(fault.WarpStates[3], Is.EqualTo($"warp 3: waits at barrier 3, line {line - 4}"));
        Assert.That(fault.WarpStates[2], Is.EqualTo($"warp 2: at line {line}, 32 of 32 live lanes"));
        Assert.That(fault.WarpStates[0], Does.StartWith("warp 0: in the basic block at line"));
    }

    [Test]
    public void Use_after_free_is_reported()
    {
        using PtxMachine machine = new(Kernel("ld.global.u32 %r8, [%rd2];"));
        ulong p = machine.Upload<byte>(new byte[4096]);
        Assert.That(machine.Launch(1, 64, 1024, p), Is.Null);
        Assert.That(machine.Memory.TryFree(p, out _), Is.True);
        EmulatorFault? fault = machine.Launch(1, 64, 1024, p);
        Assert.That(fault?.Kind, Is.EqualTo(EmulatorFaultKind.UseAfterFree));
        Assert.That(fault!.Message, Does.Contain("inside the freed 4,096-byte allocation"));
        Assert.That(fault.Address, Is.EqualTo(p));
    }

    [Test]
    public void Uninitialised_global_memory_is_reported_to_the_byte()
    {
        using PtxMachine machine =
            new(Kernel(
                "cvt.u16.u32 %rs0, %r0; shl.b32 %r8, %r0, 1; cvt.u64.u32 %rd4, %r8; add.u64 %rd4, %rd4, %rd0; setp.eq.u32 %p0, %r0, 63; @%p0 bra L; st.global.u16 [%rd4], %rs0; L:"));
        ulong p = machine.Allocate(4096);
        Assert.That(machine.Launch(1, 64, 1024, p), Is.Null);
        Assert.That((machine.Memory.IsInitialized(p, 126), machine.Memory.IsInitialized(p, 127)),
            Is.EqualTo((true, false)));
        using PtxMachine reader = new(Kernel("ld.global.u32 %r8, [%rd2];"));
        ulong q = reader.Allocate(4096);
        reader.Memory.MarkInitialized(q, 254);
        EmulatorFault? fault = reader.Launch(1, 64, 1024, q);
        Assert.That((fault?.Kind, fault?.Warp, fault?.Lanes, fault?.Address),
            Is.EqualTo((EmulatorFaultKind.UninitializedGlobal, 1, 1u << 31, q + 252)));
        reader.Options =
            reader.Options with { Checks = EmulatorChecks.All & ~EmulatorChecks.GlobalInitialization };
        Assert.That(reader.Launch(1, 64, 1024, q), Is.Null);
    }

    [TestCase(1025u, 1u, 1u, 0, "a block of 1025 x 1 x 1 threads")]
    [TestCase(0u, 1u, 1u, 0, "a block of 0 x 1 x 1 threads")]
    [TestCase(64u, 1u, 1u, 163 * 1024 + 1, "dynamic bytes of shared memory; sm_80 has 166,912")]
    [TestCase(64u, 1u, 1u, -1, "-1 dynamic bytes")]
    public void Launches_that_cannot_be_are_refused(uint x, uint y, uint z, int shared, string message)
    {
        using PtxMachine machine = new(Kernel(""));
        EmulatorFault? fault = machine.Launch((1, 1, 1), (x, y, z), shared, null, 0ul);
        Assert.That(fault?.Kind, Is.EqualTo(EmulatorFaultKind.LaunchMisuse));
        Assert.That(fault!.Message, Does.Contain(message));
    }

    [Test]
    public void A_block_larger_than_maxntid_is_refused()
    {
        using PtxMachine machine =
            new(Kernel("").Replace("u64 p)\n", "u64 p)\n.maxntid 64, 1, 1\n", StringComparison.Ordinal));
        Assert.That(machine.Launch(1, 64, 0, 0ul), Is.Null);
        EmulatorFault? fault = machine.Launch(1, 65, 0, 0ul);
        Assert.That((fault?.Kind, fault?.Message), Is.EqualTo(
            (EmulatorFaultKind.LaunchMisuse, "a block of 65 threads; .maxntid of the kernel says 64")));
    }

    [Test]
    public void A_parameter_block_of_another_size_is_refused()
    {
        using PtxMachine machine = new(Kernel(""));
        EmulatorFault? fault = KernelRunner.Run(
            machine.Memory,
            new LaunchRequest(machine.Module.Kernels[0], (1, 1, 1), (32, 1, 1), 0, new byte[12]),
            machine.Options, null);
        Assert.That(fault?.Message, Is.EqualTo("12 bytes of parameters; the kernel takes 8"));
    }

    [Test]
    public void An_instruction_limit_ends_a_launch()
    {
        using PtxMachine machine = new(Kernel("L: st.global.u32 [%rd2], %r0; bra L;"));
        machine.Options = machine.Options with { InstructionLimit = 100_000 };
        EmulatorFault? fault = machine.Launch(1, 64, 1024, machine.Upload<byte>(new byte[4096]));
        Assert.That(fault?.Kind, Is.EqualTo(EmulatorFaultKind.InstructionLimit));
    }
}
