namespace NativeAttention.Emulation.Tests;

/// <summary>PTX around the body of a test kernel for sm_90a, and every way in which it must behave the
/// same.</summary>
internal static class HopperKernel
{
    /// <summary>The marker of the statement that a report must name.</summary>
    public const string Mark = "/*!*/";

    public static EmulatorOptions Options { get; } =
        EmulatorOptions.Default with { Target = "sm_90a", Threads = 1, LivelockLimit = 200_000 };

    /// <summary>Every order of warps, with asynchronous work early and late.</summary>
    public static IReadOnlyList<EmulatorOptions> Ways { get; } =
    [
        .. from order in new[] { WarpOrder.RoundRobin, WarpOrder.Reverse, WarpOrder.Random }
           from copies in new[] { AsyncCopyMode.Early, AsyncCopyMode.Late }
           from seed in order == WarpOrder.Random ? new[] { 1, 2, 3, 4 } : [1]
           select Options with { Order = order, AsyncCopies = copies, Seed = seed },
        Options with { Threads = 2 },
    ];

    /// <summary>The same as arguments of a test, with short names.</summary>
    public static IEnumerable<TestCaseData> WayCases =>
        Ways.Select(w => new TestCaseData(w).SetArgDisplayNames($"{w.Order} {w.AsyncCopies} seed {w.Seed}"));

    /// <summary>
    /// A kernel with parameters p (a pointer) and q (a pointer). %r0 is the thread, %r1 the shared array s,
    /// aligned to 1024 bytes; %r2 the lane, %r3 the warp; %rd0 is p, %rd1 is q; %p0 is true for thread 0.
    /// </summary>
    public static string Wrap(string body, string parameters = ".param .u64 p, .param .u64 q")
    {
        return ".version 8.4\n.target sm_90a\n.address_size 64\n.extern .shared .align 1024 .b8 s[];\n"
            + $".visible .entry k({parameters})\n{{\n"
            + ".reg .pred %p<8>; .reg .b16 %rs<4>; .reg .b32 %r<32>; .reg .b64 %rd<16>; .reg .f32 %f<8>;\n"
            + "mov.u32 %r0, %tid.x; mov.u32 %r1, s; and.b32 %r2, %r0, 31; shr.u32 %r3, %r0, 5;\n"
            + "ld.param.u64 %rd0, [p]; ld.param.u64 %rd1, [q]; setp.eq.u32 %p0, %r0, 0;\n"
            + body + "\nret;\n}\n";
    }

    /// <summary>Line of the marked statement.</summary>
    public static int LineOfMark(string ptx)
    {
        int at = ptx.IndexOf(Mark, StringComparison.Ordinal);
        return ptx.AsSpan(0, at).Count('\n') + 1;
    }
}
