using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Verification;

/// <summary>Which problems a kernel is checked on: awkward ones, small enough for the emulator.</summary>
internal static class VerificationCases
{
    // Kernels without a head dim of their own (the CPU's) are checked at these.
    private static readonly int[] FreeHeadDims = [64, 128];

    /// <summary>The problems for a kernel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="quick">Only the first two per head dim.</param>
    public static IEnumerable<VerificationCase> For(KernelReport kernel, bool quick) =>
        (kernel.HeadDim is { } dim ? [dim] : FreeHeadDims).SelectMany(d =>
            (kernel.IsMap ? Maps(d) : kernel.IsBackward ? Backward(d) : Quick(d).Concat(More(d)).Where(c => Fits(kernel, c)))
                .Take(quick ? 2 : int.MaxValue));

    private static bool Fits(KernelReport kernel, VerificationCase problem) =>
        kernel.Modifiers is not { } modified || modified == problem.Modifiers is not null;

    /// <summary>The problem of the demonstration.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="emulated">Whether it runs on the emulator, where every instruction is
    /// interpreted.</param>
    public static VerificationCase Demonstration(KernelReport kernel, bool emulated)
    {
        int dim = kernel.HeadDim ?? FreeHeadDims[0];
        if (kernel.IsMap)
        {
            return emulated
                ? Map("demo", new(1, 1, 1, 4, 2, dim), new(24, 24), 7, 7)
                : Map("demo", new(1, 1, 1, 8, 2, dim), new(48, 48), 7, 7);
        }

        if (kernel.IsBackward)
        {
            return emulated ? Backward(dim)[0] with { Name = "demo" }
                : new("demo", new(1, 256, 256, 8, 2, dim), AttentionMask.Causal);
        }

        VerificationCase problem = emulated
            ? new("demo", new(1, 200, 256, 4, 2, dim), AttentionMask.Causal)
            : new("demo", new(1, 512, 512, 8, 2, dim), AttentionMask.Causal);
        return kernel.Modifiers is true
            ? problem with { Mask = AttentionMask.None, Modifiers = new() { SoftCap = 30 } }
            : problem;
    }

    // The first two are off every tile size, and the second has unaligned head dims.
    private static VerificationCase[] Maps(int d) =>
    [
        Map("grouped heads", new(1, 1, 1, 2, 1, d), new(13, 21), 7, 5),
        Map("odd head dims, dilation", new(2, 1, 1, 1, 1, d - 3, d - 1), new(11, 19), new(3, Dilation: 3), new(4, 2, 2)),
        Map("line, causal", new(1, 1, 1, 2, 2, d), new(201), new NeighborhoodAxis(70, Causal: true)),
        Map("volume, strides", new(1, 1, 1, 2, 1, d, d - 8), new(5, 9, 17), 3, new(4, 3), new(9, 8)),
        Map("causal on one axis, negative scale", new(1, 1, 1, 4, 2, d), new(9, 10), new(5, Causal: true), 6) with
        {
            Scale = -0.25f,
        },
        Map("window of the map", new(1, 1, 1, 1, 1, d), new(8, 12), 8, 12),
        Map("window of one", new(1, 1, 1, 1, 1, d), new(4, 5), 1, 1),
        Map("extra keys", new(2, 1, 1, 2, 1, d), new MapPattern(new(6, 11), new(3, Dilation: 2), 5) { ExtraKeys = 70 }),
        Map("bias, strides", new(2, 1, 1, 4, 2, d, d - 8), new MapPattern(new(9, 7), new(4, 2), new(3, Dilation: 2))
        {
            ExtraKeys = 1,
            HasBias = true,
        }),
    ];

    // Small: gradients are seven products instead of two. The second has unaligned head dims.
    private static VerificationCase[] Backward(int d) =>
    [
        new("grouped heads, causal", new(1, 67, 75, 2, 1, d), AttentionMask.Causal),
        Map("map, dilation, odd head dims", new(1, 1, 1, 2, 1, d - 3, d - 1), new(7, 11), new(3, Dilation: 2), 5),
        new("rows without keys", new(1, 70, 33, 1, 1, d), AttentionMask.Causal, HeadsFirst: true),
        new("gradient of the log-sum-exp, top left", new(1, 20, 35, 2, 1, d, d - 8), AttentionMask.CausalTopLeft,
            Scale: -0.25f)
        {
            LseGradient = true,
        },
        Map("extra keys, bias, gradient of the log-sum-exp", new(2, 1, 1, 2, 1, d), new MapPattern(new(4, 7), 3, 5)
        {
            ExtraKeys = 9,
            HasBias = true,
        }) with
        {
            LseGradient = true,
        },
    ];

    private static VerificationCase Map(string name, AttentionShape shape, GridShape grid, params NeighborhoodAxis[] axes) =>
        Map(name, shape, new MapPattern(grid, axes));

    private static VerificationCase Map(string name, AttentionShape shape, MapPattern map)
    {
        int tokens = (int)map.Grid.Tokens;
        AttentionShape lengths = shape with { QueryLength = tokens, KeyLength = tokens + map.ExtraKeys };
        return new(name, lengths, AttentionMask.None) { Map = map };
    }

    // Both are off every tile size; the second also has unaligned head dims, which take another path through
    // memory.
    private static VerificationCase[] Quick(int d) =>
    [
        new("grouped heads", new(1, 33, 65, 2, 1, d), AttentionMask.None),
        new("odd head dims", new(2, 17, 70, 1, 1, d - 3, d - 1), AttentionMask.Causal, HeadsFirst: true),
    ];

    private static VerificationCase[] More(int d) =>
    [
        new("tile plus one", new(1, 129, 129, 1, 1, d), AttentionMask.Causal),
        new("many tiles", new(1, 300, 520, 2, 1, d), AttentionMask.Causal, HeadsFirst: true),
        new("rows without keys", new(1, 70, 33, 1, 1, d), AttentionMask.Causal),
        new("top left, negative scale", new(1, 20, 35, 4, 2, d, d - 8), AttentionMask.CausalTopLeft,
            Scale: -0.25f),
        new("one query", new(2, 1, 300, 2, 2, d), AttentionMask.Causal, HeadsFirst: true),
        new("no keys", new(1, 5, 0, 1, 1, d), AttentionMask.None),
        new("scale 0", new(1, 3, 7, 1, 1, d), AttentionMask.None, Scale: 0),
        new("window, soft cap", new(2, 70, 130, 2, 1, d), AttentionMask.None)
        {
            Modifiers = new() { Window = (20, 3), SoftCap = 1.5f, DiagonalOffset = 7 },
        },
        new("bias, mask", new(1, 67, 133, 4, 2, d), AttentionMask.None, HeadsFirst: true)
        {
            Modifiers = new() { Matrices = true },
        },
        new("slopes, sinks, weights, gates", new(2, 35, 99, 4, 2, d), AttentionMask.None)
        {
            Modifiers = new() { Vectors = true },
        },
        new("key lengths", new(3, 33, 101, 2, 2, d), AttentionMask.None)
        {
            Modifiers = new() { KeyLengths = true, Window = (40, 0) },
        },
    ];
}
