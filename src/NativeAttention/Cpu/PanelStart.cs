namespace NativeAttention.Cpu;

/// <summary>What a panel product does with the result that it finds.</summary>
internal enum PanelStart
{
    /// <summary>Forgets it: c = a b.</summary>
    Zero,

    /// <summary>Adds to it: c += a b.</summary>
    Keep,

    /// <summary>Adds to what it was times a factor per lane: c = factor c + a b.</summary>
    Rescale,
}

/// <summary>How a panel product begins.</summary>
internal static class PanelStarts
{
    /// <summary>The same, but for what is kept: that is rescaled where the softmax says so.</summary>
    public static PanelStart RescaledIf(this PanelStart start, bool rescale) =>
        rescale && start == PanelStart.Keep ? PanelStart.Rescale : start;
}
