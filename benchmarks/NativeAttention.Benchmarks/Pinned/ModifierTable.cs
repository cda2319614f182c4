using NativeAttention.Benchmarks.Cases;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>Every modifier of dense attention on the CPU, in two lengths and two head dims.</summary>
internal static class ModifierTable
{
    private const int Heads = 8;
    private const int ShortLength = 1024;

    /// <summary>The cases, in the order of results.</summary>
    public static IReadOnlyList<BenchCase> Cases { get; } =
    [
        .. from length in (int[])[ShortLength, 4096]
           from dim in (int[])[64, 128]
           from @case in Of(BenchDevice.Cpu, ElementType.Float32, Heads, length, dim)
           select @case,
        .. Of(BenchDevice.Cpu, ElementType.Float16, Heads, ShortLength, headDim: 64),
    ];

    /// <summary>The cases, each on one thread.</summary>
    public static IReadOnlyList<BenchCase> OnOneThread { get; } = [.. Cases.Select(c => c with { Threads = 1 })];

    /// <summary>Every modifier that fits into the length.</summary>
    public static IEnumerable<BenchCase> Of(
        BenchDevice device, ElementType type, int heads, int length, int headDim) =>
        from modifier in Modifiers.All
        where !(modifier.WindowKeys >= length)
        // As many tokens in two sequences, so that one can be shorter.
        let sequences = modifier == Modifiers.Packed ? 2 : 1
        select new BenchCase
        {
            Device = device,
            Type = type,
            Shape = new AttentionShape(sequences, length / sequences, length / sequences, heads, heads, headDim),
            Mask = modifier == Modifiers.Prefix ? AttentionMask.Causal : AttentionMask.None,
            Modifier = modifier,
        };
}
