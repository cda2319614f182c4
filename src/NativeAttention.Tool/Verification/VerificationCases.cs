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
        (kernel.HeadDim is { } dim ? [dim] : FreeHeadDims)
            .SelectMany(d => quick ? Quick(d) : [.. Quick(d), .. More(d)]);

    /// <summary>The problem of the demonstration.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="emulated">Whether it runs on the emulator, where every instruction is
    /// interpreted.</param>
    public static VerificationCase Demonstration(KernelReport kernel, bool emulated)
    {
        int dim = kernel.HeadDim ?? FreeHeadDims[0];
        return emulated
            ? new("demo", new(1, 200, 256, 4, 2, dim), AttentionMask.Causal)
            : new("demo", new(1, 512, 512, 8, 2, dim), AttentionMask.Causal);
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
