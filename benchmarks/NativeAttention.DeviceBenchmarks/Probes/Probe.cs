namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>What is known of one probe kernel (native/kernels/probe).</summary>
/// <param name="Name">Name of module and entry.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block.</param>
/// <param name="BlocksPerSm">Blocks that fill a multiprocessor.</param>
/// <param name="WorkPerBlock">Operations, or bytes read, of a block in an iteration.</param>
internal sealed record Probe(string Name, int Threads, int SharedBytes, int BlocksPerSm, double WorkPerBlock)
{
    private const int Warps = 8;
    private const int WarpProducts = 16; // of an iteration
    private const int GroupProducts = 16; // of an iteration, 2 warpgroups

    /// <summary>Matrix products out of registers by mma.sync: m16n8k16, or m16n8k8 of float32.</summary>
    public static Probe Matmul(string dtype) => new($"na_probe_matmul_{dtype}_sm80", Warps * 32, 0, 2,
        Warps * WarpProducts * (2.0 * 16 * 8 * (dtype == "f32" ? 8 : 16)));

    /// <summary>Matrix products of warpgroups, m64n256k16; compute capability 9.0 only.</summary>
    public static Probe Wgmma(string dtype) => new($"na_probe_wgmma_{dtype}_sm90a", Warps * 32, 48 * 1024, 1,
        2 * GroupProducts * (2.0 * 64 * 256 * 16));

    /// <summary>float32 fused multiply-adds.</summary>
    public static Probe Fma { get; } = new("na_probe_fma_f32_sm80", 256, 0, 8, 256 * 64 * 2.0);

    /// <summary>Reads from end to end.</summary>
    public static Probe Read { get; } = new("na_probe_read_sm80", 256, 0, 4, 256 * 8 * 16.0);

    /// <summary>Nothing.</summary>
    public static Probe Empty { get; } = new("na_probe_empty_sm80", 32, 0, 1, 0);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Probe> All { get; } =
        [Matmul("f16"), Matmul("bf16"), Matmul("f32"), Wgmma("f16"), Wgmma("bf16"), Fma, Read, Empty];
}
