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
