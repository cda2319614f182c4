namespace NativeAttention.Neighborhood;

/// <summary>A window around the leader of each stride group: sections 2 and 3 of the generalized form.</summary>
internal sealed record WindowAxis(NeighborhoodAxis Axis) : AxisPattern
{
    public override int Window => Axis.Window;

    public override int Dilation => Axis.Dilation;

    public override string? Broken(int queries, int keys) =>
        Axis.Window < 1 ? $"the window is {Axis.Window}: it must be 1 or more"
        : Axis.Dilation < 1 ? $"the dilation is {Axis.Dilation}: it must be 1 or more"
        : Axis.Stride < 1 || Axis.Stride > Axis.Window
            ? $"the stride is {Axis.Stride}: it must lie between 1 and the window, which is {Axis.Window}, or some "
                + "keys would have no query"
        : !Enum.IsDefined(Axis.Edge)
            ? $"the edge mode is {(int)Axis.Edge}: it must be {nameof(EdgeMode.Shift)}, {nameof(EdgeMode.Clip)} or "
                + nameof(EdgeMode.Wrap)
        : (long)Axis.Window * Axis.Dilation > keys
            ? $"window {Axis.Window} times dilation {Axis.Dilation} is {(long)Axis.Window * Axis.Dilation}, more than "
                + $"the extent {keys}: make it smaller, or set {nameof(NeighborhoodOptions)}."
                + $"{nameof(NeighborhoodOptions.ClampWindow)}"
        : queries != keys && Axis.Dilation != 1
            ? $"the dilation is {Axis.Dilation} where queries have extent {queries} and keys {keys}: two different "
                + "maps need dilation 1"
        : null;

    // A dilation beyond the extent leaves no window to cut, and stays to be refused.
    public override AxisPattern Clamped(int keys)
    {
        int most = Axis.Dilation < 1 ? 0 : keys / Axis.Dilation;
        return most < 1 || Axis.Window <= most ? this : new WindowAxis(
            Axis with { Window = most, Stride = Math.Min(Axis.Stride, most) });
    }

    public override AxisIntervals Lower(int queries, int keys) =>
        AxisIntervals.Create(queries, keys, i => Keys(Beside(i, queries, keys), keys), Axis.Edge == EdgeMode.Wrap);

    // The key that stands where query i stands: i itself, unless the two maps differ.
    private static int Beside(int i, int queries, int keys) => queries == keys
        ? i
        : (int)Math.Min(((2L * i) + 1) * keys / (2L * queries), keys - 1);

    private (int Begin, int End) Keys(int i, int keys)
    {
        int window = Axis.Window, left = window / 2, right = window - 1 - left;
        int group = i / Axis.Stride * Axis.Stride;
        if (Axis.Causal)
        {
            int last = Math.Min(group + Axis.Stride - 1, keys - 1);
            int begin = last - window + 1;
            return (Axis.Edge == EdgeMode.Wrap ? begin : Math.Max(begin, 0), i + 1);
        }

        int middle = Math.Min(group + (Axis.Stride / 2), keys - 1);
        return Axis.Edge switch
        {
            EdgeMode.Clip => (Math.Max(middle - left, 0), Math.Min(middle + right + 1, keys)),
            EdgeMode.Wrap => (middle - left, middle + right + 1),
            _ => Shifted(Math.Clamp(middle - left, 0, keys - window), window),
        };
    }

    private static (int Begin, int End) Shifted(int begin, int window) => (begin, begin + window);
}
