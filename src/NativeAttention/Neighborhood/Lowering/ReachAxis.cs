namespace NativeAttention.Neighborhood;

/// <summary>
/// Keys that lie at most so far before and after a query, or after and before the block that it is in, cut at
/// the borders.
/// </summary>
internal sealed record ReachAxis(int Left, int Right, int Block = 1) : AxisPattern
{
    public override int Window => (int)Math.Min(int.MaxValue, (long)Left + Block + Right);

    public override string? Broken(int queries, int keys) =>
        Left < 0 || Right < 0 ? $"the reach is {Math.Min(Left, Right)}: it must be 0 or more"
        : queries != keys ? $"queries have extent {queries} and keys {keys}: the pattern needs one map for both"
        : DividedAxis.Misfit(Block, keys);

    public override AxisIntervals Lower(int queries, int keys) => AxisIntervals.Create(queries, keys, i =>
    {
        long block = (long)i / Block * Block;
        return ((int)Math.Max(block - Left, 0), (int)Math.Min(block + Block + Right, keys));
    });
}
