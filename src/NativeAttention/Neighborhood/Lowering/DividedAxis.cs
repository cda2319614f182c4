namespace NativeAttention.Neighborhood;

/// <summary>An axis on maps of whole blocks only.</summary>
internal sealed record DividedAxis(AxisPattern Inner, int Block) : AxisPattern
{
    public override int Window => Inner.Window;

    public override int Dilation => Inner.Dilation;

    public override string? Broken(int queries, int keys) => Misfit(Block, keys) ?? Inner.Broken(queries, keys);

    public override AxisPattern Clamped(int keys) => this with { Inner = Inner.Clamped(keys) };

    public override AxisIntervals Lower(int queries, int keys) => Inner.Lower(queries, keys);

    /// <summary>Why blocks do not fill an extent; null when they do.</summary>
    public static string? Misfit(int block, int extent) =>
        block < 1 ? $"the block is {block}: it must be 1 or more"
        : extent % block != 0 ? $"the block is {block} and the extent {extent}: the block must divide it"
        : null;
}
