namespace NativeAttention.Neighborhood;

/// <summary>The band of a dense mask along the one axis of a sequence: dense attention is a map, too.</summary>
internal sealed record BandAxis(KeyBand Band) : AxisPattern
{
    public override int Window => int.MaxValue;

    public override string? Broken(int queries, int keys) => null;

    public override AxisIntervals Lower(int queries, int keys) => AxisIntervals.Create(queries, keys, i =>
        ((int)Math.Clamp(i + Band.Left, 0, keys), (int)Math.Clamp(i + Band.Right + 1, 0, keys)));
}
