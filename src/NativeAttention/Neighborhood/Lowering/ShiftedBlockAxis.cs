namespace NativeAttention.Neighborhood;

/// <summary>
/// Blocks whose boundaries are moved by a shift: 0, shift, shift + block, ... A query sees its block. What Swin
/// (arXiv 2103.14030) reaches by rolling the map and masking regions, without rolling anything.
/// </summary>
internal sealed record ShiftedBlockAxis(int Block, int Shift) : AxisPattern
{
    public override int Window => Block;

    public override string? Broken(int queries, int keys) =>
        DividedAxis.Misfit(Block, keys) is string misfit ? misfit
        : Shift < 0 || Shift >= Block
            ? $"the shift is {Shift}: it must lie between 0 and the block less one, which is {Block - 1}"
        : queries != keys ? $"queries have extent {queries} and keys {keys}: blocks need one map for both"
        : null;

    public override AxisIntervals Lower(int queries, int keys) => AxisIntervals.Create(queries, keys, i =>
    {
        int begin = i < Shift ? Shift - Block : ((i - Shift) / Block * Block) + Shift;
        return (Math.Max(begin, 0), Math.Min(begin + Block, keys));
    });
}
